#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

/// Sorting, searching and counting. NaN counts as greater than every number; equal elements keep
/// their order. Indices and counts are int32, as in Keras.
namespace danlu {

/// The elements along `axis` in ascending order; −0 stands before +0.
/// Errors: ShapeError for an axis that x has not.
Array sort(const Array& x, int64_t axis = -1);
/// The indices (int32) that would sort `x` along `axis`; those of equal elements ascend.
/// Errors: ShapeError for an axis that x has not or one longer than int32 can count.
Array argsort(const Array& x, int64_t axis = -1);
/// Indices (int32) that put the kth element along `axis` where sorting would, lesser ones before
/// it and greater ones behind it: those of `argsort`.
/// Errors: ValueError unless −n ≤ kth < n.
Array argpartition(const Array& x, int64_t kth, int64_t axis = -1);

/// The k greatest elements of each row (last axis) in descending order, and their indices (int32);
/// of equal ones the first come first.
/// Shapes: (…, n) → (…, k) twice. Errors: ShapeError unless 0 ≤ k ≤ n.
std::pair<Array, Array> top_k(const Array& x, int64_t k);
/// Whether fewer than k predictions of a row are greater than that of its target. A NaN counts as
/// the least there.
/// Shapes: integer targets (…), predictions (…, classes) → bool (…).
/// Errors at run time: ValueError for a target outside [−classes, classes).
Array in_top_k(const Array& targets, const Array& predictions, int64_t k);

/// Where each value would have to be put into a sorted vector to keep it sorted: before its equals
/// (`side` "left") or behind them ("right").
/// Shapes: sorted_sequence (n,), values (…) → int32 (…).
/// Errors: ShapeError for a sequence that is no vector, ValueError for another side.
Array searchsorted(const Array& sorted_sequence, const Array& values,
                   const std::string& side = "left");
/// The number of `bins` (a vector that ascends) that are ≤ x: bins[i−1] ≤ x < bins[i].
Array digitize(const Array& x, const Array& bins);

struct IsInOptions {
  /// A promise that no element occurs twice. NumPy has it; the result is the same.
  bool assume_unique = false;
  bool invert = false;  ///< whether it is not there
};
/// Whether each element of x1 equals one of x2. NaN equals nothing.
/// Shapes: (…), any → bool (…). Errors: DTypeError for complex numbers.
Array isin(const Array& x1, const Array& x2, const IsInOptions& options = {});

struct BincountOptions {
  Array weights = {};     ///< of x's shape; undefined: each element counts 1
  int64_t minlength = 0;  ///< the result has at least this many bins
  /// The number of bins where it is known beforehand; without it x is evaluated at once, which a
  /// trace cannot do. Elements of `length` or more are then a fault.
  std::optional<int64_t> length = {};
};
/// How often 0, 1, … occur in `x`, row by row for a matrix.
/// Shapes: integer (n,) → (bins,); (rows, n) → (rows, bins), int32 or the dtype of the weights.
/// Errors: ValueError for a negative element; ShapeError for another rank.
Array bincount(const Array& x, const BincountOptions& options = {});

struct HistogramOptions {
  int64_t bins = 10;
  /// Lower and upper end; without it, the least and the greatest element.
  std::optional<std::pair<double, double>> range = {};
};
/// How many elements fall into each of `bins` bins of equal width, and the bins' edges. The last
/// bin has its upper end in it; elements outside the range count nowhere.
/// Shapes: (…) → (bins,), edges (bins + 1,), both of the floating dtype of x.
std::pair<Array, Array> histogram(const Array& x, const HistogramOptions& options = {});

/// The indices of the elements that are not 0, one int32 vector per axis. Their number depends on
/// the data, so `x` is evaluated at once.
/// Errors: StateError inside a trace.
std::vector<Array> nonzero(const Array& x);
/// The same as the rows of a matrix. Shapes: (…) → int32 (count, rank).
Array argwhere(const Array& x);

struct UniqueOptions {
  std::optional<int64_t> axis = {};  ///< unique slices of this axis; without it, elements
  /// The length of the results, cut or filled up with `fill_value`.
  std::optional<int64_t> size = {};
  double fill_value = 0;
};
struct UniqueResult {
  Array values;   ///< ascending
  Array index;    ///< int32: where each occurs first
  Array inverse;  ///< int32: values[inverse] is the input; shaped like it, a vector with `axis`
  Array counts;   ///< int32: how often each occurs
};
/// The elements without repetitions. Their number depends on the data, so `x` is evaluated at once.
/// Every NaN is an element of its own.
/// Errors: StateError inside a trace; ShapeError for an axis that x has not.
UniqueResult unique(const Array& x, const UniqueOptions& options = {});

}  // namespace danlu
