#include <algorithm>
#include <limits>
#include <string>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"

namespace danlu {
namespace {

int64_t counted_bins(const Array& x, const BincountOptions& options) {
  if (options.length) return *options.length;
  if (x.size() == 0) return options.minlength;
  const Array least = min(x), greatest = max(x);
  eval({least, greatest});
  if (least.item<int64_t>() < 0) {
    throw ValueError({.where = "bincount",
                      .what = "An element is negative",
                      .expected = "elements of 0 or more",
                      .received = std::to_string(least.item<int64_t>())});
  }
  const auto top = greatest.item<int64_t>();
  return std::max(options.minlength, top == std::numeric_limits<int64_t>::max() ? top : top + 1);
}

}  // namespace

Array bincount(const Array& x, const BincountOptions& options) {
  if (x.rank() != 1 && x.rank() != 2) {
    throw ShapeError({.where = "bincount",
                      .what = "Only vectors and matrices are counted",
                      .expected = "shape (n,) or (rows, n)",
                      .received = x.shape().to_string()});
  }
  if (!is_integer(x.dtype())) {
    throw DTypeError({.where = "bincount",
                      .what = "The elements are no integers",
                      .expected = "an integer dtype",
                      .received = x.spec().to_string()});
  }
  if (options.weights.defined() && options.weights.shape() != x.shape()) {
    throw ShapeError({.where = "bincount",
                      .what = "The weights do not fit the elements",
                      .expected = "weights of shape " + x.shape().to_string(),
                      .received = options.weights.shape().to_string()});
  }
  if (options.minlength < 0 || options.length.value_or(0) < 0) {
    throw ValueError({.where = "bincount",
                      .what = "The number of bins is negative",
                      .expected = "minlength and length of 0 or more",
                      .received = std::to_string(options.minlength) + " and " +
                                  std::to_string(options.length.value_or(0))});
  }
  const int64_t bins = counted_bins(x, options);
  const Array weights = options.weights.defined() ? options.weights : ones(x.shape(), DType::int32);
  const auto total = [](const Array& updates, const Array& at, const Shape& shape) {
    return scatter_add(updates, at, shape, 0);
  };
  // What scatter_add would take for an index from the end is sent out of range.
  const auto narrow = cast(x, DType::int64);
  const Array index = where(narrow < 0, Array::scalar(double(bins), DType::int64), narrow);
  if (x.rank() == 1) return total(weights, index, Shape{bins});
  const int64_t rows = x.shape()[0];
  const Shape flat{rows, bins};
  // An element outside its row must not fall into the next one.
  const Array outside = Array::scalar(double(flat.num_elements()), DType::int64);
  const Array row = expand_dims(arange(0, rows), 1) * Array::scalar(double(bins), DType::int64);
  const Array place =
      where(index < Array::scalar(double(bins), DType::int64), index + row, outside);
  const Shape count{x.size()};
  return reshape(total(reshape(weights, count), reshape(place, count), Shape{flat.num_elements()}),
                 flat);
}

std::pair<Array, Array> histogram(const Array& x, const HistogramOptions& options) {
  if (options.bins < 1) {
    throw ValueError({.where = "histogram",
                      .what = "There is no bin",
                      .expected = "1 bin or more",
                      .received = std::to_string(options.bins)});
  }
  if (options.range && !(options.range->first <= options.range->second)) {
    throw ValueError({.where = "histogram",
                      .what = "The range ends before it begins",
                      .expected = "a lower and an upper end",
                      .received = std::to_string(options.range->first) + " and " +
                                  std::to_string(options.range->second)});
  }
  const Array values = reshape(elementwise::as_float(x), Shape{x.size()});
  const auto bound = [&](double given, auto extremum, double otherwise) {
    if (options.range) return Array::scalar(given, values.dtype());
    if (values.size() == 0) return Array::scalar(otherwise, values.dtype());
    return extremum(values);
  };
  const auto given = options.range.value_or(std::pair{0.0, 1.0});
  Array low = bound(
      given.first, [](const Array& a) { return min(a); }, 0);
  Array high = bound(
      given.second, [](const Array& a) { return max(a); }, 1);
  const Array flat = equal(low, high);
  low = where(flat, low - 0.5, low);
  high = where(flat, high + 0.5, high);
  const auto n = static_cast<double>(options.bins);
  const Array part = arange(0, options.bins + 1, 1, values.dtype()) / n;
  const Array edges = where(part == 1, high, low + (high - low) * part);
  const Array bin = searchsorted(edges, values, "right") - 1;
  const Array last = Array::scalar(n - 1, DType::int32);
  const Array counts = logical_and(values >= low, values <= high);
  const Array index = maximum(minimum(bin, last), Array::scalar(0, DType::int32));
  return {scatter_add(cast(counts, values.dtype()), index, Shape{options.bins}), edges};
}

}  // namespace danlu
