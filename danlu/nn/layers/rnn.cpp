#include "danlu/nn/layers/rnn.h"

#include <utility>

#include "danlu/nn/layers/configured_cell.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/layers/rnn_layer.h"

namespace danlu {
namespace {

class StackedRNNCellsImpl final : public ConfiguredCell<StackedRNNCellsConfig> {
 public:
  explicit StackedRNNCellsImpl(StackedRNNCellsConfig c)
      : ConfiguredCell("StackedRNNCells", std::move(c)) {
    check_at_least(where(), "number of cells", static_cast<int64_t>(config().cells.size()), 1);
    for (const Layer& layer : config().cells) cells_.push_back(&as_cell(where(), layer));
  }

  std::vector<Shape> state_shapes(const Shape& input) const override {
    std::vector<Shape> all;
    Shape shape = input;
    for (const RNNCell* cell : cells_) {
      const std::vector<Shape> states = cell->state_shapes(shape);
      shape = states[cell->output_state()];
      all.insert(all.end(), states.begin(), states.end());
    }
    return all;
  }
  size_t num_states() const override {
    size_t count = 0;
    for (const RNNCell* cell : cells_) count += cell->num_states();
    return count;
  }
  size_t output_state() const override {
    return num_states() - cells_.back()->num_states() + cells_.back()->output_state();
  }

  CellStep step(const Shape& input, DType dtype, const CallContext& context) override {
    std::vector<CellStep> steps;
    Shape shape = input;
    for (RNNCell* cell : cells_) {
      steps.push_back(cell->step(shape, dtype, context));
      shape = cell->state_shapes(shape)[cell->output_state()];
    }
    const auto advance = [steps, cells = cells_](const Array& x, const std::vector<Array>& states) {
      std::vector<Array> all(1);
      Array value = x;
      auto begin = states.begin();
      for (size_t i = 0; i < steps.size(); ++i) {
        if (i > 0 && steps[i].project) {
          value = squeeze(steps[i].project(expand_dims(value, 1)), 1);
        }
        const auto end = begin + static_cast<std::ptrdiff_t>(cells[i]->num_states());
        const std::vector<Array> results = steps[i].advance(value, {begin, end});
        value = results[0];
        all.insert(all.end(), results.begin() + 1, results.end());
        begin = end;
      }
      all[0] = value;
      return all;
    };
    return {.project = steps[0].project, .advance = advance};
  }

  /// One cell after the other over the whole sequence, where each knows a fast way.
  std::optional<LoopResult> run(const Array& sequence, const std::vector<Array>& states,
                                const Array& mask, const CallContext& context) override {
    LoopResult all{.outputs = sequence, .states = {}};
    auto begin = states.begin();
    for (size_t i = 0; i < cells_.size(); ++i) {
      const auto end = begin + static_cast<std::ptrdiff_t>(cells_[i]->num_states());
      const LoopResult one = run_cell(*cells_[i], all.outputs, {begin, end}, mask, {}, context);
      all.outputs = one.outputs;
      all.states.insert(all.states.end(), one.states.begin(), one.states.end());
      begin = end;
    }
    return all;
  }

 private:
  std::vector<Layer> sublayers() const override { return config().cells; }
  void build(const Shape& input) override {
    Shape shape = input;
    for (size_t i = 0; i < cells_.size(); ++i) {
      config().cells[i]->ensure_built(shape);
      shape = cells_[i]->state_shapes(shape)[cells_[i]->output_state()];
    }
  }

  std::vector<RNNCell*> cells_;
};

Layer make_rnn(RNNConfig config) {
  const Layer cell = config.cell;
  return Layer(std::make_shared<RNNLayer<RNNConfig>>("RNN", std::move(config), cell, 0,
                                                     "(batch, time, features…)"));
}

}  // namespace

RNN::RNN(RNNConfig config) : Layer(make_rnn(std::move(config))) {}

void RNN::reset_state() const { danlu::reset_state(*this); }

StackedRNNCells::StackedRNNCells(StackedRNNCellsConfig config)
    : Layer(std::make_shared<StackedRNNCellsImpl>(std::move(config))) {}

void reset_state(const Layer& layer) {
  if (auto* loop = dynamic_cast<RecurrentLoop*>(layer.impl().get())) loop->reset_state();
}

}  // namespace danlu
