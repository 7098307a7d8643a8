#include "cli/usage.h"

#include <algorithm>
#include <numeric>

namespace danlu::cli {
namespace {

/// Insertions, deletions and replacements that turn one text into the other.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name_hint(std::string_view name, const std::vector<std::string>& names) {
  const std::string* best = nullptr;
  size_t distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : names) {
    const size_t d = edit_distance(name, candidate);
    if (d >= distance) continue;
    distance = d;
    best = &candidate;
  }
  return best == nullptr ? "" : "did you mean '" + *best + "'?";
}

std::string one_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace danlu::cli
