#include <algorithm>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// The last axis of `indices` names elements of the first axes of `shape`: their flat indices,
/// with the shapes in which those axes are one.
struct Rows {
  Array flat;     ///< (…)
  Shape shape;    ///< (rows, rest…)
  Shape updates;  ///< (…, rest…)
};

Rows rows_at(const Array& indices, const Shape& shape, const std::string& where) {
  const int64_t k = indices.rank() == 0 ? 0 : indices.shape()[-1];
  if (k < 1 || k > shape.rank()) {
    throw ShapeError({.where = where,
                      .what = "The indices do not fit the shape",
                      .expected = "(…, k) with 1 ≤ k ≤ " + std::to_string(shape.rank()),
                      .received = indices.shape().to_string()});
  }
  const auto split = shape.begin() + k;
  const Shape named(std::vector<int64_t>(shape.begin(), split));
  const std::vector<int64_t> rest(split, shape.end());
  const Shape lead = indices.shape().without_axis(indices.rank() - 1);
  std::vector<Array> parts;
  for (int64_t i = 0; i < k; ++i) {
    std::vector<int64_t> start(static_cast<size_t>(indices.rank()), 0);
    std::vector<int64_t> stop = indices.shape().to_vector();
    start.back() = i, stop.back() = i + 1;
    parts.push_back(reshape(slice(indices, start, stop), lead));
  }
  std::vector<int64_t> rows = {named.num_elements()}, updates = lead.to_vector();
  rows.insert(rows.end(), rest.begin(), rest.end());
  updates.insert(updates.end(), rest.begin(), rest.end());
  return {k == 1 ? parts[0] : ravel_multi_index(parts, named), Shape(rows), Shape(updates)};
}

Array updates_of(const Array& values, const Shape& shape, DType dtype, const std::string& where) {
  if (values.shape() != shape) {
    throw ShapeError({.where = where,
                      .what = "The values do not fit the indices and the shape",
                      .expected = shape.to_string(),
                      .received = values.shape().to_string()});
  }
  return cast(values, dtype);
}

/// −∞ and ∞, or the ends of an integer dtype.
Array least(DType dtype) { return Array::scalar(-std::numeric_limits<double>::infinity(), dtype); }
Array greatest(DType dtype) {
  return Array::scalar(std::numeric_limits<double>::infinity(), dtype);
}

Array segments(const Array& data, const Array& segment_ids, std::optional<int64_t> num_segments,
               const Array& neutral, const std::string& mode, const std::string& where) {
  if (data.rank() == 0 || segment_ids.shape() != Shape{data.shape()[0]}) {
    throw ShapeError(
        {.where = where,
         .what = "The ids do not fit the data",
         .expected = "data (n, …) and ids (n,)",
         .received = data.shape().to_string() + " and " + segment_ids.shape().to_string()});
  }
  if (!is_integer(segment_ids.dtype())) {
    throw DTypeError({.where = where,
                      .what = "The ids are no integers",
                      .expected = "an integer dtype",
                      .received = segment_ids.spec().to_string()});
  }
  const Array ids = cast(segment_ids, DType::int64);
  int64_t count = 0;
  if (num_segments) {
    count = *num_segments;
  } else if (ids.size() > 0) {
    count = std::max<int64_t>(0, max(ids).item<int64_t>() + 1);
  }
  if (count < 0 || count == std::numeric_limits<int64_t>::max()) {
    throw ValueError({.where = where,
                      .what = "The number of segments is not possible",
                      .expected = "0 or more",
                      .received = std::to_string(count)});
  }
  const Array end = Array::scalar(static_cast<double>(count), DType::int64);
  const Array row =
      danlu::where(logical_and(ids >= Array::scalar(0, DType::int64), ids < end), ids, end);
  const Array all =
      scatter_along(broadcast_to(neutral, data.shape().with_dim(0, count + 1)), row, data, 0, mode);
  return slice(all, {0}, {count});
}

}  // namespace

Array scatter(const Array& indices, const Array& values, const Shape& shape) {
  const Rows rows = rows_at(indices, shape, "scatter");
  const Array updates = updates_of(values, rows.updates, values.dtype(), "scatter");
  return reshape(scatter_add(updates, rows.flat, rows.shape), shape);
}

Array scatter_update(const Array& inputs, const Array& indices, const Array& updates,
                     const std::string& reduction) {
  const Rows rows = rows_at(indices, inputs.shape(), "scatter_update");
  const Array values = updates_of(updates, rows.updates, inputs.dtype(), "scatter_update");
  return reshape(scatter_along(reshape(inputs, rows.shape), rows.flat, values, 0,
                               reduction.empty() ? "set" : reduction),
                 inputs.shape());
}

Array put_along_axis(const Array& x, const Array& indices, const Array& values, int64_t axis,
                     const std::string& mode) {
  const int at = normalize_axis(axis, x.rank(), "put_along_axis");
  if (indices.rank() != x.rank()) {
    throw ShapeError({.where = "put_along_axis",
                      .what = "The indices have another rank than the input",
                      .expected = "rank " + std::to_string(x.rank()),
                      .received = indices.shape().to_string()});
  }
  const Shape part = x.shape().with_dim(at, indices.shape()[at]);
  std::vector<Array> coordinates;
  for (int i = 0; i < x.rank(); ++i) {
    std::vector<int64_t> dims(static_cast<size_t>(x.rank()), 1);
    dims[static_cast<size_t>(i)] = x.shape()[i];
    coordinates.push_back(i == at ? broadcast_to(indices, part)
                                  : reshape(arange(0, x.shape()[i]), Shape(dims)));
  }
  const Array flat = ravel_multi_index(coordinates, x.shape());
  const Array updates = broadcast_to(cast(values, x.dtype()), part);
  const Shape count{flat.size()};
  return reshape(scatter_along(reshape(x, Shape{x.size()}), reshape(flat, count),
                               reshape(updates, count), 0, mode),
                 x.shape());
}

Array segment_sum(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments) {
  return segments(data, segment_ids, num_segments, Array::scalar(0, data.dtype()), "add",
                  "segment_sum");
}
Array segment_prod(const Array& data, const Array& segment_ids,
                   std::optional<int64_t> num_segments) {
  return segments(data, segment_ids, num_segments, Array::scalar(1, data.dtype()), "mul",
                  "segment_prod");
}
Array segment_max(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments) {
  return segments(data, segment_ids, num_segments, least(data.dtype()), "max", "segment_max");
}
Array segment_min(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments) {
  return segments(data, segment_ids, num_segments, greatest(data.dtype()), "min", "segment_min");
}

}  // namespace danlu
