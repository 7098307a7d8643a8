#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "danlu/core/array.h"

/// Reading and writing parts of Arrays, as NumPy indexes. Negative indices count from the end; an
/// index outside [−n, n) is a ValueError of the run.
namespace danlu {

/// Element `indices[…]` along `axis` of each row of `x`.
/// Shapes: x and indices broadcast outside `axis`; (…, n, …), (…, m, …) → (…, m, …).
/// Errors: ShapeError, DTypeError for indices that are no integers.
Array take_along_axis(const Array& x, const Array& indices, int64_t axis);
/// The same of the flattened Array.
Array take_along_axis(const Array& x, const Array& indices);
/// `x` with `values` written at `indices` along `axis`: `mode` "set" (the last of equal indices
/// stays), "add", "max", "min" or "mul".
/// Shapes: as take_along_axis; values broadcast to its result.
Array put_along_axis(const Array& x, const Array& indices, const Array& values, int64_t axis,
                     const std::string& mode = "set");

/// The rows `indices` of `x` (along `axis`) combined with `updates` by `mode`, in the order of the
/// indices: "set", "add", "max", "min" or "mul".
/// Shapes: x (…, n, …), indices (i…), updates (…, i…, …) → x's.
/// Errors: ShapeError, DTypeError; ValueError for an unknown mode.
Array scatter_along(const Array& x, const Array& indices, const Array& updates, int64_t axis = 0,
                    const std::string& mode = "set");
/// Zeros of `shape` to which each of `values` is added at its row of `indices`.
/// Shapes: integer indices (…, k), values (…, shape[k:]…) → shape.
Array scatter(const Array& indices, const Array& values, const Shape& shape);
/// `inputs` with `updates` written at the rows of `indices`; `reduction` "" (set), "add", "max",
/// "min" or "mul".
/// Shapes: integer indices (…, k), updates (…, inputs.shape[k:]…) → inputs'.
Array scatter_update(const Array& inputs, const Array& indices, const Array& updates,
                     const std::string& reduction = "");
/// The flat index of the elements at `indices` (integers, one Array per axis, which broadcast) of
/// an Array of `shape`: int64. Errors at run time: ValueError for an index out of range.
Array ravel_multi_index(const std::vector<Array>& indices, const Shape& shape);
/// The indices (one Array per axis) of the elements that stand at the flat `indices`.
std::vector<Array> unravel_index(const Array& indices, const Shape& shape);

namespace internal {
Array dynamic_slice(const Array& inputs, const Array& start_indices, const Shape& shape);
}
/// The part of `shape` of `inputs` that begins at `start_indices`, an integer vector that may be
/// computed. A start that would leave the input is moved back into it, as Keras does on XLA.
/// (A template, so that braces still mean `slice(x, start, stop, step)`.)
template <std::same_as<Array> StartIndices>
Array slice(const Array& inputs, const StartIndices& start_indices, const Shape& shape) {
  return internal::dynamic_slice(inputs, start_indices, shape);
}
/// `inputs` with `updates` written over the part that begins at `start_indices` (moved like those
/// of slice).
Array slice_update(const Array& inputs, const Array& start_indices, const Array& updates);

/// Rows of `data` combined by their segment: out[s] = Σ data[i] over segment_ids[i] = s. Ids
/// outside [0, num_segments) are left out; an empty segment holds 0 (sum), 1 (prod), or −∞ (max)
/// and ∞ (min), the ends of the dtype for integers.
/// Without `num_segments`, the greatest id + 1, for which the ids are evaluated at once.
/// Shapes: data (n, …), integer segment_ids (n,) → (num_segments, …).
Array segment_sum(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments = {});
Array segment_prod(const Array& data, const Array& segment_ids,
                   std::optional<int64_t> num_segments = {});
Array segment_max(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments = {});
Array segment_min(const Array& data, const Array& segment_ids,
                  std::optional<int64_t> num_segments = {});

/// start:stop:step; what is left out is as in Python.
struct Slice {
  std::optional<int64_t> start = {}, stop = {}, step = {};
};
struct Ellipsis {};
struct NewAxis {};
inline constexpr Ellipsis ellipsis{};  ///< as many full slices as there are axes left
inline constexpr NewAxis newaxis{};    ///< a new axis of length 1

/// One place of an index: a number, a slice, `ellipsis`, `newaxis`, integers or a mask.
class Index {
 public:
  template <std::integral T>
  Index(T at) : value_(static_cast<int64_t>(at)) {}
  Index(Slice slice) : value_(slice) {}
  Index(Ellipsis) : value_(Ellipsis{}) {}
  Index(NewAxis) : value_(NewAxis{}) {}
  Index(const Array& indices) : value_(indices) {}
  template <std::integral T>
  Index(const std::vector<T>& indices) : value_(Array(indices)) {}

  using Value = std::variant<int64_t, Slice, Ellipsis, NewAxis, Array>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

/// What stands between the brackets: `x[{0, Slice{1, {}}, ellipsis}]`, `x[2]`, `x[mask]`.
class IndexList {
 public:
  IndexList(std::initializer_list<Index> list) : list_(list) {}
  IndexList(std::vector<Index> list) : list_(std::move(list)) {}
  template <class T>
  requires std::convertible_to<const T&, Index> IndexList(const T& only) : list_{Index(only)} {}
  const std::vector<Index>& list() const { return list_; }

 private:
  std::vector<Index> list_;
};

/// `x[key]` as NumPy reads it, also as `x[{…}]`. Numbers and slices come first; integer Arrays (a
/// mask stands for the indices of its true elements, which are evaluated at once) broadcast, and
/// their axes stand where they stood when they are neighbours, in front otherwise.
/// Errors: ShapeError for too many places, ValueError for a number out of range; at run time,
/// ValueError for an integer out of range.
Array get_item(const Array& x, const IndexList& key);

/// `x` with a part of it changed: `at(x, {0, ellipsis}).add(y)`. Values broadcast to the part and
/// take the dtype of x; where the index names an element twice, all values count, the last for
/// `set`.
class IndexUpdate {
 public:
  IndexUpdate(Array x, IndexList key) : x_(std::move(x)), key_(std::move(key)) {}
  Array get() const { return get_item(x_, key_); }
  Array set(const Array& values) const { return update(values, "set"); }
  Array add(const Array& values) const { return update(values, "add"); }
  Array multiply(const Array& values) const { return update(values, "mul"); }
  Array max(const Array& values) const { return update(values, "max"); }
  Array min(const Array& values) const { return update(values, "min"); }

 private:
  Array update(const Array& values, const std::string& mode) const;

  Array x_;
  IndexList key_;
};
inline IndexUpdate at(Array x, IndexList key) { return {std::move(x), std::move(key)}; }

}  // namespace danlu
