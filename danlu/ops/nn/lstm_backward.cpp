#include "danlu/ops/control_flow.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn/recurrent_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using recurrent::Kind;

std::vector<recurrent::Operand> operands(const RecurrentAttrs& attrs) {
  return recurrent::present(attrs, {{"gates", Kind::sequence, 4},
                                    {"cell states", Kind::sequence},
                                    {"initial cell state", Kind::state},
                                    {"recurrent kernel", Kind::matrix, 4},
                                    {"gradient of the states", Kind::sequence}});
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const recurrent::Sizes s = recurrent::check(c, operands(c.attrs_as<RecurrentAttrs>()));
  const TensorSpec state{{s.batch, s.units}, c.inputs[0].dtype};
  return {c.inputs[0], state, state};
}

std::vector<Array> decompose(const Attrs* all, std::span<const Array> inputs) {
  const auto& attrs = attrs_as<RecurrentAttrs>(all);
  const Array &kernel = inputs[3], &c0 = inputs[2];
  std::vector<Array> xs;
  for (const Array& x : {inputs[0], inputs[1], recurrent::shifted(c0, inputs[1])}) {
    xs.push_back(recurrent::swap_time(x));
  }
  for (size_t i = 4; i < inputs.size(); ++i) xs.push_back(recurrent::swap_time(inputs[i]));
  using State = std::vector<Array>;
  const auto step = [&](const State& carry, const std::vector<Array>& x) {
    const auto gates = split(x[0], 4, -1);
    const Array &i = gates[0], &f = gates[1], &g = gates[2], &o = gates[3], &before = x[2];
    const Array t = tanh(x[1]);
    const Array dh = x[3] + carry[0];
    const Array carried = attrs.carry_gradient ? x[4] + carry[1] : carry[1];
    const Array dc = carried + dh * o * (1 - square(t));
    Array dz = concatenate({dc * g * i * (1 - i), dc * before * f * (1 - f),
                            dc * i * (1 - square(g)), dh * t * o * (1 - o)},
                           -1);
    Array next_dc = dc * f;
    const Array counts = recurrent::step_mask(x, attrs);
    if (counts.defined()) {
      dz = where(counts, dz, 0);
      next_dc = where(counts, next_dc, carried);
    }
    Array next_dh = matmul(dz, kernel, {.transpose_b = true});
    if (counts.defined()) next_dh = next_dh + where(counts, 0, dh);
    return std::pair{State{next_dh, next_dc}, dz};
  };
  const Array nothing = zeros_like(c0);
  const auto [carry, dz] = scan(step, State{nothing, nothing}, xs, {.reverse = true});
  return {recurrent::swap_time(dz), carry[0], carry[1]};
}

}  // namespace

const OpDef& lstm_backward_op() {
  static const OpDef op{
      .name = "lstm_backward",
      .num_inputs = -1,
      .infer = infer,
      .decompose = decompose,
      .batch =
          [](const BatchContext& c) {
            return recurrent::batch(c, operands(c.attrs_as<RecurrentAttrs>()));
          },
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            const Shape& s = in[1].shape;
            return recurrent::flops({s[0], s[1], s[2]}, 4);
          },
      .samples = [] { return recurrent::samples(operands, true); },
      .doc =
          "Gradients of lstm's projected inputs and of both initial states, from its gates and "
          "cell states and the gradients of its states.",
  };
  return op;
}

}  // namespace danlu
