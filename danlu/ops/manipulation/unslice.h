#pragma once

#include "danlu/core/array.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu {

/// The transpose of slicing: each element of `part` goes back to where `slice` took it from in an
/// Array of `shape` that holds `value` elsewhere.
Array unslice(Array part, const SliceAttrs& slice, const Shape& shape, double value);

}  // namespace danlu
