#include "danlu/ops/linalg/linalg_record.h"

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu::linalg {

std::pair<int64_t, int64_t> matrix(const InferContext& c, int input) {
  const TensorSpec& x = c.inputs[static_cast<size_t>(input)];
  if (x.dtype != DType::float32 && x.dtype != DType::float64) {
    throw DTypeError({.where = c.where(),
                      .what = "The matrices have a dtype that is not decomposed",
                      .expected = "float32 or float64",
                      .received = x.to_string(),
                      .hint = "cast(x, DType::float32)"});
  }
  if (x.shape.rank() < 2) {
    throw ShapeError({.where = c.where(),
                      .what = "The input holds no matrix",
                      .expected = "two axes or more",
                      .received = x.shape.to_string()});
  }
  return {x.shape[-2], x.shape[-1]};
}

int64_t square(const InferContext& c, int input) {
  const auto [rows, columns] = matrix(c, input);
  if (rows != columns) {
    throw ShapeError({.where = c.where(),
                      .what = "The matrices are not square",
                      .expected = "(…, n, n)",
                      .received = c.inputs[static_cast<size_t>(input)].shape.to_string()});
  }
  return rows;
}

Shape batch_of(const Shape& shape) {
  return Shape(std::vector<int64_t>(shape.begin(), shape.end() - 2));
}

Shape with_axes(const Shape& batch, std::initializer_list<int64_t> axes) {
  auto dims = batch.to_vector();
  dims.insert(dims.end(), axes);
  return Shape(dims);
}

std::function<double(const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec>)>
flops_cubed(double factor) {
  return [factor](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
    const auto rows = static_cast<double>(in[0].shape[-2]);
    const auto columns = static_cast<double>(in[0].shape[-1]);
    const auto batch = static_cast<double>(batch_of(in[0].shape).num_elements());
    return factor * batch * rows * columns * std::min(rows, columns);
  };
}

void fill(Kind kind, int64_t rows, int64_t columns, std::span<double> values) {
  const auto size = static_cast<size_t>(rows * columns);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t in_matrix = i % size, which = i / size;
    const auto r = in_matrix / static_cast<size_t>(columns);
    const auto s = in_matrix % static_cast<size_t>(columns);
    const bool both = kind == Kind::symmetric || kind == Kind::definite;
    const size_t a = both ? std::min(r, s) : r, b = both ? std::max(r, s) : s;
    // Small numbers that repeat late, and a diagonal that grows.
    const auto noise =
        static_cast<double>((a * 31 + b * 17 + which * 7 + a * b * 5) % 29) / 29 - 0.5;
    const double step = static_cast<double>(r) + 1;
    const double diagonal = kind == Kind::symmetric && r % 2 == 1 ? -step : 1 + step;
    values[i] = static_cast<float>(0.6 * noise + (r == s ? diagonal : 0));
  }
}

std::vector<OpSample> samples(Kind kind, AttrsPtr attrs) {
  const auto sample = [&](std::string label, Shape shape) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, DType::float32}},
                    .attrs = attrs,
                    .tolerance = 2e-5,
                    .fill = [kind, shape](int, std::span<double> values) {
                      fill(kind, shape[-2], shape[-1], values);
                    }};
  };
  std::vector<OpSample> list = {sample("matrix", {5, 5}), sample("batch", {2, 3, 4, 4}),
                                sample("one", {1, 1}), sample("no matrices", {0, 3, 3}),
                                sample("large", {40, 40})};
  list.back().differentiable = false;
  if (kind == Kind::general) {
    list.push_back(sample("high", {6, 4}));
    list.push_back(sample("high batch", {2, 5, 3}));
  }
  return list;
}

Array transposed(const Array& x) {
  std::vector<int64_t> axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return transpose(x, axes);
}

Array triangle(const Array& x, bool lower, bool strict) {
  const Array row = arange(0, x.shape()[-2]), column = arange(0, x.shape()[-1]);
  const Array r = expand_dims(row, 1), s = expand_dims(column, 0);
  const Array inside = lower ? (strict ? r > s : r >= s) : (strict ? r < s : r <= s);
  return where(inside, x, Array::scalar(0, x.dtype()));
}

Array by_column(const Array& x) { return expand_dims(x, -2); }
Array by_row(const Array& x) { return expand_dims(x, -1); }
Array symmetric(const Array& x) { return 0.5 * (x + transposed(x)); }

Array safe_reciprocal(const Array& x) {
  const Array zero = Array::scalar(0, x.dtype()), one = Array::scalar(1, x.dtype());
  const Array flat = equal(x, zero);
  return where(flat, zero, reciprocal(where(flat, one, x)));
}

}  // namespace danlu::linalg
