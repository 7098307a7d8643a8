#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/view_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_view(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  const DType dtype = c.attrs_as<ViewAttrs>().dtype;
  const auto from = static_cast<int64_t>(size_of(x.dtype));
  const auto to = static_cast<int64_t>(size_of(dtype));
  if (from == to) return {{x.shape, dtype}};
  if (x.shape.rank() == 0 || x.shape[-1] * from % to != 0) {
    throw ShapeError({.where = c.where(),
                      .what = "The last axis does not hold a whole number of elements",
                      .expected = "a last axis whose bytes are a multiple of " +
                                  std::to_string(to) + ", the size of " + std::string(name(dtype)),
                      .received = x.to_string()});
  }
  return {{x.shape.with_dim(x.shape.rank() - 1, x.shape[-1] * from / to), dtype}};
}

/// A complex number is the pair of its parts, so between float32 and complex64 gradients pass; that
/// of the imaginary part has the other sign (elementwise/complex.cpp).
std::vector<Array> view_vjp(const GradContext& c) {
  const DType from = c.inputs[0].dtype(), to = c.outputs[0].dtype();
  const Array& g = c.output_grads[0];
  if (from == DType::float32 && to == DType::complex64) return {view(conj(g), from)};
  if (from == DType::complex64 && to == DType::float32) return {conj(view(g, from))};
  return {Array()};
}

std::vector<OpSample> view_samples() {
  const auto sample = [](Shape shape, DType from, DType to) {
    return OpSample{.label = TensorSpec{shape, from}.to_string() + " as " + std::string(name(to)),
                    .inputs = {{shape, from}},
                    .attrs = make_attrs(ViewAttrs{to}),
                    .low = 0,
                    .high = from == DType::uint8 ? 256 : 2e9,
                    .differentiable = false};
  };
  return {sample({3, 5}, DType::int32, DType::float32),
          sample({}, DType::int32, DType::float32),
          sample({2, 8}, DType::uint8, DType::int64),
          sample({4, 3}, DType::int32, DType::uint8),
          sample({0, 2}, DType::int32, DType::int64),
          sample({2, 3}, DType::complex64, DType::float32)};
}

}  // namespace

const OpDef& view_op() {
  static const OpDef op{
      .name = "view",
      .infer = infer_view,
      .vjp = view_vjp,
      .batch = batching::leading_axes,
      .samples = view_samples,
      .doc =
          "The same bytes as another dtype; the last axis takes up a difference in size. Gradients "
          "pass between float32 and complex64 alone.",
  };
  return op;
}

Array view(const Array& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return make_op(view_op(), {x}, make_attrs(ViewAttrs{dtype}));
}

}  // namespace danlu
