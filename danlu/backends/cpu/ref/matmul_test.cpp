#include "danlu/backends/cpu/ref/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::run;

TEST(MatmulReference, MultipliesEveryDType) {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16, DType::int32,
                            DType::int64, DType::uint8}) {
    const Call call{.op = &matmul_op(),
                    .attrs = make_attrs(MatmulAttrs{}),
                    .inputs = {{{2, 3}, dtype}, {{3, 2}, dtype}},
                    .values = {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}}};
    EXPECT_EQ(run(call, "ref")[0], (std::vector<double>{22, 28, 49, 64})) << name(dtype);
  }
}

TEST(MatmulReference, TransposesAndBroadcastsByTheFormula) {
  const Call call{.op = &matmul_op(),
                  .attrs = make_attrs(MatmulAttrs{true, true}),
                  .inputs = {{{2, 1, 2, 1}, DType::float32}, {{2, 3, 2}, DType::float32}},
                  .values = {{1, 10, 100, 1000}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}};
  EXPECT_EQ(run(call, "ref")[0],
            (std::vector<double>{21, 43, 65, 87, 109, 131, 2100, 4300, 6500, 8700, 10900, 13100}));
}

TEST(SoftmaxReference, RowsSumToOneAndLogAgrees) {
  for (const OpSample& sample : softmax_op().samples()) {
    SCOPED_TRACE(sample.label);
    const Call call = make_call(softmax_op(), sample).with_float(DType::float64);
    Call log_call = call;
    log_call.op = &log_softmax_op();
    const auto p = run(call, "ref")[0];
    const auto log_p = run(log_call, "ref")[0];
    const auto classes = static_cast<size_t>(sample.inputs[0].shape[-1]);
    for (size_t i = 0; i < p.size(); i += classes) {
      EXPECT_NEAR(std::accumulate(p.begin() + i, p.begin() + i + classes, 0.0), 1, 1e-14);
      for (size_t c = i; c < i + classes; ++c) EXPECT_NEAR(std::log(p[c]), log_p[c], 1e-12);
    }
  }
}

}  // namespace
}  // namespace danlu::cpu
