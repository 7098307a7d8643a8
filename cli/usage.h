#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "danlu/base/error.h"

namespace danlu::cli {

/// Exit statuses: the work failed; the command line cannot be carried out as it is given.
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

/// The command line asks for something that does not exist or cannot be done; nothing has run yet.
class UsageError : public Error {
  using Error::Error;
};

/// Runs a check of the command line; what it throws becomes a UsageError of the same text, with
/// `where` in front.
template <class Body>
auto checked(const std::string& where, Body&& body) -> decltype(body());

/// "did you mean 'cnn'?" when a name is close to one of `names`, else "".
std::string nearest_name_hint(std::string_view name, const std::vector<std::string>& names);
/// "a, b or c"
std::string one_of(const std::vector<std::string>& names);

template <class Body>
auto checked(const std::string& where, Body&& body) -> decltype(body()) {
  try {
    return with_error_context(where, body);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.parts());
  }
}

}  // namespace danlu::cli
