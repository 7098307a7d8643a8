#pragma once

#include <span>
#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/nn/recurrent_attrs.h"
#include "danlu/ops/recurrent.h"

/// What the records of lstm and gru and of their backward passes share. B: batch, T: time steps,
/// U: units.
namespace danlu::recurrent {

/// One input of an op: its shape in terms of B, T and U.
enum class Kind : uint8_t { sequence, state, matrix, vector, mask };
struct Operand {
  const char* name;
  Kind kind;
  int gates = 1;  ///< the last axis is gates · U
};
/// The operands of lstm_backward and the like, without those that the attributes leave out.
std::vector<Operand> present(const RecurrentAttrs& attrs, std::vector<Operand> all);

struct Sizes {
  int64_t batch, time, units;
  Shape shape(const Operand& operand) const;
};
/// Of an op whose first input is a sequence. Errors: ShapeError, DTypeError, ValueError when
/// anything does not fit `operands`.
Sizes check(const InferContext& context, const std::vector<Operand>& operands);
std::vector<OpSample> samples(const std::function<std::vector<Operand>(const RecurrentAttrs&)>& of,
                              bool carry_gradient);
/// The batch axis multiplied into B; where the weights differ, the decomposition is batched.
std::vector<Array> batch(const BatchContext& context, const std::vector<Operand>& operands);
double flops(const Sizes& sizes, int gates);

/// (B, T, …) ↔ (T, B, …).
Array swap_time(const Array& x);
/// The states before each step. Shapes: (B, U), (B, T, U) → (B, T, U).
Array shifted(const Array& initial, const Array& states);
/// Σ over batch and time of left · rightᵀ. Shapes: (B, T, m), (B, T, n) → (m, n).
Array weight_gradient(const Array& left, const Array& right);
/// A mask of one step, for where; undefined without one.
Array step_mask(std::span<const Array> x, const RecurrentAttrs& attrs);

/// All steps as a scan: {h, c, gates}, each of shape (B, T, …).
std::vector<Array> lstm_steps(const RecurrentAttrs& attrs, std::span<const Array> inputs,
                              const RecurrentActivation& activation,
                              const RecurrentActivation& recurrent_activation);
/// The same: {h, gates}. Without `reset_after` the gates are left out.
std::vector<Array> gru_steps(const RecurrentAttrs& attrs, std::span<const Array> inputs,
                             const RecurrentActivation& activation,
                             const RecurrentActivation& recurrent_activation, bool reset_after);

/// What lstm and gru do before the loop and check.
struct Prepared {
  Array projected;  ///< inputs · kernel + bias, from the first step on
  Array mask;       ///< undefined without one
};
Prepared prepare(const char* where, const Array& inputs, const Array& kernel,
                 const Array& recurrent_kernel, const std::optional<Array>& bias,
                 const std::optional<Array>& mask, bool go_backwards, int gates);
/// The state as it is given, or zeros. Errors: ShapeError.
Array initial_state(const char* where, const std::optional<Array>& state, const Array& projected,
                    int64_t units);

}  // namespace danlu::recurrent
