#include "danlu/ops/fft/fft_record.h"

#include <cmath>

#include "danlu/base/error.h"

namespace danlu::fourier {

void check(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  if (x.dtype != DType::float32 && x.dtype != DType::float64) {
    throw DTypeError({.where = c.where(),
                      .what = "The input has a dtype that is not transformed",
                      .expected = "float32 or float64",
                      .received = x.to_string(),
                      .hint = "cast(x, DType::float32)"});
  }
  if (x.shape.rank() == 0 || x.shape[-1] < 1) {
    throw ShapeError({.where = c.where(),
                      .what = "There is nothing to transform",
                      .expected = "a last axis of one element or more",
                      .received = x.shape.to_string()});
  }
  if (c.inputs.size() > 1 && c.inputs[1] != x) {
    throw ShapeError({.where = c.where(),
                      .what = "The real and the imaginary parts differ",
                      .expected = "two Arrays of one shape and dtype",
                      .received = x.to_string() + " and " + c.inputs[1].to_string()});
  }
}

double flops(const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  const auto n = static_cast<double>(std::max(in[0].shape[-1], out[0].shape[-1]));
  const auto count =
      static_cast<double>(std::max(in[0].shape.num_elements(), out[0].shape.num_elements()));
  return 5 * count * std::log2(n + 1);
}

std::vector<int64_t> sample_lengths() {
  return {1,  2,  3,  4,  5,  7,  8,  9,   12,  16,  17,  30,
          32, 45, 49, 60, 64, 74, 97, 120, 128, 243, 512, 1000};
}

}  // namespace danlu::fourier
