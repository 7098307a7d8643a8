#pragma once

#include <optional>
#include <vector>

#include "danlu/core/array.h"

/// Reductions. `axis`: the axes to reduce, negative ones from the end; empty means all.
/// `keepdims` leaves reduced axes with length 1.
namespace danlu {

using Axes = std::vector<int64_t>;

/// Integers and bool sum as int64; float inputs keep their dtype.
Array sum(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Integers give float32.
Array mean(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Errors: ShapeError for an empty reduction.
Array max(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array min(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Index (int64) of the first greatest element along `axis`; without axis, of the flattened input.
Array argmax(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);
Array argmin(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);
/// Whether all or any elements are true or not 0; all of none are, any of none is not.
Array all(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array any(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// How many elements are not 0; int32.
Array count_nonzero(const Array& x, const Axes& axis = {});
/// log(Σ exp(x)), without overflow.
Array logsumexp(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// `x` summed down to `shape`, which must broadcast to x's: the transpose of broadcasting.
Array sum_to_shape(const Array& x, const Shape& shape);

}  // namespace danlu
