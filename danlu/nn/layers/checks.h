#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/core/shape.h"

/// The checks that layers share. Errors name the layer through the context they are thrown in, or
/// through `where` while a layer is being made.
namespace danlu {

/// Errors: ValueError unless `value` ≥ `least`.
void check_at_least(const std::string& where, const std::string& field, int64_t value,
                    int64_t least);
/// Errors: ValueError unless `padding` is "valid" or "same".
void check_padding(const std::string& where, const std::string& padding);
/// Errors: ValueError unless there are `least` to `most` inputs.
void check_inputs(const std::vector<Shape>& inputs, size_t least, size_t most);
/// Errors: ShapeError unless the rank fits.
void check_rank(const Shape& input, int rank, const std::string& axes);
void check_rank_at_least(const Shape& input, int rank);
/// Errors: ShapeError when `axis` has no known length, which weights depend on.
void check_known_axis(const Shape& input, int axis);
/// Errors: ShapeError unless `axis` has length `length`.
void check_axis(const Shape& input, int axis, int64_t length);
/// Length of one axis after a window of `window` elements (dilation included) has gone over it.
/// Errors: ShapeError when nothing would be left.
int64_t window_output(int64_t length, int64_t window, int64_t stride, const std::string& padding,
                      const Shape& input);

}  // namespace danlu
