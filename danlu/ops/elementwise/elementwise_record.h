#pragma once

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// What the records of elementwise ops share.
namespace danlu::elementwise {

/// Shape and dtype of the input. With `needs_float`, errors: DTypeError for other dtypes.
std::vector<TensorSpec> same_as_input(const InferContext& context);
std::vector<TensorSpec> same_as_float_input(const InferContext& context);
std::vector<TensorSpec> bool_like_input(const InferContext& context);
/// Broadcast shape; the inputs' common dtype. Errors: ShapeError, DTypeError when they differ
/// (public functions promote before).
std::vector<TensorSpec> broadcast_same_dtype(const InferContext& context);
std::vector<TensorSpec> broadcast_to_bool(const InferContext& context);

/// Samples of a unary op: vectors, matrices, a scalar and an empty Array in [low, high).
std::vector<OpSample> unary_samples(double low, double high, double tolerance = 1e-6);
/// Samples of a binary op: equal shapes, rows, columns, scalars, middle broadcasts, empty.
std::vector<OpSample> binary_samples(double low, double high, double tolerance = 1e-6);

/// Both operands as the op needs them: bare numbers take the other's dtype, then `promote`.
std::pair<Array, Array> promoted(const Array& a, const Array& b);
/// Floating operands stay, others become float32.
Array as_float(const Array& x);

}  // namespace danlu::elementwise
