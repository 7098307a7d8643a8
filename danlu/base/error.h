#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace danlu {

/// The parts of an error text. Every field is optional but `what`; the text reads
/// `[where] what. Expected expected. Received received. Hint: hint`.
struct ErrorParts {
  std::string where;     ///< op, layer, file or option, e.g. `Dense 'dense_1'`
  std::string what;      ///< what happened, without the final full stop
  std::string expected;  ///< what would have been right
  std::string received;  ///< what came instead
  std::string hint;      ///< how to mend it
};

/// Base of every error Danlu throws.
class Error : public std::runtime_error {
 public:
  explicit Error(ErrorParts parts);
  /// A template, because a braced list of two texts would also be a std::string.
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  explicit Error(const Text& what) : Error(ErrorParts{.what = std::string(what)}) {}

  const ErrorParts& parts() const { return parts_; }

 private:
  ErrorParts parts_;
};

/// Shapes, ranks or axes do not fit.
class ShapeError : public Error {
  using Error::Error;
};
/// The element types do not fit.
class DTypeError : public Error {
  using Error::Error;
};
/// An argument or a datum has a value outside its range.
class ValueError : public Error {
  using Error::Error;
};
/// An object is used before or after the state it must be in (unbuilt, uncompiled, traced …).
class StateError : public Error {
  using Error::Error;
};
/// A file, folder or stream cannot be read or written, or holds something else than it should.
class IoError : public Error {
  using Error::Error;
};
/// The request is meaningful but Danlu does not do it.
class UnsupportedError : public Error {
  using Error::Error;
};

/// Runs `body`; an Error it throws is thrown again, same type, with `where` put before its own
/// context (`[where > inner] …`), so that a failing op names the layer that called it.
template <class Body>
auto with_error_context(const std::string& where, Body&& body) -> decltype(body());

namespace internal {
/// Throws the current exception anew with `where` added. Call only inside a catch block.
[[noreturn]] void rethrow_with_context(const std::string& where);
}  // namespace internal

template <class Body>
auto with_error_context(const std::string& where, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error&) {
    internal::rethrow_with_context(where);
  }
}

}  // namespace danlu
