#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/reduction/reduction_record.h"
#include "danlu/ops/sorting.h"

namespace danlu {
namespace {

struct Wanted {
  const char* where;
  bool skip_nan = false;
  bool percent = false;
};

void check(const char* where, const Array& x, const Array& q, const std::string& method) {
  constexpr std::array<std::string_view, 5> kMethods = {"linear", "lower", "higher", "midpoint",
                                                        "nearest"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    throw ValueError({.where = where,
                      .what = "There is no such method",
                      .expected = "'linear', 'lower', 'higher', 'midpoint' or 'nearest'",
                      .received = "'" + method + "'"});
  }
  if (is_complex(x.dtype()) || is_complex(q.dtype())) {
    throw DTypeError({.where = where,
                      .what = "Complex numbers have no order",
                      .expected = "floating, integer or bool dtypes",
                      .received = x.spec().to_string() + " and " + q.spec().to_string()});
  }
  if (q.rank() > 1) {
    throw ShapeError({.where = where,
                      .what = "The quantiles wanted are no vector",
                      .expected = "q of shape () or (quantiles,)",
                      .received = q.shape().to_string()});
  }
}

/// `q` as fractions of 1 in a dtype that can count the places of a row: no 16-bit one.
Array fractions(const Array& q, DType dtype, bool percent) {
  const DType wide = dtype == DType::float64 ? DType::float64 : DType::float32;
  Array given = q.is_weak() ? cast(q, wide) : elementwise::as_float(q);
  if (size_of(given.dtype()) == 2) given = cast(given, wide);
  given = reshape(given, Shape{q.size()});
  return percent ? given / 100.0 : given;
}

/// The reduced axes joined, behind the others, in ascending order: (…, n).
Array sorted_rows(const char* where, const Array& x, const Axes& axes) {
  int64_t n = 1;
  for (int64_t axis : axes) n *= x.shape()[static_cast<int>(axis)];
  if (n == 0 || n > std::numeric_limits<int32_t>::max()) {
    throw ShapeError({.where = where,
                      .what = "The reduced axes cannot be put in order",
                      .expected = "1 to 2147483647 elements along them",
                      .received = x.shape().to_string()});
  }
  Axes last(axes.size());
  std::iota(last.begin(), last.end(), -std::ssize(axes));
  const Array moved = moveaxis(x, axes, last);
  std::vector<int64_t> dims(moved.shape().begin(), moved.shape().end() - std::ssize(axes));
  dims.push_back(n);
  return sort(reshape(moved, Shape(dims)));
}

/// Between the elements that stand before and behind the places `part` of the way. Source: the
/// names of R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages (1996), in NumPy.
Array between(const std::string& method, const Array& low, const Array& high, const Array& part) {
  if (method == "lower") return low;
  if (method == "higher") return high;
  if (method == "midpoint") return 0.5 * (low + high);
  if (method == "nearest") return where(part <= 0.5, low, high);
  return low * (1 - part) + high * part;
}

Array quantile_of(const Wanted& wanted, const Array& x, const Array& q,
                  const QuantileOptions& options) {
  check(wanted.where, x, q, options.method);
  const Array values = elementwise::as_float(x);
  const AttrsPtr attrs =
      reduction::reduction_attrs(x, options.axis, options.keepdims, wanted.where);
  const auto& reduction = attrs_as<ReductionAttrs>(attrs);
  const Array rows = sorted_rows(wanted.where, values, reduction.axes);
  const int64_t n = rows.shape()[-1];

  const Array parts = fractions(q, values.dtype(), wanted.percent);
  // The place of the greatest number of a row: NaN stands behind it.
  const Array last = wanted.skip_nan
                         ? sum(cast(logical_not(isnan(rows)), parts.dtype()), {-1}, true) - 1
                         : Array::scalar(n - 1, parts.dtype());
  const Array place = parts * last;  // (quantiles,), or (…, quantiles) where rows differ
  const Array before = floor(place);
  const auto element = [&](const Array& at) {
    const Array index = cast(maximum(minimum(at, last), 0), DType::int64);
    return wanted.skip_nan ? take_along_axis(rows, index, -1) : take(rows, index, -1);
  };
  Array found = between(options.method, element(before), element(ceil(place)), place - before);
  found = cast(found, values.dtype());
  if (!wanted.skip_nan && is_floating(x.dtype())) {
    const Array greatest = take(rows, Array({n - 1}), -1);
    found = where(isnan(greatest), std::numeric_limits<double>::quiet_NaN(), found);
  }

  const auto shape = reduction::reduced_shape(x.shape(), reduction).to_vector();
  std::vector<int64_t> dims;
  if (q.rank() == 1) dims.push_back(q.size());
  dims.insert(dims.end(), shape.begin(), shape.end());
  return reshape(moveaxis(found, {-1}, {0}), Shape(dims));
}

}  // namespace

Array quantile(const Array& x, const Array& q, const QuantileOptions& options) {
  return quantile_of({"quantile"}, x, q, options);
}

Array percentile(const Array& x, const Array& q, const QuantileOptions& options) {
  return quantile_of({.where = "percentile", .percent = true}, x, q, options);
}

Array nanquantile(const Array& x, const Array& q, const QuantileOptions& options) {
  return quantile_of({.where = "nanquantile", .skip_nan = true}, x, q, options);
}

Array nanpercentile(const Array& x, const Array& q, const QuantileOptions& options) {
  return quantile_of({"nanpercentile", true, true}, x, q, options);
}

Array median(const Array& x, const Axes& axis, bool keepdims) {
  return quantile_of({"median"}, x, 0.5, {axis, "midpoint", keepdims});
}

Array nanmedian(const Array& x, const Axes& axis, bool keepdims) {
  return quantile_of({.where = "nanmedian", .skip_nan = true}, x, 0.5,
                     {axis, "midpoint", keepdims});
}

}  // namespace danlu
