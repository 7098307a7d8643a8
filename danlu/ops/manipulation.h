#pragma once

#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

/// Shapes, parts and copies. Everything is row-major and contiguous: a transpose or slice is a new
/// Array (the compiler folds it into its consumer where it can).
namespace danlu {

/// Same elements in another shape; one dimension may be −1.
Array reshape(const Array& x, const Shape& shape);
/// Axes named, permuted, split and joined by a pattern as in einops: `"b (h p) c -> (b h) p c"`. An
/// axis in parentheses is the product of those inside, of which all lengths but one are given in
/// `axes_lengths`; `1` is an axis of length 1, and `...` stands for the axes that have no name.
/// Errors: ValueError for a pattern that does not say what it should, ShapeError for one that does
/// not fit the tensor. Source: A. Rogozhnikov, Einops (2022).
Array rearrange(const Array& tensor, const std::string& pattern,
                const std::map<std::string, int64_t>& axes_lengths = {});
/// Axes permuted; without `axes`, reversed.
Array transpose(const Array& x, const std::vector<int64_t>& axes = {});
Array broadcast_to(const Array& x, const Shape& shape);
Array expand_dims(const Array& x, int64_t axis);
/// New axes that stand at `axis` of the result.
Array expand_dims(const Array& x, const std::vector<int64_t>& axis);
Array squeeze(const Array& x, std::optional<int64_t> axis = {});
Array squeeze(const Array& x, const std::vector<int64_t>& axis);
/// All elements in one axis.
Array ravel(const Array& x);
Array swapaxes(const Array& x, int64_t axis1, int64_t axis2);
/// The axes `source` moved to the places `destination`; the others keep their order.
Array moveaxis(const Array& x, const std::vector<int64_t>& source,
               const std::vector<int64_t>& destination);
/// Reversed along `axis`, or along all axes.
Array flip(const Array& x, const std::vector<int64_t>& axis = {});
Array fliplr(const Array& x);
Array flipud(const Array& x);
/// Turned k times by 90° in the plane of `axes`, from the first towards the second.
Array rot90(const Array& x, int64_t k = 1, const std::array<int64_t, 2>& axes = {0, 1});
/// Moved by `shift` places, what leaves at the end coming in again at the start; without axes, of
/// the flattened input.
Array roll(const Array& x, const std::vector<int64_t>& shift,
           const std::vector<int64_t>& axis = {});
/// Each element `repeats` times; without axis, of the flattened input.
Array repeat(const Array& x, int64_t repeats, std::optional<int64_t> axis = {});
Array repeat(const Array& x, const std::vector<int64_t>& repeats, std::optional<int64_t> axis = {});
/// The whole repeated along the last axes.
Array tile(const Array& x, const std::vector<int64_t>& repeats);
/// n times the differences of neighbours along `axis`; of bools, whether they differ.
Array diff(const Array& x, int64_t n = 1, int64_t axis = -1);
/// x[start:stop:step] per axis, `start` inclusive, `stop` exclusive; negative count from the end.
Array slice(const Array& x, const std::vector<int64_t>& start, const std::vector<int64_t>& stop,
            const std::vector<int64_t>& step = {});
/// `pad_width[i]` = {before, after} for axis i.
Array pad(const Array& x, const std::vector<std::array<int64_t, 2>>& pad_width, double value = 0);
/// `mode` says what stands there: "constant" (`value`), "reflect" (mirrored at the last element),
/// "symmetric" (mirrored behind it), "edge" (the last element) or "wrap" (from the other end).
Array pad(const Array& x, const std::vector<std::array<int64_t, 2>>& pad_width,
          const std::string& mode, double value = 0);
Array concatenate(const std::vector<Array>& xs, int64_t axis = 0);
Array stack(const std::vector<Array>& xs, int64_t axis = 0);
/// Joined along the second axis (vectors: the first), the first, the third.
Array hstack(const std::vector<Array>& xs);
Array vstack(const std::vector<Array>& xs);
Array dstack(const std::vector<Array>& xs);
/// x2 behind x1 along `axis`; without axis, both flattened.
Array append(const Array& x1, const Array& x2, std::optional<int64_t> axis = {});
/// Equal parts along `axis`, or parts that end before `indices`.
/// Errors: ShapeError when the axis cannot be divided.
std::vector<Array> split(const Array& x, int64_t sections, int64_t axis = 0);
std::vector<Array> split(const Array& x, const std::vector<int64_t>& indices, int64_t axis = 0);
/// Parts whose lengths differ by at most 1.
std::vector<Array> array_split(const Array& x, int64_t sections, int64_t axis = 0);
std::vector<Array> hsplit(const Array& x, int64_t sections);
std::vector<Array> hsplit(const Array& x, const std::vector<int64_t>& indices);
std::vector<Array> vsplit(const Array& x, int64_t sections);
std::vector<Array> vsplit(const Array& x, const std::vector<int64_t>& indices);
std::vector<Array> dsplit(const Array& x, int64_t sections);
std::vector<Array> dsplit(const Array& x, const std::vector<int64_t>& indices);
/// The elements along `axis`, which is gone from them. Errors: ShapeError when there are not `num`.
std::vector<Array> unstack(const Array& x, std::optional<int64_t> num = {}, int64_t axis = 0);
/// Rows `indices` of `x` along `axis`; without it, elements of the flattened Array. Errors at run
/// time: ValueError for an index outside [−n, n).
Array take(const Array& x, const Array& indices, std::optional<int64_t> axis = {});
/// The transpose of `take`: `updates` added into zeros of `shape` at `indices` along `axis`.
Array scatter_add(const Array& updates, const Array& indices, const Shape& shape, int64_t axis = 0);
/// 1 where the class is `x`, 0 elsewhere, in a new last axis; 0 everywhere for a class outside
/// [0, num_classes).
Array one_hot(const Array& x, int64_t num_classes, DType dtype = DType::float32);
/// The same in a new axis at `axis`.
Array one_hot(const Array& x, int64_t num_classes, int64_t axis, DType dtype = DType::float32);

/// Whether an element stands on the diagonal k above the main one; n rows, m (or n) columns.
Array eye(int64_t n, std::optional<int64_t> m = {}, int64_t k = 0, DType dtype = DType::float32);
Array identity(int64_t n, DType dtype = DType::float32);
/// 1 on and below that diagonal.
Array tri(int64_t n, std::optional<int64_t> m = {}, int64_t k = 0, DType dtype = DType::float32);
/// Matrices in the last two axes with 0 above (below) that diagonal.
Array tril(const Array& x, int64_t k = 0);
Array triu(const Array& x, int64_t k = 0);
/// The diagonal `offset` above the main one, in a new last axis.
Array diagonal(const Array& x, int64_t offset = 0, int64_t axis1 = 0, int64_t axis2 = 1);
/// Its sum.
Array trace(const Array& x, int64_t offset = 0, int64_t axis1 = 0, int64_t axis2 = 1);
/// A matrix with this diagonal, or the diagonal of a matrix.
Array diag(const Array& x, int64_t k = 0);
Array diagflat(const Array& x, int64_t k = 0);

Array zeros(const Shape& shape, DType dtype = DType::float32);
Array ones(const Shape& shape, DType dtype = DType::float32);
/// `value` everywhere; without `dtype`, float32, or complex64 for a complex number.
Array full(const Shape& shape, const Number& value, std::optional<DType> dtype = {});
Array zeros_like(const Array& x, std::optional<DType> dtype = {});
Array ones_like(const Array& x, std::optional<DType> dtype = {});
Array full_like(const Array& x, const Number& value, std::optional<DType> dtype = {});
/// Zeros: nothing here is ever left without a value.
inline Array empty(const Shape& shape, DType dtype = DType::float32) { return zeros(shape, dtype); }
inline Array empty_like(const Array& x, std::optional<DType> dtype = {}) {
  return zeros_like(x, dtype);
}
/// `x` itself, converted where `dtype` says so.
Array convert_to_tensor(const Array& x, std::optional<DType> dtype = {});

namespace internal {
/// one_hot for which a class outside [0, num_classes) is a ValueError of the run.
Array one_hot_of_labels(const Array& x, int64_t num_classes, DType dtype);
Array arange_whole(int64_t start, int64_t stop, int64_t step, DType dtype);
Array arange_real(double start, double stop, double step, DType dtype);
}  // namespace internal

/// start, start + step, … before stop: int32, or float32 where one of them is floating.
template <ArithmeticScalar A, ArithmeticScalar B, ArithmeticScalar C = int>
Array arange(A start, B stop, C step = 1, std::optional<DType> dtype = {}) {
  if constexpr (std::integral<A> && std::integral<B> && std::integral<C>) {
    return internal::arange_whole(start, stop, step, dtype.value_or(DType::int32));
  } else {
    return internal::arange_real(start, stop, step, dtype.value_or(DType::float32));
  }
}
template <ArithmeticScalar A>
Array arange(A stop) {
  return arange(A{0}, stop);
}

}  // namespace danlu
