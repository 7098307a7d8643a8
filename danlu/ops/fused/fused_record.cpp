#include "danlu/ops/fused/fused_record.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/enumerator.h"

namespace danlu::fused {

Array activate(const Array& x, FusedActivation activation) {
  switch (activation) {
    case FusedActivation::relu:
      return relu(x);
    case FusedActivation::sigmoid:
      return sigmoid(x);
    case FusedActivation::tanh:
      return tanh(x);
    case FusedActivation::none:
      break;
  }
  return x;
}

Array finish(const Array& x, std::span<const Array> inputs, FusedActivation activation) {
  return activate(inputs.size() > 2 ? add(x, inputs[2]) : x, activation);
}

void check_epilogue(const InferContext& c, int64_t channels, FusedActivation activation) {
  require_enumerator(c, "activation", activation, FusedActivation::tanh);
  if (c.inputs.size() != 2 && c.inputs.size() != 3) {
    throw ValueError({.where = c.where(),
                      .what = "The number of inputs is wrong",
                      .expected = "2, or 3 with a bias",
                      .received = std::to_string(c.inputs.size())});
  }
  if (c.inputs.size() == 2) return;
  const TensorSpec& bias = c.inputs[2];
  if (bias.dtype != c.inputs[0].dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "The bias has another dtype than the input",
                      .expected = std::string(name(c.inputs[0].dtype)),
                      .received = bias.to_string()});
  }
  if (bias.shape != Shape{channels}) {
    throw ShapeError({.where = c.where(),
                      .what = "The bias has the wrong shape",
                      .expected = Shape{channels}.to_string(),
                      .received = bias.shape.to_string()});
  }
}

}  // namespace danlu::fused
