#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_attrs.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const int64_t n = linalg::square(c, 0);
  const auto rows = linalg::matrix(c, 1).first;
  if (rows != n || linalg::batch_of(c.inputs[0].shape) != linalg::batch_of(c.inputs[1].shape)) {
    throw ShapeError(
        {.where = c.where(),
         .what = "The right-hand side does not fit the matrix",
         .expected = "(…, n, n) and (…, n, k)",
         .received = c.inputs[0].shape.to_string() + " and " + c.inputs[1].shape.to_string()});
  }
  if (c.inputs[0].dtype != c.inputs[1].dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "The matrix and the right-hand side have different dtypes",
                      .expected = "one dtype for both",
                      .received = c.inputs[0].to_string() + " and " + c.inputs[1].to_string()});
  }
  return {c.inputs[1]};
}

std::vector<OpSample> samples(const std::vector<std::pair<std::string, AttrsPtr>>& variants) {
  std::vector<OpSample> list;
  for (const auto& [variant, attrs] : variants) {
    const auto add = [&, variant = variant, attrs = attrs](std::string label, Shape batch,
                                                           int64_t n, int64_t k) {
      list.push_back({.label = variant + ", " + std::move(label),
                      .inputs = {{linalg::with_axes(batch, {n, n}), DType::float32},
                                 {linalg::with_axes(batch, {n, k}), DType::float32}},
                      .attrs = attrs,
                      .tolerance = 2e-5,
                      .differentiable = n < 20,
                      .fill = [n](int input, std::span<double> values) {
                        if (input == 0) linalg::fill(linalg::Kind::square, n, n, values);
                      }});
    };
    add("matrix", {}, 5, 3);
    add("batch", {2, 3}, 3, 2);
    add("one", {}, 1, 1);
    add("nothing to solve", {}, 3, 0);
    add("no matrices", {0}, 3, 2);
    add("large", {}, 33, 40);
  }
  return list;
}

std::string singular_text(const Attrs*, int64_t value) {
  return "The matrix is singular. Expected pivots other than 0. Received 0 in row " +
         std::to_string(value) + ".";
}

/// With op(a) X = b: b̄ = op(a)⁻ᵀ X̄ and ā = −b̄ Xᵀ (or its transpose).
std::vector<Array> solve_grads(const Array& x, const Array& b_grad, bool transpose) {
  const Array a_grad = transpose ? matmul(x, b_grad, {.transpose_b = true})
                                 : matmul(b_grad, x, {.transpose_b = true});
  return {-a_grad, b_grad};
}

/// Both with equal batches; b as matrices, and whether it was vectors.
struct System {
  Array a, b;
  bool vector;
};

System system_of(const Array& a, const Array& b, const std::string& where) {
  auto [x, y] = elementwise::promoted_float(a, b);
  if (x.rank() < 2 || y.rank() < 1) {
    throw ShapeError({.where = where,
                      .what = "The input holds no matrix",
                      .expected = "(…, n, n) and (…, n) or (…, n, k)",
                      .received = a.shape().to_string() + " and " + b.shape().to_string()});
  }
  const bool vector = y.rank() == 1 || y.rank() == x.rank() - 1;
  if (vector) y = expand_dims(y, -1);
  const Shape batch =
      broadcast_shapes(linalg::batch_of(x.shape()), linalg::batch_of(y.shape()), where);
  return {broadcast_to(x, linalg::with_axes(batch, {x.shape()[-2], x.shape()[-1]})),
          broadcast_to(y, linalg::with_axes(batch, {y.shape()[-2], y.shape()[-1]})), vector};
}

}  // namespace

const OpDef& solve_op() {
  static const OpDef op{
      .name = "solve",
      .num_inputs = 2,
      .infer = infer,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array(), Array()};
        const bool transpose = c.attrs_as<SolveAttrs>().transpose;
        const Array b_grad = make_op(solve_op(), {c.inputs[0], c.output_grads[0]},
                                     make_attrs(SolveAttrs{!transpose}));
        return solve_grads(c.outputs[0], b_grad, transpose);
      },
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(2),
      .fault_text = singular_text,
      .samples =
          [] {
            return samples({{"plain", make_attrs(SolveAttrs{false})},
                            {"transposed", make_attrs(SolveAttrs{true})}});
          },
      .doc = "The X with a X = b, or aᵀ X = b.",
  };
  return op;
}

const OpDef& solve_triangular_op() {
  static const OpDef op{
      .name = "solve_triangular",
      .num_inputs = 2,
      .infer = infer,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array(), Array()};
        const auto [lower, transpose] = c.attrs_as<SolveTriangularAttrs>();
        const Array b_grad = make_op(solve_triangular_op(), {c.inputs[0], c.output_grads[0]},
                                     make_attrs(SolveTriangularAttrs{lower, !transpose}));
        auto grads = solve_grads(c.outputs[0], b_grad, transpose);
        grads[0] = linalg::triangle(grads[0], lower);
        return grads;
      },
      .batch = batching::leading_axes,
      .flops = linalg::flops_cubed(1),
      .fault_text = singular_text,
      .samples =
          [] {
            return samples({{"lower", make_attrs(SolveTriangularAttrs{true, false})},
                            {"upper", make_attrs(SolveTriangularAttrs{false, false})},
                            {"lower transposed", make_attrs(SolveTriangularAttrs{true, true})},
                            {"upper transposed", make_attrs(SolveTriangularAttrs{false, true})}});
          },
      .doc = "The X with a X = b, or aᵀ X = b, for a triangular matrix.",
  };
  return op;
}

Array solve(const Array& a, const Array& b) {
  const System s = system_of(a, b, "solve");
  const Array x = make_op(solve_op(), {s.a, s.b}, make_attrs(SolveAttrs{}));
  return s.vector ? squeeze(x, -1) : x;
}

Array solve_triangular(const Array& a, const Array& b, bool lower) {
  const System s = system_of(a, b, "solve_triangular");
  const Array x =
      make_op(solve_triangular_op(), {s.a, s.b}, make_attrs(SolveTriangularAttrs{lower, false}));
  return s.vector ? squeeze(x, -1) : x;
}

Array inv(const Array& x) {
  const Array a = elementwise::as_float(x);
  if (a.rank() < 2 || a.shape()[-1] != a.shape()[-2]) {
    throw ShapeError({.where = "inv",
                      .what = "The matrices are not square",
                      .expected = "(…, n, n)",
                      .received = x.shape().to_string()});
  }
  const Array unit = broadcast_to(identity(a.shape()[-1], a.dtype()), a.shape());
  return make_op(solve_op(), {a, unit}, make_attrs(SolveAttrs{}));
}

}  // namespace danlu
