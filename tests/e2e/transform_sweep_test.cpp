// Every op record under the transforms: forward mode against reverse mode, vmap against a loop.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/autodiff/vmap.h"
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

/// The inputs of `size` calls, stacked along axis `axis` (−1: the last) where `batched`.
std::vector<Array> stacked_inputs(const OpDef& op, const OpSample& sample,
                                  const std::vector<bool>& batched, int64_t size, int64_t axis) {
  std::vector<std::vector<Array>> calls;
  for (int64_t k = 0; k < size; ++k) {
    calls.push_back(arrays_of_call(cpu::testing::make_call(op, sample, 3 + uint64_t(k))));
  }
  std::vector<Array> inputs;
  for (size_t i = 0; i < batched.size(); ++i) {
    std::vector<Array> elements;
    for (const auto& call : calls) elements.push_back(call[i]);
    inputs.push_back(batched[i] ? stack(elements, axis) : elements[0]);
  }
  return inputs;
}

void check_vmap(const OpDef& op, const OpSample& sample, const std::vector<bool>& batched,
                int64_t axis) {
  constexpr int64_t kSize = 3;
  const auto inputs = stacked_inputs(op, sample, batched, kSize, axis);
  VmapOptions options;
  options.in_axes.clear();
  options.out_axes = {axis};
  for (size_t i = 0; i < batched.size(); ++i) {
    options.in_axes.push_back(batched[i] ? BatchAxis(axis) : std::nullopt);
  }
  // vmap takes an axis per argument; the elements of this vector are what differs.
  std::vector<Array> mapped, results;
  internal::VmapCall call(options, batched.size());
  for (size_t i = 0; i < inputs.size(); ++i) mapped.push_back(call.element(inputs[i], i));
  results = call.batched(make_op_outputs(op, mapped, sample.attrs));

  std::vector<std::vector<Array>> expected(results.size());
  for (int64_t k = 0; k < kSize; ++k) {
    std::vector<Array> element = inputs;
    for (size_t i = 0; i < element.size(); ++i) {
      if (batched[i]) element[i] = take(inputs[i], Array::scalar(double(k), DType::int32), axis);
    }
    const auto outputs = make_op_outputs(op, element, sample.attrs);
    for (size_t i = 0; i < outputs.size(); ++i) expected[i].push_back(outputs[i]);
  }
  std::vector<Array> all = results;
  for (auto& elements : expected) {
    elements = {stack(elements, axis)};
    all.push_back(elements[0]);
  }
  eval(all);
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].spec(), expected[i][0].spec()) << title(op, sample);
    const double tolerance = !is_floating(results[i].dtype())        ? 0
                             : results[i].dtype() == DType::bfloat16 ? 2e-2
                                                                     : 4 * sample.tolerance + 1e-6;
    std::string which;
    for (bool b : batched) which += b ? "b" : "-";
    EXPECT_LE(cpu::testing::relative_error(results[i].to_vector<double>(),
                                           expected[i][0].to_vector<double>()),
              tolerance)
        << title(op, sample) << ", batched " << which << ", axis " << axis << ", output " << i;
  }
}

TEST(TransformSweep, VmapEqualsALoop) {
  int checked = 0;
  for (const OpDef* op : all_ops()) {
    if (op->symbolic_only) continue;
    for (const OpSample& sample : op->samples()) {
      const size_t count = sample.inputs.size();
      if (count == 0) continue;
      bool fits = true;
      for (const TensorSpec& spec : sample.inputs) fits &= spec.shape.rank() < Shape::kMaxRank;
      if (!fits) continue;
      check_vmap(*op, sample, std::vector<bool>(count, true), 0);
      check_vmap(*op, sample, std::vector<bool>(count, true), -1);
      for (size_t i = 0; count > 1 && i < count; ++i) {
        std::vector<bool> one(count, false);
        one[i] = true;
        check_vmap(*op, sample, one, 0);
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 250);
}

TEST(TransformSweep, VmapOverAnEmptyBatch) {
  for (const OpDef* op : all_ops()) {
    if (op->symbolic_only || op->samples()[0].inputs.empty()) continue;
    const OpSample sample = op->samples()[0];
    std::vector<Array> inputs;
    const VmapOptions options;
    internal::VmapCall call(options, 1);
    for (const TensorSpec& spec : sample.inputs) {
      inputs.push_back(call.element(zeros(spec.shape.with_axis_inserted(0, 0), spec.dtype), 0));
    }
    const auto outputs = make_op_outputs(*op, inputs, sample.attrs);
    const auto results = call.batched(outputs);
    eval(results);
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(results[i].shape(), outputs[i].shape().with_axis_inserted(0, 0)) << op->name;
    }
  }
}

}  // namespace
}  // namespace danlu
