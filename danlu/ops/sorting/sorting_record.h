#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/sorting/sorting_attrs.h"

/// What the records of sorting ops share.
namespace danlu::sorting {

/// The axis of AxisAttrs. Errors: ShapeError when the input has not that axis.
int checked_axis(const InferContext& context, int input = 0);
/// Errors: DTypeError for complex numbers.
void require_order(const InferContext& context);
/// Errors: ShapeError when int32 cannot count `length` elements.
void require_int32_length(const InferContext& context, int64_t length);
/// The same along the axis behind the batch axis.
std::vector<Array> batch(const BatchContext& context);
/// Along each axis of vectors, matrices and cubes, with ties, NaN, integers and nothing.
std::vector<OpSample> samples();
/// Numbers of which many are equal: a permutation of few values with distinct gaps.
void fill_ties(int index, std::span<double> values);
/// n log n comparisons per row.
double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out);

}  // namespace danlu::sorting
