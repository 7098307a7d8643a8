#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/random/random_attrs.h"

/// What the records of random ops share: one input, the state {seed, counter}.
namespace danlu::random_record {

/// Errors: DTypeError and ShapeError unless input 0 is {seed, counter}.
void check_state(const InferContext& context);
/// Spec {shape, dtype} of the attributes. Errors: DTypeError and ShapeError for the state,
/// ValueError for an unknown dimension.
TensorSpec infer(const InferContext& context);
/// `infer`, and DTypeError unless the dtype is floating.
std::vector<TensorSpec> infer_float(const InferContext& context);
/// Errors: ValueError when the standard deviation is negative or not finite.
std::vector<TensorSpec> infer_normal(const InferContext& context);
std::vector<OpSample> samples(double a, double b);
/// A state for samples: {seed, counter}.
void fill_state(int index, std::span<double> values);
Array draw(const OpDef& op, const Array& state, const Shape& shape, DType dtype, double a,
           double b);

}  // namespace danlu::random_record
