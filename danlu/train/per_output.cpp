#include "danlu/train/per_output.h"

#include <algorithm>

#include "danlu/base/error.h"

namespace danlu::internal {
namespace {

std::string quoted(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

}  // namespace

std::vector<std::optional<size_t>> places_for_outputs(const std::vector<std::string>& names,
                                                      const std::vector<std::string>& outputs,
                                                      const std::string& argument) {
  std::vector<std::optional<size_t>> places(outputs.size());
  const auto unnamed = static_cast<size_t>(std::count(names.begin(), names.end(), ""));
  if (unnamed == names.size()) {
    if (names.size() != outputs.size()) {
      throw ValueError({.where = "compile, " + argument,
                        .what = "The list does not fit the model's outputs",
                        .expected = std::to_string(outputs.size()) + " entries, one for each of " +
                                    quoted(outputs),
                        .received = std::to_string(names.size()) + " entries"});
    }
    for (size_t i = 0; i < places.size(); ++i) places[i] = i;
    return places;
  }
  if (unnamed > 0) {
    throw ValueError({.where = "compile, " + argument,
                      .what = "Some entries name an output and others do not",
                      .expected = "all with a name, or none"});
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const auto output = std::find(outputs.begin(), outputs.end(), names[i]);
    if (output == outputs.end()) {
      throw ValueError({.where = "compile, " + argument,
                        .what = "The model has no output of this name",
                        .expected = quoted(outputs),
                        .received = "\"" + names[i] + "\""});
    }
    std::optional<size_t>& place = places[static_cast<size_t>(output - outputs.begin())];
    if (place) {
      throw ValueError({.where = "compile, " + argument,
                        .what = "An output is named twice",
                        .received = "\"" + names[i] + "\""});
    }
    place = i;
  }
  return places;
}

}  // namespace danlu::internal
