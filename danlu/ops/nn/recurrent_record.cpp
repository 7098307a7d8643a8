#include "danlu/ops/nn/recurrent_record.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/batching.h"

namespace danlu::recurrent {
namespace {

void require_shape(const std::string& where, const char* what, const Shape& expected,
                   const Shape& received) {
  if (expected == received) return;
  throw ShapeError({.where = where,
                    .what = std::string("The ") + what + " has the wrong shape",
                    .expected = expected.to_string(),
                    .received = received.to_string()});
}

}  // namespace

std::vector<Operand> present(const RecurrentAttrs& attrs, std::vector<Operand> all) {
  if (attrs.carry_gradient) {
    all.push_back({"gradient of the cell states", Kind::sequence});
  }
  if (attrs.mask) all.push_back({"mask", Kind::mask});
  return all;
}

Shape Sizes::shape(const Operand& operand) const {
  switch (operand.kind) {
    case Kind::sequence:
      return {batch, time, operand.gates * units};
    case Kind::state:
      return {batch, units};
    case Kind::matrix:
      return {units, operand.gates * units};
    case Kind::vector:
      return {operand.gates * units};
    default:
      return {batch, time};
  }
}

Sizes check(const InferContext& c, const std::vector<Operand>& operands) {
  if (c.inputs.size() != operands.size()) {
    throw ValueError({.where = c.where(),
                      .what = "The op has the wrong number of inputs",
                      .expected = std::to_string(operands.size()),
                      .received = std::to_string(c.inputs.size())});
  }
  const TensorSpec& first = c.inputs[0];
  const int gates = operands[0].gates;
  if (first.shape.rank() != 3 || first.shape[1] < 1 || first.shape[2] < gates ||
      first.shape[2] % gates != 0) {
    throw ShapeError({.where = c.where(),
                      .what = std::string("The ") + operands[0].name + " cannot be stepped through",
                      .expected = "(batch, time, " + std::to_string(gates) +
                                  " units), with one step and one unit at least",
                      .received = first.shape.to_string()});
  }
  if (!is_floating(first.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Recurrent steps need a floating dtype",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = first.to_string()});
  }
  const Sizes sizes{first.shape[0], first.shape[1], first.shape[2] / gates};
  for (size_t i = 0; i < operands.size(); ++i) {
    require_shape(c.where(), operands[i].name, sizes.shape(operands[i]), c.inputs[i].shape);
    const DType dtype = operands[i].kind == Kind::mask ? DType::bool_ : first.dtype;
    if (c.inputs[i].dtype != dtype) {
      throw DTypeError({.where = c.where(),
                        .what = std::string("The ") + operands[i].name + " has the wrong dtype",
                        .expected = std::string(name(dtype)),
                        .received = c.inputs[i].to_string()});
    }
  }
  return sizes;
}

std::vector<OpSample> samples(const std::function<std::vector<Operand>(const RecurrentAttrs&)>& of,
                              bool carry_gradient) {
  struct Case {
    const char* label;
    Sizes sizes;
    bool mask = false;
    bool differentiable = true;
  };
  std::vector<OpSample> list;
  for (const Case& each :
       {Case{"steps", {3, 4, 5}}, Case{"one of each", {1, 1, 1}}, Case{"masked", {4, 3, 3}, true},
        Case{"no batch", {0, 2, 3}}, Case{"vectors", {23, 3, 37}, true, false},
        Case{"wide", {7, 2, 130}, false, false}}) {
    for (const bool carry : {false, true}) {
      if (carry && !carry_gradient) continue;
      const RecurrentAttrs attrs{.carry_gradient = carry, .mask = each.mask};
      OpSample sample{.label = std::string(each.label) + (carry ? ", cell states" : ""),
                      .attrs = make_attrs(attrs),
                      .low = -0.9,
                      .high = 0.9,
                      .tolerance = 4e-6,
                      .differentiable = each.differentiable};
      for (const Operand& operand : of(attrs)) {
        const bool is_mask = operand.kind == Kind::mask;
        sample.inputs.push_back(
            {each.sizes.shape(operand), is_mask ? DType::bool_ : DType::float32});
      }
      list.push_back(std::move(sample));
    }
  }
  return list;
}

std::vector<Array> batch(const BatchContext& c, const std::vector<Operand>& operands) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].kind == Kind::matrix || operands[i].kind == Kind::vector) {
      if (c.batched[i]) return transform::batch_decomposition(c);
      inputs.push_back(c.inputs[i]);
    } else {
      inputs.push_back(batching::merge_front(batching::batched_input(c, i)));
    }
  }
  std::vector<Array> outputs = make_op_outputs(*c.op, inputs, c.attrs);
  for (Array& output : outputs) output = batching::split_front(output, c.size);
  return outputs;
}

double flops(const Sizes& s, int gates) {
  const auto units = static_cast<double>(s.units);
  return static_cast<double>(s.batch * s.time) * units * gates * (2 * units + 30);
}

Array swap_time(const Array& x) { return x.rank() == 2 ? transpose(x) : transpose(x, {1, 0, 2}); }

Array shifted(const Array& initial, const Array& states) {
  const Shape& s = states.shape();
  const Array first = expand_dims(initial, 1);
  if (s[1] == 1) return first;
  return concatenate({first, slice(states, {0, 0, 0}, {s[0], s[1] - 1, s[2]})}, 1);
}

Array weight_gradient(const Array& left, const Array& right) {
  const auto rows = [](const Array& x) {
    return reshape(x, {x.shape()[0] * x.shape()[1], x.shape()[2]});
  };
  return matmul(rows(left), rows(right), {.transpose_a = true});
}

Array step_mask(std::span<const Array> x, const RecurrentAttrs& attrs) {
  return attrs.mask ? expand_dims(x.back(), -1) : Array();
}

Prepared prepare(const char* where, const Array& inputs, const Array& kernel,
                 const Array& recurrent_kernel, const std::optional<Array>& bias,
                 const std::optional<Array>& mask, bool go_backwards, int gates) {
  const Array x = elementwise::as_float(inputs);
  if (x.rank() != 3 || x.shape()[1] < 1) {
    throw ShapeError({.where = where,
                      .what = "The inputs are no sequence",
                      .expected = "(batch, time, features), with one step at least",
                      .received = x.shape().to_string()});
  }
  const int64_t units = recurrent_kernel.rank() == 2 ? recurrent_kernel.shape()[0] : 0;
  require_shape(where, "recurrent kernel", {units, gates * units}, recurrent_kernel.shape());
  require_shape(where, "kernel", {x.shape()[2], gates * units}, kernel.shape());
  const Array steps = go_backwards ? flip(x, {1}) : x;
  Prepared prepared{.projected = matmul(steps, kernel)};
  if (bias) {
    require_shape(where, "bias", {gates * units}, bias->shape());
    prepared.projected = prepared.projected + *bias;
  }
  if (mask) {
    require_shape(where, "mask", {x.shape()[0], x.shape()[1]}, mask->shape());
    prepared.mask = cast(go_backwards ? flip(*mask, {1}) : *mask, DType::bool_);
  }
  return prepared;
}

Array initial_state(const char* where, const std::optional<Array>& state, const Array& projected,
                    int64_t units) {
  const Shape expected{projected.shape()[0], units};
  if (!state) return zeros(expected, projected.dtype());
  require_shape(where, "initial state", expected, state->shape());
  return cast(*state, projected.dtype());
}

}  // namespace danlu::recurrent
