#include "danlu/ops/products.h"

#include <algorithm>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

Array flattened(const Array& x) { return reshape(x, Shape{x.size()}); }

std::vector<int64_t> counting(int64_t from, int64_t to) {
  std::vector<int64_t> list(static_cast<size_t>(std::max<int64_t>(0, to - from)));
  std::iota(list.begin(), list.end(), from);
  return list;
}

}  // namespace

Array dot(const Array& a, const Array& b) {
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  if (b.rank() == 1) return tensordot(a, b, std::vector<int64_t>{-1}, std::vector<int64_t>{0});
  if (a.rank() <= 2 && b.rank() == 2) return matmul(a, b);
  return tensordot(a, b, std::vector<int64_t>{-1}, std::vector<int64_t>{-2});
}

Array inner(const Array& a, const Array& b) {
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  return tensordot(a, b, std::vector<int64_t>{-1}, std::vector<int64_t>{-1});
}

Array outer(const Array& a, const Array& b) {
  return reshape(a, Shape{a.size(), 1}) * reshape(b, Shape{1, b.size()});
}

Array vdot(const Array& a, const Array& b) { return dot(flattened(a), flattened(b)); }

Array tensordot(const Array& a, const Array& b, const std::vector<int64_t>& axes_a,
                const std::vector<int64_t>& axes_b) {
  const auto fail = [&](const std::string& what) {
    throw ShapeError({.where = "tensordot",
                      .what = what,
                      .expected = "as many axes of one as of the other, of equal lengths",
                      .received = a.shape().to_string() + " and " + b.shape().to_string()});
  };
  if (axes_a.size() != axes_b.size()) fail("The numbers of axes differ");
  const auto [x, y] = elementwise::promoted(a, b);
  std::vector<int64_t> summed_a, summed_b, order_a, order_b, dims;
  for (size_t i = 0; i < axes_a.size(); ++i) {
    summed_a.push_back(normalize_axis(axes_a[i], x.rank(), "tensordot"));
    summed_b.push_back(normalize_axis(axes_b[i], y.rank(), "tensordot"));
    if (x.shape()[static_cast<int>(summed_a[i])] != y.shape()[static_cast<int>(summed_b[i])]) {
      fail("Axes that are summed together have different lengths");
    }
  }
  const auto free_axes = [](const Array& z, const std::vector<int64_t>& summed) {
    std::vector<int64_t> axes;
    for (int i = 0; i < z.rank(); ++i) {
      if (std::find(summed.begin(), summed.end(), i) == summed.end()) axes.push_back(i);
    }
    return axes;
  };
  order_a = free_axes(x, summed_a);
  const std::vector<int64_t> free_b = free_axes(y, summed_b);
  if (order_a.size() + summed_a.size() != static_cast<size_t>(x.rank()) ||
      free_b.size() + summed_b.size() != static_cast<size_t>(y.rank())) {
    fail("An axis is given twice");
  }
  int64_t rows = 1, columns = 1, shared = 1;
  for (int64_t i : order_a) dims.push_back(x.shape()[static_cast<int>(i)]), rows *= dims.back();
  for (int64_t i : free_b) dims.push_back(y.shape()[static_cast<int>(i)]), columns *= dims.back();
  for (int64_t i : summed_a) shared *= x.shape()[static_cast<int>(i)];
  order_a.insert(order_a.end(), summed_a.begin(), summed_a.end());
  order_b = summed_b;
  order_b.insert(order_b.end(), free_b.begin(), free_b.end());
  const Array left = reshape(transpose(x, order_a), Shape{rows, shared});
  const Array right = reshape(transpose(y, order_b), Shape{shared, columns});
  return reshape(matmul(left, right), Shape(dims));
}

Array tensordot(const Array& a, const Array& b, int64_t axes) {
  if (axes < 0 || axes > a.rank() || axes > b.rank()) {
    throw ShapeError({.where = "tensordot",
                      .what = "There are not that many axes to sum over",
                      .expected = "0 to " + std::to_string(std::min(a.rank(), b.rank())) + " axes",
                      .received = std::to_string(axes)});
  }
  if (axes == 0)
    return reshape(outer(a, b), [&] {
      std::vector<int64_t> dims = a.shape().to_vector();
      dims.insert(dims.end(), b.shape().begin(), b.shape().end());
      return Shape(dims);
    }());
  return tensordot(a, b, counting(a.rank() - axes, a.rank()), counting(0, axes));
}

Array kron(const Array& a, const Array& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> left, right, dims;
  for (int i = 0; i < rank; ++i) {
    const int at_a = i - (rank - a.rank()), at_b = i - (rank - b.rank());
    left.push_back(at_a < 0 ? 1 : a.shape()[at_a]);
    left.push_back(1);
    right.push_back(1);
    right.push_back(at_b < 0 ? 1 : b.shape()[at_b]);
    dims.push_back(left[left.size() - 2] * right.back());
  }
  if (2 * rank > Shape::kMaxRank) {
    throw ShapeError({.where = "kron",
                      .what = "The inputs have too many axes",
                      .expected = "rank 4 or less",
                      .received = a.shape().to_string() + " and " + b.shape().to_string()});
  }
  return reshape(reshape(a, Shape(left)) * reshape(b, Shape(right)), Shape(dims));
}

Array cross(const Array& a, const Array& b, const CrossOptions& options) {
  auto [x, y] = elementwise::promoted_number(a, b);
  x = moveaxis(x, {options.axis.value_or(options.axisa)}, {-1});
  y = moveaxis(y, {options.axis.value_or(options.axisb)}, {-1});
  const int64_t n = x.shape()[-1], m = y.shape()[-1];
  if (n < 2 || n > 3 || m < 2 || m > 3) {
    throw ShapeError({.where = "cross",
                      .what = "The vectors have no cross product",
                      .expected = "axes of length 2 or 3",
                      .received = std::to_string(n) + " and " + std::to_string(m)});
  }
  const auto component = [](const Array& z, int64_t i) {
    if (i >= z.shape()[-1]) return Array::scalar(0, z.dtype());
    return unstack(z, {}, -1)[static_cast<size_t>(i)];
  };
  const auto minor = [&](int64_t i, int64_t k) {
    return component(x, i) * component(y, k) - component(x, k) * component(y, i);
  };
  if (n == 2 && m == 2) return minor(0, 1);
  const Array third = minor(0, 1);
  const auto like_third = [&](const Array& z) { return broadcast_to(z, third.shape()); };
  return moveaxis(stack({like_third(minor(1, 2)), like_third(minor(2, 0)), third}, -1), {-1},
                  {options.axis.value_or(options.axisc)});
}

Array correlate(const Array& x1, const Array& x2, const std::string& mode) {
  auto [a, v] = elementwise::promoted_float(x1, x2);
  if (a.rank() != 1 || v.rank() != 1 || a.size() == 0 || v.size() == 0) {
    throw ShapeError({.where = "correlate",
                      .what = "The inputs are no signals",
                      .expected = "two vectors of length 1 or more",
                      .received = a.shape().to_string() + " and " + v.shape().to_string()});
  }
  const bool known = mode == "valid" || mode == "same" || mode == "full";
  if (!known) {
    throw ValueError({.where = "correlate",
                      .what = "There is no such mode",
                      .expected = "\"valid\", \"same\" or \"full\"",
                      .received = "\"" + mode + "\""});
  }
  // Exchanged, the result runs backwards.
  const bool exchanged = a.size() < v.size();
  if (exchanged) std::swap(a, v);
  const int64_t n = a.size(), m = v.size();
  const int64_t before = mode == "full" ? m - 1 : mode == "same" ? m / 2 : 0;
  const int64_t after = mode == "full" ? m - 1 : mode == "same" ? m - 1 - m / 2 : 0;
  const Array padded = pad(a, {{before, after}});
  const int64_t count = n + before + after - m + 1;
  const Array places = expand_dims(arange(0, count), 1) + expand_dims(arange(0, m), 0);
  const Array result = matmul(take(padded, places, 0), v);
  return exchanged ? flip(result) : result;
}

Array corrcoef(const Array& x) {
  const Array y = elementwise::as_float(x);
  if (y.rank() > 2) {
    throw ShapeError({.where = "corrcoef",
                      .what = "The input is no table of variables",
                      .expected = "rank 2 (variables, observations) or a vector",
                      .received = y.shape().to_string()});
  }
  const Array rows = y.rank() == 2 ? y : reshape(y, Shape{1, y.size()});
  const Array centered = rows - mean(rows, {1}, true);
  const Array covariance = matmul(centered, centered, {.transpose_b = true});
  const Array deviation = sqrt(diagonal(covariance));
  const Array scaled = covariance / expand_dims(deviation, 1) / expand_dims(deviation, 0);
  const Array result = clip(scaled, -1, 1);
  return y.rank() == 2 ? result : reshape(result, Shape{});
}

Array trapezoid(const Array& y, const std::optional<Array>& x, double dx, int64_t axis) {
  const Array values = moveaxis(elementwise::as_float(y), {axis}, {-1});
  const int64_t n = values.shape()[-1];
  if (n < 2) return zeros(values.shape().without_axis(-1), values.dtype());
  const auto part = [](const Array& z, int64_t from, int64_t to) {
    std::vector<int64_t> start(static_cast<size_t>(z.rank()), 0), stop = z.shape().to_vector();
    start.back() = from, stop.back() = to;
    return slice(z, start, stop);
  };
  const Array sums = part(values, 0, n - 1) + part(values, 1, n);
  if (!x) return 0.5 * dx * sum(sums, {-1});
  const Array points = x->rank() == 1 ? *x : moveaxis(*x, {axis}, {-1});
  const Array widths = part(points, 1, n) - part(points, 0, n - 1);
  return 0.5 * sum(sums * widths, {-1});
}

}  // namespace danlu
