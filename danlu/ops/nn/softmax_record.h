#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// What the records of softmax and log_softmax share. Both work over the last axis.
namespace danlu::normalizing {

/// Errors: DTypeError, ShapeError for a scalar or an empty last axis.
std::vector<TensorSpec> infer(const InferContext& context);
std::vector<OpSample> samples();
/// `op` over any axis of `x`, which becomes floating.
Array over_axis(const OpDef& op, const Array& x, int64_t axis);
/// `op` over several axes taken together.
Array over_axes(const OpDef& op, const Array& x, const std::vector<int64_t>& axis);

}  // namespace danlu::normalizing
