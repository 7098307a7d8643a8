#include "danlu/backends/cpu/ref/pool.h"

#include <gtest/gtest.h>

#include <limits>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::dot;
using testing::make_call;
using testing::run;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(PoolReference, TheFirstMaximumWinsAndNaNBeatsNumbers) {
  const double inf = std::numeric_limits<double>::infinity();
  const Call call{.op = &max_pool2d_op(),
                  .attrs = make_attrs(Pool2DAttrs{}),
                  .inputs = {{{1, 2, 8, 1}, DType::float32}},
                  .values = {{1, 3, -inf, -inf, kNaN, 9, 5, kNaN,  //
                              3, 2, -inf, -inf, 1, kNaN, 7, 8}}};
  const auto outputs = run(call, "ref");
  EXPECT_EQ(testing::relative_error(outputs[0], {3, -inf, kNaN, kNaN}), 0);
  EXPECT_EQ(outputs[1], (std::vector<double>{1, 0, 0, 1}));
}

TEST(PoolReference, PaddingNeverWins) {
  const Call call{.op = &max_pool2d_op(),
                  .attrs = make_attrs(Pool2DAttrs{.pad_before = {1, 1}, .pad_after = {1, 1}}),
                  .inputs = {{{1, 2, 2, 1}, DType::float32}},
                  .values = {{-4, -3, -2, -1}}};
  const auto outputs = run(call, "ref");
  EXPECT_EQ(outputs[0], (std::vector<double>{-4, -3, -2, -1}));
  EXPECT_EQ(outputs[1], (std::vector<double>{3, 2, 1, 0}));
}

TEST(PoolReference, GatherIsTheTransposeOfBackward) {
  const auto to_image = max_pool2d_backward_op().samples();
  const auto to_pooled = max_pool2d_gather_op().samples();
  for (size_t i = 0; i < to_image.size(); ++i) {
    SCOPED_TRACE(to_image[i].label);
    const Call backward = make_call(max_pool2d_backward_op(), to_image[i], 1);
    const Call gather = make_call(max_pool2d_gather_op(), to_pooled[i], 2);
    EXPECT_NEAR(dot(run(backward.with_float(DType::float64), "ref")[0], gather.values[0]),
                dot(run(gather.with_float(DType::float64), "ref")[0], backward.values[0]), 1e-9);
  }
}

TEST(PoolReference, BackwardTakesWhatForwardChose) {
  for (const OpSample& sample : max_pool2d_op().samples()) {
    SCOPED_TRACE(sample.label);
    const Call forward = make_call(max_pool2d_op(), sample);
    const auto outputs = run(forward, "ref");
    Call gather{.op = &max_pool2d_gather_op(),
                .attrs = sample.attrs,
                .inputs = {forward.inputs[0], forward.outputs()[1]},
                .values = {forward.values[0], outputs[1]}};
    EXPECT_EQ(run(gather, "ref")[0], outputs[0]);
  }
}

TEST(PoolReference, AveragesWithoutThePadding) {
  const Call call{.op = &average_pool2d_op(),
                  .attrs = make_attrs(Pool2DAttrs{.pad_after = {1, 0}}),
                  .inputs = {{{1, 3, 2, 1}, DType::float64}},
                  .values = {{1, 2, 3, 4, 5, 6}}};
  EXPECT_EQ(run(call, "ref")[0], (std::vector<double>{2.5, 5.5}));
  const auto forward = average_pool2d_op().samples();
  const auto back = average_pool2d_backward_op().samples();
  for (size_t i = 0; i < forward.size(); ++i) {
    SCOPED_TRACE(forward[i].label);
    const Call y = make_call(average_pool2d_op(), forward[i], 3).with_float(DType::float64);
    const Call x = make_call(average_pool2d_backward_op(), back[i], 4).with_float(DType::float64);
    EXPECT_NEAR(dot(run(y, "ref")[0], x.values[0]), dot(run(x, "ref")[0], y.values[0]), 1e-9);
  }
}

}  // namespace
}  // namespace danlu::cpu
