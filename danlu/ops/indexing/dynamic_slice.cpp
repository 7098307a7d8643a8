#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

/// The flat indices of the part of `shape` at `start` in an Array of `whole`.
Array part_indices(const Shape& whole, const Array& start, const Shape& shape,
                   const std::string& where) {
  bool fits = start.shape() == Shape{whole.rank()} && shape.rank() == whole.rank();
  for (int i = 0; fits && i < whole.rank(); ++i) fits = shape[i] >= 0 && shape[i] <= whole[i];
  if (!fits) {
    throw ShapeError(
        {.where = where,
         .what = "The part does not fit into the whole",
         .expected = "a start and a length for each axis of " + whole.to_string(),
         .received = "starts " + start.shape().to_string() + ", part " + shape.to_string()});
  }
  if (!is_integer(start.dtype())) {
    throw DTypeError({.where = where,
                      .what = "The starts are no integers",
                      .expected = "an integer dtype",
                      .received = start.spec().to_string()});
  }
  std::vector<Array> coordinates;
  const auto number = [](int64_t n) { return Array::scalar(static_cast<double>(n), DType::int64); };
  for (int i = 0; i < whole.rank(); ++i) {
    const Array wanted = reshape(cast(slice(start, {i}, {i + 1}), DType::int64), Shape{});
    const Array first = clip(wanted, number(0), number(whole[i] - shape[i]));
    std::vector<int64_t> dims(static_cast<size_t>(whole.rank()), 1);
    dims[static_cast<size_t>(i)] = shape[i];
    coordinates.push_back(reshape(arange(0, shape[i]), Shape(dims)) + first);
  }
  return reshape(ravel_multi_index(coordinates, whole), Shape{shape.num_elements()});
}

}  // namespace

Array internal::dynamic_slice(const Array& inputs, const Array& start_indices, const Shape& shape) {
  if (inputs.rank() == 0 && shape.rank() == 0) return inputs;
  const Array flat = part_indices(inputs.shape(), start_indices, shape, "slice");
  return reshape(take(reshape(inputs, Shape{inputs.size()}), flat, 0), shape);
}

Array slice_update(const Array& inputs, const Array& start_indices, const Array& updates) {
  if (inputs.rank() == 0 && updates.rank() == 0) return cast(updates, inputs.dtype());
  const Array flat = part_indices(inputs.shape(), start_indices, updates.shape(), "slice_update");
  return reshape(scatter_along(reshape(inputs, Shape{inputs.size()}), flat,
                               reshape(updates, Shape{updates.size()}), 0),
                 inputs.shape());
}

}  // namespace danlu
