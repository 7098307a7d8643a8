#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/core/shape.h"
#include "danlu/nn/config_types.h"

/// The checks that layers share. Errors name the layer through the context they are thrown in, or
/// through `where` while a layer is being made.
namespace danlu {

/// Errors: ValueError unless `least` ≤ `value` < 2^31.
void check_at_least(const std::string& where, const std::string& field, int64_t value,
                    int64_t least);
/// Errors: ValueError unless `padding` is "valid" or "same".
void check_padding(const std::string& where, const std::string& padding);
/// Errors: ValueError unless there are `least` to `most` inputs.
void check_inputs(const std::vector<Shape>& inputs, size_t least, size_t most);
/// `given` as a list of one number for each of `count` axes; one number counts for all.
/// Errors: ValueError when it is missing, has another length, or holds a number below `least`.
Integers per_axis(const std::string& where, const std::string& field, const Integers& given,
                  int count, int64_t least);
/// "channels_last" for "", which stands for Keras's None. Errors: ValueError for other formats.
std::string checked_data_format(const std::string& where, const std::string& data_format);
/// The axes of `rank`-dimensional images in this layout: "(batch, height, width, channels)".
std::string image_axes(int rank, const std::string& data_format);
/// Errors: ValueError unless `rate` is in [0, 1].
void check_rate(const std::string& where, const std::string& field, double rate);
/// `axes` in [0, rank), in the order given. Errors: ShapeError for one that is not there;
/// ValueError for none, or one that comes twice.
std::vector<int64_t> normalized_axes(const Integers& axes, const Shape& input);
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
