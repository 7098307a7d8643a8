#pragma once

#include "danlu/core/op_def.h"

/// What the records of Fourier transforms share.
namespace danlu::fourier {

/// Errors: DTypeError unless input 0 is float32 or float64, ShapeError without a last axis of one
/// element or more, or where there is a second input of another spec.
void check(const InferContext& context);
/// n log n times the number of rows.
double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out);
/// Lengths of all kinds: of powers of 2, of small factors, prime, 1.
std::vector<int64_t> sample_lengths();

}  // namespace danlu::fourier
