#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

using Names = std::vector<std::string>;
using Lengths = std::map<std::string, int64_t>;

constexpr const char* kEllipsis = "...";

struct Pattern {
  std::string text;

  [[noreturn]] void fail(const std::string& what, const std::string& expected) const {
    throw ValueError(
        {.where = "rearrange", .what = what, .expected = expected, .received = "'" + text + "'"});
  }
};

/// One axis of the tensor: the names that it is the product of. An axis of length 1 has none.
struct Group {
  Names names;
  bool joined = false;  ///< stands in parentheses
};

std::vector<Group> parse(const Pattern& pattern, std::string_view side) {
  std::vector<Group> groups;
  bool inside = false;
  for (size_t i = 0; i < side.size();) {
    const auto is_word = [&](size_t at) {
      return at < side.size() &&
             (std::isalnum(static_cast<unsigned char>(side[at])) != 0 || side[at] == '_');
    };
    if (side[i] == ' ') {
      ++i;
    } else if (side[i] == '(' && !inside) {
      inside = true;
      groups.push_back({.joined = true});
      ++i;
    } else if (side[i] == ')' && inside) {
      inside = false;
      ++i;
    } else if (is_word(i) || side.substr(i, 3) == kEllipsis) {
      size_t end = i + 3;
      if (is_word(i)) {
        for (end = i; is_word(end);) ++end;
      }
      const std::string name(side.substr(i, end - i));
      if (!inside) groups.push_back({});
      if (name != "1") groups.back().names.push_back(name);
      i = end;
    } else {
      pattern.fail("The pattern has a character that does not belong there",
                   "names of axes, '1', '...' and parentheses that are not nested");
    }
  }
  if (inside) pattern.fail("A parenthesis is not closed", "')' behind every '('");
  return groups;
}

/// The names in their order. Errors: ValueError when one stands twice.
Names names_of(const Pattern& pattern, const std::vector<Group>& groups) {
  Names names;
  for (const Group& group : groups) {
    names.insert(names.end(), group.names.begin(), group.names.end());
  }
  Names sorted = names;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    pattern.fail("An axis is named twice", "each name once on either side");
  }
  return names;
}

/// `...` replaced by names for `count` axes.
std::vector<Group> expanded(const std::vector<Group>& groups, int64_t count) {
  std::vector<Group> result;
  for (const Group& group : groups) {
    Group now{.joined = group.joined};
    bool apart = false;
    for (const std::string& name : group.names) {
      if (name != kEllipsis) {
        now.names.push_back(name);
        continue;
      }
      apart = !group.joined;
      for (int64_t i = 0; i < count; ++i) now.names.push_back(kEllipsis + std::to_string(i));
    }
    if (!apart) {
      result.push_back(now);
      continue;
    }
    for (const std::string& name : now.names) result.push_back({.names = {name}});
  }
  return result;
}

[[noreturn]] void does_not_fit(const Pattern& pattern, const Array& tensor,
                               const std::string& expected) {
  throw ShapeError({.where = "rearrange",
                    .what = "The pattern '" + pattern.text + "' does not fit the tensor",
                    .expected = expected,
                    .received = tensor.shape().to_string()});
}

/// Finds the length that is not given of the names of an axis of `length` elements.
void solve(const Pattern& pattern, const Group& group, int64_t length, const Array& tensor,
           Lengths& lengths) {
  int64_t known = 1;
  const std::string* unknown = nullptr;
  for (const std::string& name : group.names) {
    if (const auto found = lengths.find(name); found != lengths.end()) {
      if (__builtin_mul_overflow(known, found->second, &known)) known = -1;
    } else if (unknown == nullptr) {
      unknown = &name;
    } else {
      pattern.fail("The lengths of '" + *unknown + "' and '" + name + "' are not known",
                   "axes_lengths with all but one of the axes in a parenthesis");
    }
  }
  if (unknown != nullptr && known > 0 && length % known == 0) {
    lengths[*unknown] = length / known;
  } else if (unknown != nullptr || known != length) {
    does_not_fit(pattern, tensor,
                 "an axis that is " + (unknown != nullptr ? std::string("a multiple of ") : "") +
                     std::to_string(known) + " long instead of " + std::to_string(length));
  }
}

Shape shape_of(const std::vector<Group>& groups, const Lengths& lengths) {
  std::vector<int64_t> dims;
  for (const Group& group : groups) {
    int64_t length = 1;
    for (const std::string& name : group.names) length *= lengths.at(name);
    dims.push_back(length);
  }
  return Shape(dims);
}

}  // namespace

Array rearrange(const Array& tensor, const std::string& text, const Lengths& axes_lengths) {
  const Pattern pattern{text};
  const size_t arrow = text.find("->");
  if (arrow == std::string::npos) {
    pattern.fail("The pattern has no two sides", "'axes of the tensor -> axes of the result'");
  }
  auto from = parse(pattern, std::string_view(text).substr(0, arrow));
  auto to = parse(pattern, std::string_view(text).substr(arrow + 2));
  const auto has_ellipsis = [](const Names& names) {
    return std::find(names.begin(), names.end(), kEllipsis) != names.end();
  };
  const int64_t spare = tensor.rank() - std::ssize(from);
  const bool open = has_ellipsis(names_of(pattern, from));
  if (open ? spare < -1 : spare != 0) {
    does_not_fit(pattern, tensor,
                 (open ? std::to_string(from.size() - 1) + " axes or more"
                       : std::to_string(from.size()) + " axes"));
  }
  from = expanded(from, spare + 1);
  to = expanded(to, spare + 1);
  const Names names = names_of(pattern, from), wanted = names_of(pattern, to);
  if (!std::is_permutation(names.begin(), names.end(), wanted.begin(), wanted.end())) {
    pattern.fail("The sides name different axes", "the same names on both sides");
  }
  Lengths lengths = axes_lengths;
  for (const auto& [name, length] : axes_lengths) {
    if (std::find(names.begin(), names.end(), name) == names.end() || length < 1) {
      pattern.fail("The length " + std::to_string(length) + " of '" + name + "' is of no use",
                   "lengths of 1 or more for axes of the pattern");
    }
  }
  for (size_t i = 0; i < from.size(); ++i) {
    solve(pattern, from[i], tensor.shape()[static_cast<int>(i)], tensor, lengths);
  }
  std::vector<int64_t> parts, order;
  for (const std::string& name : names) parts.push_back(lengths.at(name));
  for (const std::string& name : wanted) {
    order.push_back(std::find(names.begin(), names.end(), name) - names.begin());
  }
  Array result = reshape(tensor, Shape(parts));
  if (!std::is_sorted(order.begin(), order.end())) result = transpose(result, order);
  return reshape(result, shape_of(to, lengths));
}

}  // namespace danlu
