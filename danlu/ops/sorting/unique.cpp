#include <algorithm>
#include <numeric>
#include <string>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/sorting.h"

namespace danlu {
namespace {

/// One entry per distinct row, in ascending order.
struct Groups {
  std::vector<int32_t> first, count, of_row;
};

template <class T>
bool before(T a, T b) {
  return a < b || (a == a && b != b);
}

/// The groups of equal rows, `width` elements each.
template <class T>
Groups group_rows(const T* rows, int64_t count, int64_t width) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const auto row = [&](int32_t i) { return rows + i * width; };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::lexicographical_compare(row(a), row(a) + width, row(b), row(b) + width, before<T>);
  });
  Groups groups;
  groups.of_row.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const int32_t at = order[i];
    if (i == 0 || !std::equal(row(at), row(at) + width, row(order[i - 1]))) {
      groups.first.push_back(at);
      groups.count.push_back(0);
    }
    ++groups.count.back();
    groups.of_row[static_cast<size_t>(at)] = static_cast<int32_t>(groups.first.size()) - 1;
  }
  return groups;
}

void require_countable(int64_t count, const char* where) {
  if (count > std::numeric_limits<int32_t>::max()) {
    throw ShapeError({.where = where,
                      .what = "There are too many elements for int32 indices",
                      .expected = "at most 2147483647",
                      .received = std::to_string(count)});
  }
}

}  // namespace

UniqueResult unique(const Array& x, const UniqueOptions& options) {
  Array rows = reshape(x, Shape{x.size()});
  if (options.axis) {
    const int axis = normalize_axis(*options.axis, x.rank(), "unique");
    std::vector<int64_t> axes = {axis};
    for (int i = 0; i < x.rank(); ++i) {
      if (i != axis) axes.push_back(i);
    }
    rows = transpose(x, axes);
  }
  if (is_complex(x.dtype())) {
    throw DTypeError({.where = "unique",
                      .what = "Complex numbers have no order",
                      .expected = "a floating, integer or bool dtype",
                      .received = x.spec().to_string()});
  }
  if (options.size.value_or(0) < 0) {
    throw ValueError({.where = "unique",
                      .what = "The size is negative",
                      .expected = "a size of 0 or more",
                      .received = std::to_string(*options.size)});
  }
  const int64_t count = rows.shape()[0];
  require_countable(count, "unique");
  rows.eval();
  Groups groups = dispatch_real(rows.dtype(), [&](auto tag) {
    return group_rows(static_cast<const decltype(tag)*>(rows.data()), count,
                      count == 0 ? 1 : rows.size() / count);
  });
  const auto found = static_cast<int64_t>(groups.first.size());
  const int64_t size = options.size.value_or(found);
  groups.first.resize(static_cast<size_t>(size), 0);
  groups.count.resize(static_cast<size_t>(size), 0);
  UniqueResult result{.index = Array(groups.first), .counts = Array(groups.count)};
  const int64_t kept = std::min(found, size);
  std::vector<Array> parts;
  if (kept > 0 || size == 0) {
    parts.push_back(take(rows, slice(result.index, {0}, {kept}), 0));
  }
  if (size > kept) {
    parts.push_back(full(rows.shape().with_dim(0, size - kept), options.fill_value, rows.dtype()));
  }
  result.values = concatenate(parts, 0);
  result.inverse = Array(groups.of_row);
  if (!options.axis) {
    result.inverse = reshape(result.inverse, x.shape());
    return result;
  }
  std::vector<int64_t> back;
  const int axis = normalize_axis(*options.axis, x.rank(), "unique");
  for (int i = 0; i < x.rank(); ++i) back.push_back(i < axis ? i + 1 : i == axis ? 0 : i);
  result.values = transpose(result.values, back);
  return result;
}

std::vector<Array> nonzero(const Array& x) {
  require_countable(x.size(), "nonzero");
  x.eval();
  std::vector<std::vector<int32_t>> found(static_cast<size_t>(x.rank()));
  dispatch(x.dtype(), [&](auto tag) {
    const auto* values = static_cast<const decltype(tag)*>(x.data());
    for (int64_t i = 0; i < x.size(); ++i) {
      if (values[i] == decltype(tag)(0)) continue;
      int64_t rest = i;
      for (int axis = x.rank() - 1; axis >= 0; --axis) {
        found[static_cast<size_t>(axis)].push_back(static_cast<int32_t>(rest % x.shape()[axis]));
        rest /= x.shape()[axis];
      }
    }
  });
  return {found.begin(), found.end()};
}

Array argwhere(const Array& x) {
  if (x.rank() == 0) {
    return zeros(Shape{nonzero(reshape(x, Shape{1}))[0].size(), 0}, DType::int32);
  }
  return stack(nonzero(x), 1);
}

}  // namespace danlu
