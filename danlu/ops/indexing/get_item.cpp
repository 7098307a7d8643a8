#include <algorithm>
#include <limits>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/unslice.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"

namespace danlu {
namespace {

constexpr const char* kWhere = "get_item";

/// An index in two steps: slices, then the elements that integers name.
struct Plan {
  SliceAttrs slices;  ///< of every axis of x
  /// The sliced Array as the second step sees it: numbers have lost their axes, new axes have
  /// come, and the axes that integers name stand together at `axis`.
  Shape laid_out;
  std::vector<int64_t> order;   ///< the permutation of `laid_out` that brings them together
  std::vector<Array> integers;  ///< broadcast when they are used; empty: slices only
  int axis = 0;
};

std::vector<Index> without_masks(const Shape& shape, const std::vector<Index>& list) {
  std::vector<Index> plain;
  // Where a mask lies depends on the places before it, or behind it after an ellipsis.
  const auto axes_of = [](const Index& index) {
    if (std::holds_alternative<NewAxis>(index.value())) return 0;
    if (std::holds_alternative<Ellipsis>(index.value())) return 0;
    const auto* array = std::get_if<Array>(&index.value());
    return array != nullptr && array->dtype() == DType::bool_ ? array->rank() : 1;
  };
  int total = 0, ellipses = 0;
  for (const Index& index : list) {
    total += axes_of(index);
    ellipses += std::holds_alternative<Ellipsis>(index.value());
  }
  if (total > shape.rank() || ellipses > 1) {
    throw ShapeError(
        {.where = kWhere,
         .what = ellipses > 1 ? "There is more than one ellipsis"
                              : "The index has more places than there are axes",
         .expected = "at most " + std::to_string(shape.rank()) +
                     " places and one ellipsis for shape " + shape.to_string(),
         .received = std::to_string(total) + " places, " + std::to_string(ellipses) + " ellipses"});
  }
  int axis = 0;
  const auto fill = [&] {
    for (int i = total; i < shape.rank(); ++i, ++axis) plain.emplace_back(Slice{});
  };
  for (const Index& index : list) {
    if (std::holds_alternative<Ellipsis>(index.value())) {
      fill();
      continue;
    }
    const auto* mask = std::get_if<Array>(&index.value());
    if (mask == nullptr || mask->dtype() != DType::bool_) {
      plain.push_back(index);
      axis += axes_of(index);
      continue;
    }
    const Shape covered(
        std::vector<int64_t>(shape.begin() + axis, shape.begin() + axis + mask->rank()));
    if (mask->rank() == 0 || mask->shape() != covered) {
      throw ShapeError({.where = kWhere,
                        .what = "The mask does not fit the axes it covers",
                        .expected = "the dimensions of " + shape.to_string() + " from axis " +
                                    std::to_string(axis),
                        .received = mask->shape().to_string()});
    }
    for (Array& part : nonzero(*mask)) plain.emplace_back(part);
    axis += mask->rank();
  }
  if (ellipses == 0) fill();
  return plain;
}

void add_slice(SliceAttrs& slices, const Slice& slice, int64_t length) {
  const int64_t step = std::clamp(slice.step.value_or(1), -length - 1, length + 1);
  if (step == 0) {
    throw ValueError({.where = kWhere,
                      .what = "The step is 0",
                      .expected = "a step other than 0",
                      .received = "0"});
  }
  const auto bounded = [&](int64_t place) {
    if (place < 0) place += length;
    return step > 0 ? std::clamp<int64_t>(place, 0, length)
                    : std::clamp<int64_t>(place, -1, length - 1);
  };
  const int64_t first = slice.start ? bounded(*slice.start) : step > 0 ? 0 : length - 1;
  const int64_t end = slice.stop ? bounded(*slice.stop) : step > 0 ? length : -1;
  const int64_t distance = step > 0 ? end - first : first - end;
  const int64_t size = distance > 0 ? (distance + std::abs(step) - 1) / std::abs(step) : 0;
  slices.start.push_back(size == 0 ? 0 : first);
  slices.size.push_back(size);
  slices.step.push_back(step);
}

int64_t checked_number(int64_t number, int64_t length, size_t axis) {
  if (number < -length || number >= length) {
    throw ValueError({.where = kWhere,
                      .what = "An index is out of range",
                      .expected = "an index from " + std::to_string(-length) + " to " +
                                  std::to_string(length - 1) + " of axis " + std::to_string(axis),
                      .received = std::to_string(number)});
  }
  return number < 0 ? number + length : number;
}

Plan plan_of(const Shape& shape, const std::vector<Index>& key) {
  const std::vector<Index> list = without_masks(shape, key);
  const bool advanced = std::any_of(list.begin(), list.end(), [](const Index& index) {
    return std::holds_alternative<Array>(index.value());
  });
  Plan plan;
  std::vector<int64_t> dims, named, others;
  std::vector<size_t> places;
  for (size_t place = 0; place < list.size(); ++place) {
    if (std::holds_alternative<NewAxis>(list[place].value())) {
      others.push_back(static_cast<int64_t>(dims.size()));
      dims.push_back(1);
      continue;
    }
    const size_t axis = plan.slices.size.size();
    const int64_t length = shape[static_cast<int>(axis)];
    Array integers;
    if (const auto* number = std::get_if<int64_t>(&list[place].value())) {
      const int64_t first = checked_number(*number, length, axis);
      if (!advanced) {
        add_slice(plan.slices, {first, first + 1, 1}, length);
        continue;
      }
      integers = Array::scalar(static_cast<double>(first), DType::int64);
    } else if (const auto* array = std::get_if<Array>(&list[place].value())) {
      if (!is_integer(array->dtype())) {
        throw DTypeError({.where = kWhere,
                          .what = "The indices are no integers",
                          .expected = "integers, or a mask of bool",
                          .received = array->spec().to_string()});
      }
      integers = *array;
    }
    if (integers.defined()) {
      add_slice(plan.slices, {}, length);
      named.push_back(static_cast<int64_t>(dims.size()));
      places.push_back(place);
      plan.integers.push_back(integers);
    } else {
      add_slice(plan.slices, std::get<Slice>(list[place].value()), length);
      others.push_back(static_cast<int64_t>(dims.size()));
    }
    dims.push_back(plan.slices.size.back());
  }
  plan.laid_out = Shape(dims);
  // Neighbours stay where they are; what a slice or a new axis parts goes to the front.
  const bool neighbours = !places.empty() && places.back() - places.front() + 1 == places.size();
  if (neighbours) plan.axis = static_cast<int>(named.front());
  plan.order.assign(others.begin(), others.begin() + plan.axis);
  plan.order.insert(plan.order.end(), named.begin(), named.end());
  plan.order.insert(plan.order.end(), others.begin() + plan.axis, others.end());
  return plan;
}

bool is_whole(const SliceAttrs& slices, const Shape& shape) {
  return Shape(slices.size) == shape &&
         std::all_of(slices.step.begin(), slices.step.end(), [](int64_t s) { return s == 1; });
}

Array sliced(const Array& x, const Plan& plan) {
  if (is_whole(plan.slices, x.shape())) return x;
  return make_op(slice_op(), {x}, make_attrs(plan.slices));
}

std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  }
  return back;
}

bool is_identity(const std::vector<int64_t>& order) {
  return std::is_sorted(order.begin(), order.end());
}

/// The Array in which the named axes are one, at `plan.axis`, and the indices along it.
struct Rows {
  Array part;      ///< the slices, axes in order
  Shape together;  ///< its shape with the named axes as one
  Array flat;
};

Rows rows_of(const Array& x, const Plan& plan) {
  Rows rows{.part = reshape(sliced(x, plan), plan.laid_out)};
  if (!is_identity(plan.order)) rows.part = transpose(rows.part, plan.order);
  const Shape& shape = rows.part.shape();
  const auto first = shape.begin() + plan.axis, last = first + plan.integers.size();
  const Shape named(std::vector<int64_t>(first, last));
  std::vector<int64_t> dims(shape.begin(), first);
  dims.push_back(named.num_elements());
  dims.insert(dims.end(), last, shape.end());
  rows.together = Shape(dims);
  rows.flat =
      plan.integers.size() == 1 ? plan.integers[0] : ravel_multi_index(plan.integers, named);
  return rows;
}

/// `x` whose slices are combined with `part`.
Array with_slices(const Array& x, const Plan& plan, const Array& part, const std::string& mode) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const auto spread = [&](const Array& values, double around) {
    return is_whole(plan.slices, x.shape()) ? values
                                            : unslice(values, plan.slices, x.shape(), around);
  };
  if (mode == "add") return x + spread(part, 0);
  if (mode == "mul") return x * spread(part, 1);
  if (mode == "max") return maximum(x, spread(part, -kInf));
  if (mode == "min") return minimum(x, spread(part, kInf));
  return where(spread(ones(part.shape(), DType::bool_), 0), spread(part, 0), x);
}

}  // namespace

Array get_item(const Array& x, const IndexList& key) {
  const Plan plan = plan_of(x.shape(), key.list());
  if (plan.integers.empty()) return reshape(sliced(x, plan), plan.laid_out);
  const Rows rows = rows_of(x, plan);
  return take(reshape(rows.part, rows.together), rows.flat, plan.axis);
}

Array Array::operator[](const IndexList& key) const { return get_item(*this, key); }

Array IndexUpdate::update(const Array& values, const std::string& mode) const {
  const Array updates = cast(values, x_.dtype());
  const auto& list = key_.list();
  const auto* mask = list.size() == 1 ? std::get_if<Array>(&list[0].value()) : nullptr;
  // A number under a mask of everything needs no count of its elements.
  if (mask != nullptr && mask->dtype() == DType::bool_ && mask->shape() == x_.shape() &&
      updates.rank() == 0) {
    const Plan whole = plan_of(x_.shape(), {Index(ellipsis)});
    return where(*mask, with_slices(x_, whole, broadcast_to(updates, x_.shape()), mode), x_);
  }
  const Plan plan = plan_of(x_.shape(), list);
  if (plan.integers.empty()) {
    const Array part = reshape(broadcast_to(updates, plan.laid_out), Shape(plan.slices.size));
    return with_slices(x_, plan, part, mode);
  }
  const Rows rows = rows_of(x_, plan);
  const Array changed =
      scatter_along(reshape(rows.part, rows.together), rows.flat, updates, plan.axis, mode);
  Array part = reshape(changed, rows.part.shape());
  if (!is_identity(plan.order)) part = transpose(part, inverse(plan.order));
  part = reshape(part, Shape(plan.slices.size));
  return is_whole(plan.slices, x_.shape()) ? part : with_slices(x_, plan, part, "set");
}

}  // namespace danlu
