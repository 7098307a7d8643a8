#pragma once

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/fused/fused_attrs.h"

/// What the records of fused ops share.
namespace danlu::fused {

/// `x` through the activation, in ops.
Array activate(const Array& x, FusedActivation activation);
/// activation(x + bias), where the bias is inputs[2] if it is there.
Array finish(const Array& x, std::span<const Array> inputs, FusedActivation activation);
/// Errors: ShapeError unless input 2, if there, is (channels,); DTypeError unless it has the dtype
/// of input 0. ValueError unless there are 2 or 3 inputs and such an activation.
void check_epilogue(const InferContext& context, int64_t channels, FusedActivation activation);

}  // namespace danlu::fused
