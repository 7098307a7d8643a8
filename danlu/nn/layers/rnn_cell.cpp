#include "danlu/nn/layers/rnn_cell.h"

#include "danlu/base/error.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"

namespace danlu {
namespace {

Array swap_time(const Array& x) { return swapaxes(x, 0, 1); }

/// A mask with as many axes as `x`.
Array with_rank_of(Array mask, const Array& x) {
  while (mask.rank() < x.rank()) mask = expand_dims(mask, -1);
  return mask;
}

LoopResult scan_cell(RNNCell& cell, const Array& sequence, const std::vector<Array>& initial,
                     const Array& mask, bool unroll, const CallContext& context) {
  const int64_t time = sequence.shape()[1];
  const CellStep step = cell.step(sequence.shape().without_axis(1), sequence.dtype(), context);
  std::vector<Array> xs = {swap_time(step.project ? step.project(sequence) : sequence)};
  if (mask.defined()) xs.push_back(swap_time(mask));
  Array last;
  const auto one = [&](const std::vector<Array>& states, const std::vector<Array>& x) {
    std::vector<Array> next = step.advance(x[0], states);
    Array output = next[0];
    next.erase(next.begin());
    if (x.size() > 1) {
      const Array& repeated = states[cell.output_state()];
      output = where(with_rank_of(x[1], output), output, repeated);
      for (size_t i = 0; i < next.size(); ++i) {
        next[i] = where(with_rank_of(x[1], next[i]), next[i], states[i]);
      }
    }
    return std::pair{next, output};
  };
  const auto [states, outputs] = scan(one, initial, xs, {.unroll = unroll ? time : 1});
  return {swap_time(outputs), states};
}

}  // namespace

RNNCell& as_cell(const std::string& where, const Layer& layer) {
  if (auto* cell = dynamic_cast<RNNCell*>(layer.impl().get())) return *cell;
  throw ValueError({.where = where,
                    .what = "This is no cell of a recurrent layer",
                    .expected = "a layer that is an RNNCell: SimpleRNNCell, LSTMCell, GRUCell, "
                                "StackedRNNCells, or a class of your own",
                    .received = layer.impl() ? layer->type() : "no layer"});
}

std::vector<Array> states_or_zeros(const std::vector<Array>& given,
                                   const std::vector<Shape>& shapes, DType dtype) {
  if (!given.empty() && given.size() != shapes.size()) {
    throw ValueError({.what = "The number of initial states is wrong",
                      .expected = std::to_string(shapes.size()) + " behind the sequence, or none",
                      .received = std::to_string(given.size())});
  }
  std::vector<Array> states;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (given.empty()) {
      states.push_back(zeros(shapes[i], dtype));
      continue;
    }
    if (given[i].shape() != shapes[i]) {
      throw ShapeError({.what = "Initial state " + std::to_string(i) + " has the wrong shape",
                        .expected = shapes[i].to_string(),
                        .received = given[i].shape().to_string()});
    }
    states.push_back(cast(given[i], dtype));
  }
  return states;
}

LoopResult run_cell(RNNCell& cell, const Array& sequence, const std::vector<Array>& states,
                    const Array& mask, const LoopOptions& options, const CallContext& context) {
  const auto in_order = [&](const Array& x) { return options.go_backwards ? flip(x, {1}) : x; };
  const Array x = in_order(sequence);
  const Array counts = mask.defined() ? in_order(cast(mask, DType::bool_)) : Array();
  std::optional<LoopResult> all;
  if (!options.unroll) all = cell.run(x, states, counts, context);
  if (!all) all = scan_cell(cell, x, states, counts, options.unroll, context);
  if (mask.defined() && options.zero_output_for_mask) {
    all->outputs = where(with_rank_of(counts, all->outputs), all->outputs, 0);
  }
  return *all;
}

Array loop_mask(const CallContext& context, bool zero_states) {
  const Array given = context.tensor("mask");
  return given.defined() || !zero_states ? given : context.mask();
}

Array dropout_factors(Variable& seed_state, const Shape& shape, double rate, DType dtype) {
  SeedGenerator generator;
  generator.set_state(seed_state);
  const Array keep = random::bernoulli(generator.next(), shape, 1 - rate);
  seed_state.assign(generator.state());
  return cast(keep, dtype) * (rate == 1 ? 0 : 1 / (1 - rate));
}

}  // namespace danlu
