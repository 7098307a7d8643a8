#include "danlu/ops/matmul.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/ops/linalg/matmul_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  return {linalg::infer_matmul(c, c.attrs_as<MatmulAttrs>())};
}

/// All rows of a batch of matrices as one matrix.
Array as_matrix(const Array& x) {
  int64_t rows = 1;
  for (const int64_t n : x.shape().dims().first(static_cast<size_t>(x.rank()) - 1)) rows *= n;
  return reshape(x, Shape{rows, x.shape()[-1]});
}

std::vector<Array> vjp(const GradContext& c) {
  const auto& attrs = c.attrs_as<MatmulAttrs>();
  const bool ta = attrs.transpose_a, tb = attrs.transpose_b;
  const Array& a = c.inputs[0];
  const Array& b = c.inputs[1];
  const Array& g = c.output_grads[0];
  auto product = [](const Array& x, const Array& y, bool tx, bool ty) {
    return make_op(matmul_op(), {x, y}, make_attrs(MatmulAttrs{tx, ty}));
  };
  std::vector<Array> grads(2);
  if (c.needs_grad[0]) {
    grads[0] = sum_to_shape(ta ? product(b, g, tb, true) : product(g, b, false, !tb), a.shape());
  }
  if (c.needs_grad[1] && b.rank() == 2 && a.rank() > 2 && !ta) {
    // The rows of all products in one, instead of a sum over their products.
    const Array rows = as_matrix(a), grad = as_matrix(g);
    grads[1] = tb ? product(grad, rows, true, false) : product(rows, grad, true, false);
  } else if (c.needs_grad[1]) {
    grads[1] = sum_to_shape(tb ? product(g, a, true, ta) : product(a, g, !ta, false), b.shape());
  }
  return grads;
}

std::vector<Array> batch(const BatchContext& c) {
  const auto& attrs = c.attrs_as<MatmulAttrs>();
  Array a = c.inputs[0], b = c.inputs[1];
  if (!c.batched[1] && b.rank() == 2 && !attrs.transpose_a) {
    // The rows of all elements in one product.
    const auto product = batching::call(matmul_op(), {as_matrix(a), b}, attrs);
    return {reshape(product[0], batching::batched_shape(c))};
  }
  const int rank = c.outputs[0].shape.rank() + 1;
  for (int i = 0; i < 2; ++i) {
    if (!c.batched[i]) continue;
    Array& x = i == 0 ? a : b;
    std::vector<int64_t> dims = x.shape().to_vector();
    dims.insert(dims.begin() + 1, static_cast<size_t>(rank) - dims.size(), 1);
    x = reshape(x, Shape(dims));
  }
  return batching::call(matmul_op(), {a, b}, attrs);
}

}  // namespace

const OpDef& matmul_op() {
  static const OpDef op{
      .name = "matmul",
      .num_inputs = 2,
      .infer = infer,
      .vjp = vjp,
      .batch = batch,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return linalg::matmul_flops(attrs_as<MatmulAttrs>(attrs), in, out);
          },
      .samples =
          [] {
            auto samples = linalg::matmul_samples();
            const TensorSpec z{Shape{6, 6}, DType::complex64};
            samples.push_back({.label = "complex64",
                               .inputs = {z, z},
                               .attrs = make_attrs(MatmulAttrs{true, false}),
                               .tolerance = 1e-5});
            return samples;
          },
      .doc = "Matrix product of the last two axes; the axes before them broadcast.",
  };
  return op;
}

Array matmul(const Array& a, const Array& b, const MatmulOptions& options) {
  if (a.rank() == 0 || b.rank() == 0) {
    throw ShapeError({.where = "matmul",
                      .what = "A scalar has no axis to multiply over",
                      .expected = "Arrays of rank 1 or more",
                      .received = a.shape().to_string() + " and " + b.shape().to_string(),
                      .hint = "use multiply for a product with a number"});
  }
  auto [x, y] = elementwise::promoted(a, b);
  MatmulAttrs attrs{options.transpose_a, options.transpose_b};
  const bool a_vector = x.rank() == 1, b_vector = y.rank() == 1;
  // A vector on the left is a row, on the right a column, whatever the flags say.
  if (a_vector) x = expand_dims(x, 0), attrs.transpose_a = false;
  if (b_vector) y = expand_dims(y, 1), attrs.transpose_b = false;
  Array out = make_op(matmul_op(), {x, y}, make_attrs(attrs));
  if (a_vector && b_vector) return reshape(out, Shape{});
  if (a_vector) return squeeze(out, -2);
  if (b_vector) return squeeze(out, -1);
  return out;
}

}  // namespace danlu
