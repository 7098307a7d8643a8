#pragma once

#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

/// Reductions. `axis`: the axes to reduce, negative ones from the end; empty means all.
/// `keepdims` leaves reduced axes with length 1.
namespace danlu {

using Axes = std::vector<int64_t>;

/// bool and integers narrower than int32 sum as int32; others keep their dtype.
Array sum(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Integers give float32.
Array mean(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Errors: ShapeError for an empty reduction.
Array max(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array min(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Index (int32) of the first greatest element along `axis`; without axis, of the flattened input.
Array argmax(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);
Array argmin(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);
/// The same, but at least (at most) `initial`, which makes the maximum of nothing possible.
Array max(const Array& x, const Axes& axis, bool keepdims, const Array& initial);
Array min(const Array& x, const Axes& axis, bool keepdims, const Array& initial);
inline Array amax(const Array& x, const Axes& axis = {}, bool keepdims = false) {
  return max(x, axis, keepdims);
}
inline Array amin(const Array& x, const Axes& axis = {}, bool keepdims = false) {
  return min(x, axis, keepdims);
}
/// The greatest element less the least.
Array ptp(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// The product; integers as `sum`.
Array prod(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Variance (of the population) and its root.
Array var(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array std(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// Mean weighted by `weights`, of x's shape, or one for each place of the one given axis.
Array average(const Array& x, const Axes& axis = {}, const std::optional<Array>& weights = {});

/// The same over what is not NaN; a number of nothing is NaN, but a sum 0 and a product 1.
Array nansum(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanprod(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanmax(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanmin(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanmean(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanvar(const Array& x, const Axes& axis = {}, bool keepdims = false);
Array nanstd(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// −1 where all are NaN.
Array nanargmax(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);
Array nanargmin(const Array& x, std::optional<int64_t> axis = {}, bool keepdims = false);

struct QuantileOptions {
  Axes axis = {};
  /// What stands for a place between two elements: "linear" (a mean weighted by how near they are),
  /// "lower", "higher", "midpoint" or "nearest" (of equally near ones the lower).
  std::string method = "linear";
  bool keepdims = false;
};
/// The number below which the part `q` (of 1) of the elements lies; parts outside [0, 1] are moved
/// to the ends. NaN where there is a NaN among them. Integers give float32.
/// Shapes: q () or (quantiles,), whose axis then stands in front.
/// Errors: ValueError for another method, ShapeError for an empty reduction or a q of rank 2,
/// DTypeError for complex numbers.
Array quantile(const Array& x, const Array& q, const QuantileOptions& options = {});
/// The same with `q` in percent.
Array percentile(const Array& x, const Array& q, const QuantileOptions& options = {});
/// The element in the middle, or the mean of the two there.
Array median(const Array& x, const Axes& axis = {}, bool keepdims = false);
/// The same over what is not NaN; NaN where all are.
Array nanquantile(const Array& x, const Array& q, const QuantileOptions& options = {});
Array nanpercentile(const Array& x, const Array& q, const QuantileOptions& options = {});
Array nanmedian(const Array& x, const Axes& axis = {}, bool keepdims = false);

/// Running sums, products and log Σ exp along `axis`; without axis, of the flattened input. bool
/// becomes int32. The gradient of cumprod is right at zeros too.
Array cumsum(const Array& x, std::optional<int64_t> axis = {});
Array cumprod(const Array& x, std::optional<int64_t> axis = {});
Array logcumsumexp(const Array& x, std::optional<int64_t> axis = {});
/// NaN counts as 0 or 1.
Array nancumsum(const Array& x, std::optional<int64_t> axis = {});
Array nancumprod(const Array& x, std::optional<int64_t> axis = {});
/// y_i = a_i y_{i−1} + b_i along `axis`, from the end if `reverse`; y is 0 before the first.
/// Shapes: a, b alike.
Array linear_recurrence(const Array& a, const Array& b, int64_t axis, bool reverse = false);

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
