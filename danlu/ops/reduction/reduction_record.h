#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/reduction/reduction_attrs.h"

/// What the records of reductions share.
namespace danlu::reduction {

/// `axis` of a public function as attributes: normalized and sorted; empty means all.
/// Errors: ShapeError for an axis out of range or given twice.
AttrsPtr reduction_attrs(const Array& x, const std::vector<int64_t>& axis, bool keepdims,
                         const std::string& where);

/// The input's shape with the reduced axes gone, or 1 with `keepdims`.
Shape reduced_shape(const Shape& shape, const ReductionAttrs& attrs);
Shape kept_shape(const Shape& shape, const ReductionAttrs& attrs);

/// What sums and products of `dtype` are stored in: integers have at least 32 bits.
DType sum_dtype(DType dtype);

/// Output shape, checked axes, `dtype`. Errors: ShapeError.
std::vector<TensorSpec> infer(const InferContext& context, DType dtype);
/// The same. Errors: ShapeError when nothing is left to choose from, too.
std::vector<TensorSpec> infer_nonempty(const InferContext& context, DType dtype);

/// Errors: DTypeError for complex numbers.
void require_real(const InferContext& context);

double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out);

/// `OpDef::batch`: the axes behind the batch axis.
std::vector<Array> batch(const BatchContext& context);

/// One call per way the axes can lie.
std::vector<OpSample> samples();

}  // namespace danlu::reduction
