#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/nn/layers/rnn_cell.h"
#include "danlu/nn/layers/wrappers.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

bool flag(const Json& config, const char* name) {
  const Json* value = config.find(name);
  return value != nullptr && value->as_bool();
}

void check_layers(const BidirectionalConfig& c) {
  const std::string where = "Bidirectional";
  if (!c.layer.impl() || !c.layer->get_config().contains("go_backwards")) {
    throw ValueError({.where = where,
                      .what = "`layer` cannot read a sequence from its end",
                      .expected = "a recurrent layer, as LSTM",
                      .received = c.layer.impl() ? c.layer->type() : "no layer"});
  }
  if (c.merge_mode && *c.merge_mode != "concat" && *c.merge_mode != "sum" &&
      *c.merge_mode != "mul" && *c.merge_mode != "ave") {
    throw ValueError({.where = where,
                      .what = "`merge_mode` is unknown",
                      .expected = "\"concat\", \"sum\", \"mul\", \"ave\", or none",
                      .received = "\"" + *c.merge_mode + "\""});
  }
}

/// `layer` made anew, with the prefix of its direction.
Layer renamed(const Layer& layer, const std::string& prefix, std::optional<bool> go_backwards) {
  Json config = layer->get_config();
  const std::string& name = layer.name();
  config.set("name", name.starts_with(prefix) ? name : prefix + name);
  if (go_backwards) config.set("go_backwards", *go_backwards);
  return layer_from_config(layer->type(), config);
}

BidirectionalConfig with_both_layers(BidirectionalConfig c) {
  check_layers(c);
  const Layer given = c.layer;
  c.layer = renamed(given, "forward_", {});
  if (!c.backward_layer.impl()) c.backward_layer = renamed(given, "backward_", true);
  const Json forward = c.layer->get_config(), backward = c.backward_layer->get_config();
  if (flag(forward, "go_backwards") == flag(backward, "go_backwards")) {
    throw ValueError({.where = "Bidirectional",
                      .what = "Both layers read in the same direction",
                      .expected = "`go_backwards` for one of them",
                      .received = std::string("go_backwards=") +
                                  (flag(forward, "go_backwards") ? "true" : "false") +
                                  " for both"});
  }
  for (const char* name : {"stateful", "return_sequences", "return_state"}) {
    if (flag(forward, name) == flag(backward, name)) continue;
    throw ValueError({.where = "Bidirectional",
                      .what = std::string("The layers differ in `") + name + "`",
                      .expected = "the same for both",
                      .received = flag(forward, name) ? "true for the forward layer only"
                                                      : "true for the backward layer only"});
  }
  for (const Layer& layer : {c.layer, c.backward_layer}) {
    if (auto* loop = dynamic_cast<RecurrentLoop*>(layer.impl().get())) {
      loop->set_zero_output_for_mask(flag(forward, "return_sequences"));
    }
  }
  return c;
}

class BidirectionalImpl final : public ConfiguredLayer<BidirectionalConfig>, public RecurrentLoop {
 public:
  explicit BidirectionalImpl(BidirectionalConfig c)
      : ConfiguredLayer("Bidirectional", with_both_layers(std::move(c))),
        forward_(config().layer),
        backward_(config().backward_layer),
        return_sequences_(flag(forward_->get_config(), "return_sequences")) {}

  std::vector<Layer> sublayers() const override { return {forward_, backward_}; }
  bool supports_masking() const override { return true; }
  std::vector<std::string> input_arguments() const override {
    return {"sequences", "initial_state"};
  }
  void reset_state() override {
    danlu::reset_state(forward_);
    danlu::reset_state(backward_);
  }
  void set_zero_output_for_mask(bool) override {}

  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>& masks) const override {
    if (!return_sequences_ || masks.empty()) return {};
    return std::vector<Array>(config().merge_mode ? 1 : 2, masks[0]);
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    std::vector<Shape> shapes = forward_->compute_output_shapes({inputs.at(0)});
    const std::vector<Shape> others = backward_->compute_output_shapes({inputs.at(0)});
    shapes.insert(shapes.end(), others.begin() + 1, others.end());
    if (!config().merge_mode) {
      shapes.insert(shapes.begin() + 1, others[0]);
    } else if (*config().merge_mode == "concat") {
      shapes[0] = shapes[0].with_dim(shapes[0].rank() - 1, shapes[0][-1] + others[0][-1]);
    }
    return shapes;
  }

  void build_inputs(const std::vector<Shape>& inputs) override {
    forward_->ensure_built(inputs.at(0));
    backward_->ensure_built(inputs.at(0));
  }

  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override {
    const auto states = static_cast<std::ptrdiff_t>(inputs.size() - 1);
    if (states % 2 != 0) {
      throw ValueError({.what = "The number of initial states is wrong",
                        .expected = "as many for the forward layer as for the backward layer",
                        .received = std::to_string(states)});
    }
    std::vector<Array> forward_inputs(inputs.begin(), inputs.begin() + 1 + states / 2);
    std::vector<Array> backward_inputs = {inputs[0]};
    backward_inputs.insert(backward_inputs.end(), inputs.begin() + 1 + states / 2, inputs.end());
    CallContext inner{.training = context.training};
    const Array mask = loop_mask(context, states == 0);
    if (mask.defined()) inner.tensors.emplace("mask", mask);
    std::vector<Array> all = forward_(forward_inputs, inner);
    const std::vector<Array> others = backward_(backward_inputs, inner);
    const Array backward = return_sequences_ ? flip(others[0], {1}) : others[0];
    all.insert(all.end(), others.begin() + 1, others.end());
    if (config().merge_mode) {
      all[0] = merge(all[0], backward);
    } else {
      all.insert(all.begin() + 1, backward);
    }
    return all;
  }

  Array merge(const Array& forward, const Array& backward) const {
    const std::string& mode = *config().merge_mode;
    if (mode == "sum") return forward + backward;
    if (mode == "mul") return forward * backward;
    if (mode == "ave") return (forward + backward) / 2;
    return concatenate({forward, backward}, -1);
  }

  Layer forward_, backward_;
  bool return_sequences_;
};

}  // namespace

Bidirectional::Bidirectional(BidirectionalConfig config)
    : Layer(std::make_shared<BidirectionalImpl>(std::move(config))) {}

void Bidirectional::reset_state() const { danlu::reset_state(*this); }

}  // namespace danlu
