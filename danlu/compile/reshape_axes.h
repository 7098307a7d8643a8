#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "danlu/core/shape.h"

/// What a reshape does to axes, for rules that move an op from behind a reshape to before it.
namespace danlu::compile {

/// The shape that makes an operand of `operand`, which broadcasts to `from`, broadcast to `to` in
/// the same way, where `to` is a reshape of `from`: (16,) stays (16,) from (8, 1, 5, 16) to
/// (8, 5, 16). nullopt where an axis that the reshape joins or cuts is repeated only in part, and
/// for empty shapes.
std::optional<Shape> reshaped_operand(const Shape& operand, const Shape& from, const Shape& to);

/// The axes of `to` that hold the elements of `axes` of `from`; nullopt where there are none that
/// hold these alone, and for empty shapes.
std::optional<std::vector<int64_t>> reshaped_axes(const std::vector<int64_t>& axes,
                                                  const Shape& from, const Shape& to);

}  // namespace danlu::compile
