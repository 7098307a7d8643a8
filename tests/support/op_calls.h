#pragma once

#include <string>
#include <vector>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// Calls of ops from the samples of their records, as Arrays.
namespace danlu::testing_support {

inline std::string title(const OpDef& op, const OpSample& sample) {
  return std::string(op.name) + " (" + sample.label + ")";
}

/// The inputs, with float32 replaced by `dtype`.
inline std::vector<Array> arrays_of_call(const cpu::testing::Call& call,
                                         DType dtype = DType::float32) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const TensorSpec& spec = call.inputs[i];
    const DType wanted = spec.dtype == DType::float32 ? dtype : spec.dtype;
    auto buffer = cpu::testing::internal::encode(call.values[i], wanted);
    inputs.push_back(Array::from_buffer(std::move(buffer), {spec.shape, wanted}));
  }
  return inputs;
}

/// Numbers for weights: fixed, of both signs, none near 0.
inline Array weights(const Shape& shape, int salt) {
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto k = static_cast<double>((i * 29 + static_cast<size_t>(salt) * 13) % 31);
    values[i] = (i % 3 == 0 ? -1 : 1) * (0.5 + k / 31);
  }
  return Array(values, shape);
}

}  // namespace danlu::testing_support
