#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/random/random_attrs.h"

/// What the records of random ops share: input 0 is the state {seed, counter}, or states (…, 2).
/// Each state makes a draw of its own, so results have the axes of the states in front, as have
/// parameters that are inputs; `batching::leading_axes` is the rule of all these ops.
namespace danlu::random_record {

/// The axes of the states. Errors: DTypeError and ShapeError unless input 0 is {seed, counter} in
/// its last axis.
std::vector<int64_t> axes_of_states(const InferContext& context);
/// The shape of the draws of all states, each of shape `one`. Errors: those of `axes_of_states`.
Shape drawn_shape(const InferContext& context, const Shape& one);
/// Errors: ShapeError unless input `i` has the axes of the states in front, and those of
/// `axes_of_states`.
void check_parameter(const InferContext& context, size_t i);
/// Spec of the draws {shape, dtype} of the attributes. Errors: DTypeError and ShapeError for the
/// state, ValueError for an unknown dimension.
TensorSpec infer(const InferContext& context);
/// `infer`, and DTypeError unless the dtype is floating.
std::vector<TensorSpec> infer_float(const InferContext& context);
/// Errors: ValueError when the standard deviation is negative or not finite.
std::vector<TensorSpec> infer_normal(const InferContext& context);
std::vector<OpSample> samples(double a, double b);
/// `sample` with a state for each of a few draws.
OpSample with_states(OpSample sample);
/// A state for samples: {seed, counter}.
void fill_state(int index, std::span<double> values);
Array draw(const OpDef& op, const Array& state, const Shape& shape, DType dtype, double a,
           double b);

}  // namespace danlu::random_record
