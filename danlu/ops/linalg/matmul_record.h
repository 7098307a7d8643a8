#pragma once

#include "danlu/core/op_def.h"
#include "danlu/ops/linalg/matmul_attrs.h"

/// What the records of matmul and of its fused form share.
namespace danlu::linalg {

/// Spec of the product of inputs 0 and 1. Errors: ShapeError, DTypeError.
TensorSpec infer_matmul(const InferContext& context, const MatmulAttrs& attrs);
double matmul_flops(const MatmulAttrs& attrs, std::span<const TensorSpec> in,
                    std::span<const TensorSpec> out);
std::vector<OpSample> matmul_samples();

}  // namespace danlu::linalg
