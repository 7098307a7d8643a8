#pragma once

#include <cstdint>
#include <vector>

#include "danlu/core/array.h"

/// What the attention layers share: the checks of their inputs, and the masks of their scores.
namespace danlu {

/// Errors: ValueError unless there are two or three inputs; ShapeError unless query, value and key
/// fit each other.
void check_query_value_key(const std::vector<Shape>& inputs);

/// Both masks as one; either may be undefined.
Array both(const Array& a, const Array& b);
/// Query t sees the keys 0 … t. Shapes: (1, T, S).
Array causal_mask(int64_t queries, int64_t keys);
/// Query t sees the keys less than `window` steps away. Shapes: (1, T, S).
Array sliding_window_mask(int64_t queries, int64_t keys, int64_t window);

}  // namespace danlu
