#include "danlu/nn/probe.h"

#include "danlu/core/variable.h"
#include "danlu/nn/config_types.h"

namespace danlu {
namespace {

/// `inputs` with numbers in place of unknown dimensions.
std::vector<TensorSpec> filled(std::vector<TensorSpec> inputs, int64_t batch, int64_t other) {
  for (TensorSpec& spec : inputs) {
    for (int axis = 0; axis < spec.shape.rank(); ++axis) {
      if (spec.shape[axis] == kNone) {
        spec.shape = spec.shape.with_dim(axis, axis == 0 ? batch : other);
      }
    }
  }
  return inputs;
}

}  // namespace

std::vector<TensorSpec> probe_outputs(
    const std::vector<TensorSpec>& inputs,
    const std::function<std::vector<Array>(const std::vector<Array>&)>& compute) {
  const auto outputs_for = [&](const std::vector<TensorSpec>& specs) {
    std::vector<Array> placeholders;
    for (const TensorSpec& spec : specs) placeholders.push_back(make_placeholder(spec));
    const StateScope discarded;
    std::vector<TensorSpec> outputs;
    for (const Array& y : compute(placeholders)) outputs.push_back(y.spec());
    return outputs;
  };
  const std::vector<TensorSpec> first = filled(inputs, 2, 64);
  std::vector<TensorSpec> outputs = outputs_for(first);
  if (first == inputs) return outputs;
  const std::vector<TensorSpec> others = outputs_for(filled(inputs, 3, 96));
  for (size_t i = 0; i < outputs.size(); ++i) {
    Shape& shape = outputs[i].shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != others[i].shape[axis]) shape = shape.with_dim(axis, kNone);
    }
  }
  return outputs;
}

}  // namespace danlu
