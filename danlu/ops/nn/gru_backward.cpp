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
                                    {"states", Kind::sequence},
                                    {"initial state", Kind::state},
                                    {"recurrent kernel", Kind::matrix, 3},
                                    {"gradient of the states", Kind::sequence}});
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const recurrent::Sizes s = recurrent::check(c, operands(c.attrs_as<RecurrentAttrs>()));
  const DType dtype = c.inputs[0].dtype;
  const TensorSpec gates{{s.batch, s.time, 3 * s.units}, dtype};
  return {gates, gates, {{s.batch, s.units}, dtype}};
}

std::vector<Array> decompose(const Attrs* all, std::span<const Array> inputs) {
  const auto& attrs = attrs_as<RecurrentAttrs>(all);
  const Array& kernel = inputs[3];
  std::vector<Array> xs;
  for (const Array& x : {inputs[0], recurrent::shifted(inputs[2], inputs[1])}) {
    xs.push_back(recurrent::swap_time(x));
  }
  for (size_t i = 4; i < inputs.size(); ++i) xs.push_back(recurrent::swap_time(inputs[i]));
  using Results = std::vector<Array>;
  const auto step = [&](const Array& carry, const std::vector<Array>& x) {
    const auto gates = split(x[0], 4, -1);
    const Array &z = gates[0], &r = gates[1], &n = gates[2], &product = gates[3], &before = x[1];
    const Array dh = x[2] + carry;
    const Array dn = dh * (1 - z) * (1 - square(n));
    const Array dz = dh * (before - n) * z * (1 - z), dr = dn * product * r * (1 - r);
    Array grad = concatenate({dz, dr, dn}, -1), recurrent_grad = concatenate({dz, dr, dn * r}, -1);
    Array direct = dh * z;
    const Array counts = recurrent::step_mask(x, attrs);
    if (counts.defined()) {
      grad = where(counts, grad, 0);
      recurrent_grad = where(counts, recurrent_grad, 0);
      direct = where(counts, direct, dh);
    }
    return std::pair{direct + matmul(recurrent_grad, kernel, {.transpose_b = true}),
                     Results{grad, recurrent_grad}};
  };
  const auto [carry, grads] = scan(step, zeros_like(inputs[2]), xs, {.reverse = true});
  return {recurrent::swap_time(grads[0]), recurrent::swap_time(grads[1]), carry};
}

}  // namespace

const OpDef& gru_backward_op() {
  static const OpDef op{
      .name = "gru_backward",
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
            return recurrent::flops({s[0], s[1], s[2]}, 3);
          },
      .samples = [] { return recurrent::samples(operands, false); },
      .doc =
          "Gradients of gru's projected inputs, of its recurrent products and of the initial "
          "state, from its gates and states and the gradient of its states.",
  };
  return op;
}

}  // namespace danlu
