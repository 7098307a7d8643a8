// Every op record in forward mode against reverse mode.

#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/ops.h"
#include "danlu/ops/registry.h"
#include "tests/support/op_calls.h"

namespace danlu {
namespace {

using cpu::testing::Call;
using testing_support::arrays_of_call;
using testing_support::title;
using testing_support::weights;

Array weighted_sum(const std::vector<Array>& terms, const std::vector<Array>& factors) {
  Array total = Array::scalar(0, DType::float64);
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!is_floating(terms[i].dtype())) continue;
    total = total + sum(cast(terms[i], DType::float64) * cast(factors[i], DType::float64));
  }
  return total;
}

TEST(TransformSweep, ForwardModeIsTheTransposeOfReverseMode) {
  int checked = 0;
  for (const OpDef* op : all_ops()) {
    if (!op->differentiable()) continue;
    for (const OpSample& sample : op->samples()) {
      if (!sample.differentiable) continue;
      const Call call = cpu::testing::make_call(*op, sample, 3);
      const auto inputs = arrays_of_call(call, DType::float64);
      std::vector<Array> variables, directions;
      std::vector<size_t> places;
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (!is_floating(inputs[i].dtype())) continue;
        places.push_back(i);
        variables.push_back(inputs[i]);
        directions.push_back(weights(inputs[i].shape(), static_cast<int>(i)));
      }
      if (variables.empty()) continue;
      const auto f = [&](const std::vector<Array>& x) {
        std::vector<Array> all = inputs;
        for (size_t i = 0; i < x.size(); ++i) all[places[i]] = x[i];
        std::vector<Array> floating;
        for (const Array& y : make_op_outputs(*op, all, sample.attrs)) {
          if (is_floating(y.dtype())) floating.push_back(y);
        }
        return floating;
      };
      const auto [outputs, tangents] = jvp(f, variables, directions);
      if (outputs.empty()) continue;
      std::vector<Array> seeds;
      for (size_t i = 0; i < outputs.size(); ++i) {
        seeds.push_back(
            cast(weights(outputs[i].shape(), 11 + static_cast<int>(i)), outputs[i].dtype()));
        ASSERT_EQ(tangents[i].spec(), outputs[i].spec()) << title(*op, sample);
      }
      const std::vector<Array> grads = vjp(f, variables).second(seeds);
      const Array forward = weighted_sum(seeds, tangents);
      const Array reverse = weighted_sum(grads, directions);
      std::vector<Array> sizes;
      for (const Array& x : tangents) sizes.push_back(abs(x));
      const Array magnitude = weighted_sum(sizes, seeds);
      eval({forward, reverse, magnitude});
      EXPECT_NEAR(forward.item<double>(), reverse.item<double>(),
                  1e-12 * (1 + std::fabs(magnitude.item<double>()) +
                           10 * std::fabs(forward.item<double>())))
          << title(*op, sample);
      ++checked;
    }
  }
  EXPECT_GT(checked, 200);
}

}  // namespace
}  // namespace danlu
