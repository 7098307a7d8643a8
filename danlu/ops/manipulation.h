#pragma once

#include <array>
#include <optional>
#include <vector>

#include "danlu/core/array.h"

/// Shapes, parts and copies. Everything is row-major and contiguous: a transpose or slice is a new
/// Array (the compiler folds it into its consumer where it can).
namespace danlu {

/// Same elements in another shape; one dimension may be −1.
Array reshape(const Array& x, const Shape& shape);
/// Axes permuted; without `axes`, reversed.
Array transpose(const Array& x, const std::vector<int64_t>& axes = {});
Array broadcast_to(const Array& x, const Shape& shape);
Array expand_dims(const Array& x, int64_t axis);
Array squeeze(const Array& x, std::optional<int64_t> axis = {});
/// x[start:stop:step] per axis, `start` inclusive, `stop` exclusive; negative count from the end.
Array slice(const Array& x, const std::vector<int64_t>& start, const std::vector<int64_t>& stop,
            const std::vector<int64_t>& step = {});
/// `pad_width[i]` = {before, after} for axis i.
Array pad(const Array& x, const std::vector<std::array<int64_t, 2>>& pad_width, double value = 0);
Array concatenate(const std::vector<Array>& xs, int64_t axis = 0);
Array stack(const std::vector<Array>& xs, int64_t axis = 0);
/// Rows `indices` of `x` along `axis`. Errors at run time: ValueError for an index outside
/// [−n, n).
Array take(const Array& x, const Array& indices, int64_t axis = 0);
/// The transpose of `take`: `updates` added into zeros of `shape` at `indices` along `axis`.
Array scatter_add(const Array& updates, const Array& indices, const Shape& shape, int64_t axis = 0);
/// 1 where the class is `x`, 0 elsewhere, in a new last axis. Errors at run time: ValueError for a
/// class outside [0, num_classes).
Array one_hot(const Array& x, int64_t num_classes, DType dtype = DType::float32);

Array zeros(const Shape& shape, DType dtype = DType::float32);
Array ones(const Shape& shape, DType dtype = DType::float32);
Array full(const Shape& shape, double value, DType dtype = DType::float32);
Array zeros_like(const Array& x);
Array ones_like(const Array& x);
Array arange(int64_t start, int64_t stop, int64_t step = 1, DType dtype = DType::int64);

}  // namespace danlu
