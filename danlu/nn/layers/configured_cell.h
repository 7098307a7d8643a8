#pragma once

#include <utility>
#include <vector>

#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/ops/manipulation.h"

namespace danlu {

/// A cell described by a config struct; as a layer it takes {x, states…} one step on and gives
/// {output, states…}.
template <class Config>
class ConfiguredCell : public ConfiguredLayer<Config>, public RNNCell {
 public:
  using ConfiguredLayer<Config>::ConfiguredLayer;
  std::vector<std::string> input_arguments() const override { return {"inputs", "states"}; }

 protected:
  Shape output_shape(const Shape& input) const override {
    return this->state_shapes(input)[this->output_state()];
  }
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    std::vector<Shape> shapes = this->state_shapes(inputs.at(0));
    shapes.insert(shapes.begin(), Shape(shapes[this->output_state()]));
    return shapes;
  }
  void build_inputs(const std::vector<Shape>& inputs) override { this->build(inputs.at(0)); }

  Array call(const Array& x, const CallContext& context) override {
    return this->call_inputs({x}, context)[0];
  }
  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const Array& x = inputs.at(0);
    const std::vector<Array> states = states_or_zeros({inputs.begin() + 1, inputs.end()},
                                                      this->state_shapes(x.shape()), x.dtype());
    const CellStep step = this->step(x.shape(), x.dtype(), context);
    return step.advance(step.project ? squeeze(step.project(expand_dims(x, 1)), 1) : x, states);
  }
};

}  // namespace danlu
