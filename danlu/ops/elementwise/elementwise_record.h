#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// What the records of elementwise ops share.
namespace danlu::elementwise {

/// Shape and dtype of the input.
std::vector<TensorSpec> same_as_input(const InferContext& context);
/// The same. Errors: DTypeError for complex.
std::vector<TensorSpec> same_as_real_input(const InferContext& context);
/// The same. Errors: DTypeError for bool and complex.
std::vector<TensorSpec> same_as_number_input(const InferContext& context);
/// The same. Errors: DTypeError for bool.
std::vector<TensorSpec> same_as_arithmetic_input(const InferContext& context);
/// The same. Errors: DTypeError unless the input is floating or complex.
std::vector<TensorSpec> same_as_inexact_input(const InferContext& context);
/// The same. Errors: DTypeError unless the input is floating.
std::vector<TensorSpec> same_as_float_input(const InferContext& context);
std::vector<TensorSpec> bool_like_input(const InferContext& context);
/// Broadcast shape; the inputs' common dtype. Errors: ShapeError, DTypeError when they differ
/// (public functions promote before).
std::vector<TensorSpec> broadcast_same_dtype(const InferContext& context);
/// The same. Errors: DTypeError for complex too.
std::vector<TensorSpec> broadcast_same_real(const InferContext& context);
/// The same. Errors: DTypeError for bool and complex too.
std::vector<TensorSpec> broadcast_same_number(const InferContext& context);
/// The same. Errors: DTypeError for bool too.
std::vector<TensorSpec> broadcast_same_arithmetic(const InferContext& context);
/// The same. Errors: DTypeError unless floating or complex too.
std::vector<TensorSpec> broadcast_same_inexact(const InferContext& context);
/// The same. Errors: DTypeError unless floating too.
std::vector<TensorSpec> broadcast_same_float(const InferContext& context);
/// The same. Errors: DTypeError for floating dtypes too.
std::vector<TensorSpec> broadcast_same_whole(const InferContext& context);
std::vector<TensorSpec> broadcast_to_bool(const InferContext& context);
/// The same. Errors: DTypeError for complex, which has no order, too.
std::vector<TensorSpec> broadcast_real_to_bool(const InferContext& context);

/// Samples of a unary op: vectors, matrices, a scalar and an empty Array in [low, high).
std::vector<OpSample> unary_samples(double low, double high, double tolerance = 1e-6);
/// Samples of a binary op: equal shapes, rows, columns, scalars, middle broadcasts, empty.
std::vector<OpSample> binary_samples(double low, double high, double tolerance = 1e-6);
/// One sample more, of int32 inputs.
std::vector<OpSample> with_integers(std::vector<OpSample> samples, double low, double high);
/// One sample more, of complex inputs: real and imaginary parts in [low, high).
std::vector<OpSample> with_complex(std::vector<OpSample> samples, double low, double high);
/// Samples of an op that takes bool inputs.
std::vector<OpSample> bool_samples(int num_inputs);

/// `OpDef::flops` of an op that costs `n` operations per element.
std::function<double(const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec>)>
flops_per_element(double n);

/// Both operands as the op needs them: bare numbers take the other's dtype, then `promote`.
std::pair<Array, Array> promoted(const Array& a, const Array& b);
/// The same for ops that are not defined for bool, which becomes int32.
std::pair<Array, Array> promoted_number(const Array& a, const Array& b);
/// The same for ops that are not defined for integers and bool, which become float32.
std::pair<Array, Array> promoted_float(const Array& a, const Array& b);
/// Floating and complex operands stay, others become float32.
Array as_float(const Array& x);
/// Least and greatest finite number of a dtype.
std::pair<double, double> range_of(DType dtype);
/// `derivative` of a function that is flat wherever it has one.
Array no_derivative(const GradContext& context, int i);

}  // namespace danlu::elementwise
