#include "danlu/base/error.h"

#include <utility>

namespace danlu {
namespace {

std::string sentence(const std::string& text) {
  const bool closed = text.ends_with('.') || text.ends_with('?') || text.ends_with('!');
  return closed ? text : text + ".";
}

std::string compose(const ErrorParts& parts) {
  std::string text;
  if (!parts.where.empty()) text += "[" + parts.where + "] ";
  text += sentence(parts.what);
  if (!parts.expected.empty()) text += " Expected " + sentence(parts.expected);
  if (!parts.received.empty()) text += " Received " + sentence(parts.received);
  if (!parts.hint.empty()) text += " Hint: " + sentence(parts.hint);
  return text;
}

template <class E>
[[noreturn]] void rethrow_as(const Error& error, const std::string& where) {
  ErrorParts parts = error.parts();
  parts.where = parts.where.empty() ? where : where + " > " + parts.where;
  throw E(std::move(parts));
}

}  // namespace

Error::Error(ErrorParts parts) : std::runtime_error(compose(parts)), parts_(std::move(parts)) {}

namespace internal {

void rethrow_with_context(const std::string& where) {
  try {
    throw;
  } catch (const ShapeError& e) {
    rethrow_as<ShapeError>(e, where);
  } catch (const DTypeError& e) {
    rethrow_as<DTypeError>(e, where);
  } catch (const ValueError& e) {
    rethrow_as<ValueError>(e, where);
  } catch (const StateError& e) {
    rethrow_as<StateError>(e, where);
  } catch (const IoError& e) {
    rethrow_as<IoError>(e, where);
  } catch (const UnsupportedError& e) {
    rethrow_as<UnsupportedError>(e, where);
  } catch (const Error& e) {
    rethrow_as<Error>(e, where);
  }
}

}  // namespace internal
}  // namespace danlu
