#pragma once

#include <functional>
#include <string>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// What the records of indexing ops share.
namespace danlu::indexing {

/// Errors: DTypeError unless input `input` holds integers.
void require_integer_indices(const InferContext& context, int input);
/// "An index is out of range. Expected an index from −size to size − 1. Received value."
std::string range_text(int64_t size, int64_t value);
/// `shape` with `axis` replaced by the axes of `indices`. Errors: ShapeError above kMaxRank axes.
Shape taken_shape(const Shape& shape, const Shape& indices, int axis);
/// For batching rules: indices into an axis of length `size` of each element (the batch axis in
/// front) as indices into the axis of all elements together; a bad one stays bad.
Array indices_for_all(const Array& indices, int64_t size, int64_t batch);
/// `OpSample::fill` of an op whose input 1 is indices into `size` elements: some wrap, some repeat,
/// some are left out.
std::function<void(int, std::span<double>)> index_fill(int64_t size);

}  // namespace danlu::indexing
