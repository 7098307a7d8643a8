#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {

Array tri(int64_t n, std::optional<int64_t> m, int64_t k, DType dtype) {
  const Array rows = expand_dims(arange(n), 1), columns = expand_dims(arange(m.value_or(n)), 0);
  return cast(rows + k >= columns, dtype);
}

Array eye(int64_t n, std::optional<int64_t> m, int64_t k, DType dtype) {
  const Array rows = expand_dims(arange(n), 1), columns = expand_dims(arange(m.value_or(n)), 0);
  return cast(rows + k == columns, dtype);
}

Array identity(int64_t n, DType dtype) { return eye(n, {}, 0, dtype); }

namespace {

Array triangle(const char* where, const Array& x, int64_t k) {
  if (x.rank() < 2) {
    throw ShapeError({.where = where,
                      .what = "The input is no matrix",
                      .expected = "rank 2 or more",
                      .received = x.shape().to_string()});
  }
  return tri(x.shape()[-2], x.shape()[-1], k, DType::bool_);
}

}  // namespace

Array tril(const Array& x, int64_t k) {
  return where(triangle("tril", x, k), x, Array::scalar(0, x.dtype()));
}

Array triu(const Array& x, int64_t k) {
  return where(triangle("triu", x, k - 1), Array::scalar(0, x.dtype()), x);
}

Array diagonal(const Array& x, int64_t offset, int64_t axis1, int64_t axis2) {
  const Array matrices = moveaxis(x, {axis1, axis2}, {-2, -1});
  const int64_t m = matrices.shape()[-2], n = matrices.shape()[-1];
  std::vector<int64_t> dims(matrices.shape().begin(), matrices.shape().end() - 2);
  dims.push_back(m * n);
  const Array flat = reshape(matrices, Shape(dims));
  // In a matrix read row by row the elements of a diagonal stand n + 1 apart.
  const bool outside = offset >= n || offset <= -m;
  const int64_t first = outside ? 0 : offset >= 0 ? offset : -offset * n;
  const int64_t count =
      outside ? 0 : std::min(m + std::min<int64_t>(offset, 0), n - std::max<int64_t>(offset, 0));
  std::vector<int64_t> start(dims.size(), 0), stop = dims, step(dims.size(), 1);
  start.back() = first;
  stop.back() = count <= 0 ? first : first + (count - 1) * (n + 1) + 1;
  step.back() = n + 1;
  return slice(flat, start, stop, step);
}

Array trace(const Array& x, int64_t offset, int64_t axis1, int64_t axis2) {
  return sum(diagonal(x, offset, axis1, axis2), {-1});
}

Array diag(const Array& x, int64_t k) {
  if (x.rank() == 2) return diagonal(x, k);
  if (x.rank() != 1) {
    throw ShapeError({.where = "diag",
                      .what = "The input is neither a diagonal nor a matrix",
                      .expected = "rank 1 or 2",
                      .received = x.shape().to_string()});
  }
  const int64_t length = x.size(), n = length + std::abs(k);
  if (length == 0) return zeros(Shape{n, n}, x.dtype());
  const int64_t before = k >= 0 ? k : -k * n;
  const int64_t after = Shape{n, n}.num_elements() - before - ((length - 1) * (n + 1) + 1);
  const PadAttrs attrs{{before}, {after}, {n}};
  return reshape(make_op(pad_op(), {x}, make_attrs(attrs)), Shape{n, n});
}

Array diagflat(const Array& x, int64_t k) { return diag(reshape(x, Shape{x.size()}), k); }

}  // namespace danlu
