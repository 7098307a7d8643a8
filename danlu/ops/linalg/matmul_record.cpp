#include "danlu/ops/linalg/matmul_record.h"

#include "danlu/base/error.h"

namespace danlu::linalg {

TensorSpec infer_matmul(const InferContext& c, const MatmulAttrs& attrs) {
  const TensorSpec& a = c.inputs[0];
  const TensorSpec& b = c.inputs[1];
  const std::string received = a.to_string() + " and " + b.to_string();
  if (a.dtype != b.dtype || a.dtype == DType::bool_) {
    throw DTypeError({.where = c.where(),
                      .what = "The matrices cannot be multiplied as they are stored",
                      .expected = "two Arrays of one dtype other than bool",
                      .received = received,
                      .hint = "cast one of them"});
  }
  if (a.shape.rank() < 2 || b.shape.rank() < 2) {
    throw ShapeError({.where = c.where(),
                      .what = "A matrix product needs matrices",
                      .expected = "rank 2 or more",
                      .received = received});
  }
  const int64_t m = a.shape[attrs.transpose_a ? -1 : -2];
  const int64_t k = a.shape[attrs.transpose_a ? -2 : -1];
  const int64_t k2 = b.shape[attrs.transpose_b ? -1 : -2];
  const int64_t n = b.shape[attrs.transpose_b ? -2 : -1];
  if (k != k2) {
    auto name = [](const char* which, bool transposed) {
      return std::string(which) + (transposed ? " (transposed)" : "");
    };
    throw ShapeError(
        {.where = c.where(),
         .what = "The inner dimensions differ",
         .expected = "as many columns of " + name("a", attrs.transpose_a) + " as rows of " +
                     name("b", attrs.transpose_b),
         .received = std::to_string(k) + " and " + std::to_string(k2) + ", from " + received});
  }
  auto batch = [](const Shape& s) { return Shape(s.dims().first(s.rank() - 2)); };
  auto dims = broadcast_shapes(batch(a.shape), batch(b.shape), c.where()).to_vector();
  dims.push_back(m);
  dims.push_back(n);
  return {Shape(dims), a.dtype};
}

double matmul_flops(const MatmulAttrs& attrs, std::span<const TensorSpec> in,
                    std::span<const TensorSpec> out) {
  const int64_t k = in[0].shape[attrs.transpose_a ? -2 : -1];
  return 2.0 * static_cast<double>(out[0].shape.num_elements()) * static_cast<double>(k);
}

std::vector<OpSample> matmul_samples() {
  const DType f = DType::float32;
  auto sample = [&](std::string label, Shape a, Shape b, bool ta = false, bool tb = false) {
    return OpSample{.label = std::move(label),
                    .inputs = {{a, f}, {b, f}},
                    .attrs = make_attrs(MatmulAttrs{ta, tb}),
                    .tolerance = 1e-5};
  };
  return {
      sample("xor", {4, 2}, {2, 8}),
      sample("odd sizes", {7, 13}, {13, 5}),
      sample("a transposed", {13, 7}, {13, 5}, true, false),
      sample("b transposed", {7, 13}, {5, 13}, false, true),
      sample("both transposed", {13, 7}, {5, 13}, true, true),
      sample("row by column", {1, 17}, {17, 1}),
      sample("dense", {32, 100}, {100, 33}),
      sample("batched", {3, 4, 5}, {3, 5, 6}),
      sample("batch broadcast", {2, 1, 4, 5}, {3, 5, 2}),
      sample("matrix by batch", {4, 5}, {3, 6, 5}, false, true),
      sample("inner dimension 0", {3, 0}, {0, 2}),
      sample("empty", {0, 3}, {3, 2}),
  };
}

}  // namespace danlu::linalg
