#include "danlu/backends/cpu/ref/conv.h"

#include <gtest/gtest.h>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::dot;
using testing::make_call;
using testing::run;

TEST(ConvReference, ComputesAHandMadeExample) {
  const Call call{.op = &conv2d_op(),
                  .attrs = make_attrs(Conv2DAttrs{}),
                  .inputs = {{{1, 3, 3, 1}, DType::float64}, {{2, 2, 1, 1}, DType::float64}},
                  .values = {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 10, 100, 1000}}};
  EXPECT_EQ(run(call, "ref")[0], (std::vector<double>{5421, 6532, 8754, 9865}));
}

TEST(ConvReference, PadsDilatesAndStridesAsTheFormulaSays) {
  const Call call{
      .op = &conv2d_op(),
      .attrs = make_attrs(Conv2DAttrs{
          .strides = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}, .dilation_rate = {2, 2}}),
      .inputs = {{{1, 4, 4, 1}, DType::float64}, {{2, 2, 1, 1}, DType::float64}},
      .values = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, {1, 10, 100, 1000}}};
  // Taps at rows and columns {−1, 1} and {1, 3}.
  EXPECT_EQ(run(call, "ref")[0], (std::vector<double>{6000, 8600, 14060, 17486}));
}

// conv2d is linear in x and in the kernel, and the backward ops are its transposes.
TEST(ConvReference, BackwardOpsAreTheTransposes) {
  const auto forward = conv2d_op().samples();
  const auto to_input = conv2d_backward_input_op().samples();
  const auto to_kernel = conv2d_backward_kernel_op().samples();
  for (size_t i = 0; i < forward.size(); ++i) {
    SCOPED_TRACE(forward[i].label);
    const Call y = make_call(conv2d_op(), forward[i], i).with_float(DType::float64);
    Call dx = make_call(conv2d_backward_input_op(), to_input[i], i + 100);
    dx = dx.with_float(DType::float64);
    dx.values[1] = y.values[1];
    Call dk = make_call(conv2d_backward_kernel_op(), to_kernel[i], 0).with_float(DType::float64);
    dk.values = {y.values[0], dx.values[0]};
    const double product = dot(run(y, "ref")[0], dx.values[0]);
    const double scale = 1 + std::abs(product);
    EXPECT_NEAR(dot(run(dx, "ref")[0], y.values[0]), product, 1e-11 * scale);
    EXPECT_NEAR(dot(run(dk, "ref")[0], y.values[1]), product, 1e-11 * scale);
  }
}

}  // namespace
}  // namespace danlu::cpu
