#include <algorithm>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

double epsilon(DType dtype) {
  return dtype == DType::float64 ? std::numeric_limits<double>::epsilon()
                                 : std::numeric_limits<float>::epsilon();
}

double longest(const Array& x) {
  return static_cast<double>(std::max(x.shape()[-1], x.shape()[-2]));
}

/// The greatest of each row of singular values, as a column; 0 of none.
Array greatest(const Array& s) {
  if (s.shape()[-1] == 0) return Array::scalar(0, s.dtype());
  return max(s, {-1}, true);
}

/// 1/s, and 0 for values up to `relative` times the greatest.
Array inverted(const Array& s, double relative) {
  const Array zero = Array::scalar(0, s.dtype());
  return linalg::safe_reciprocal(where(s > relative * greatest(s), s, zero));
}

Array floats_with_matrices(const Array& x, const std::string& where) {
  const Array a = elementwise::as_float(x);
  if (a.rank() < 2) {
    throw ShapeError({.where = where,
                      .what = "The input holds no matrix",
                      .expected = "two axes or more",
                      .received = x.shape().to_string()});
  }
  return a;
}

}  // namespace

Array lstsq(const Array& a, const Array& b, std::optional<double> rcond) {
  auto [x, y] = elementwise::promoted_float(a, b);
  if (x.rank() != 2 || y.rank() < 1 || y.rank() > 2 || y.shape()[0] != x.shape()[0]) {
    throw ShapeError({.where = "lstsq",
                      .what = "The right-hand side does not fit the matrix",
                      .expected = "(m, n) and (m,) or (m, k)",
                      .received = a.shape().to_string() + " and " + b.shape().to_string()});
  }
  const bool vector = y.rank() == 1;
  if (vector) y = expand_dims(y, 1);
  const auto [u, s, vh] = svd(x, false);
  const Array inverse = inverted(s, rcond.value_or(epsilon(x.dtype()) * longest(x)));
  const Array found = matmul(vh, linalg::by_row(inverse) * matmul(u, y, {.transpose_a = true}),
                             {.transpose_a = true});
  return vector ? squeeze(found, 1) : found;
}

Array pinv(const Array& x, std::optional<double> rcond) {
  const Array a = floats_with_matrices(x, "pinv");
  const auto [u, s, vh] = svd(a, false);
  const Array inverse = inverted(s, rcond.value_or(10 * epsilon(a.dtype()) * longest(a)));
  return matmul(vh, linalg::by_row(inverse) * linalg::transposed(u), {.transpose_a = true});
}

Array matrix_rank(const Array& x, std::optional<double> tol) {
  const Array a = floats_with_matrices(x, "matrix_rank");
  const Array s = svdvals(a);
  const Array least =
      tol ? Array::scalar(*tol, s.dtype()) : greatest(s) * (epsilon(s.dtype()) * longest(a));
  return cast(sum(cast(s > least, DType::int32), {-1}), DType::int32);
}

Array matrix_power(const Array& x, int64_t n) {
  const Array a = floats_with_matrices(x, "matrix_power");
  if (a.shape()[-1] != a.shape()[-2]) {
    throw ShapeError({.where = "matrix_power",
                      .what = "The matrices are not square",
                      .expected = "(…, n, n)",
                      .received = x.shape().to_string()});
  }
  Array square = n < 0 ? inv(a) : a, result;
  for (auto rest = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n); rest > 0;
       rest /= 2) {
    if (rest % 2 == 1) result = result.defined() ? matmul(result, square) : square;
    if (rest > 1) square = matmul(square, square);
  }
  return result.defined() ? result : broadcast_to(identity(a.shape()[-1], a.dtype()), a.shape());
}

}  // namespace danlu
