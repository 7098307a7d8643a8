#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// Batching rules that many records share, and what rules are made of. Every rule returns outputs
/// with the batch axis in front; no rule is asked about an empty batch.
namespace danlu::batching {

/// Elementwise ops: axes of length 1 behind the batch axis make the ranks agree.
std::vector<Array> elementwise(const BatchContext& context);
/// Ops that work on the last axes of each input and take any number of axes before them.
std::vector<Array> leading_axes(const BatchContext& context);
/// One call per element, stacked: right for every op, and slow.
std::vector<Array> one_by_one(const BatchContext& context);

/// The shape of output `i` with the batch axis in front.
Shape batched_shape(const BatchContext& context, size_t i = 0);
/// Input `i` with the batch axis in front, repeated where it has none.
Array batched_input(const BatchContext& context, size_t i);
/// The axis `from` of `x` moved to `to`; the others keep their order.
Array move_axis(const Array& x, int64_t from, int64_t to);
/// The first two axes as one.
Array merge_front(const Array& x);
/// The first axis as two, the first of length `size`.
Array split_front(const Array& x, int64_t size);
/// (B, …, n, …) → (…, B · n, …): the batch axis multiplied into axis `axis` of the element.
Array merge_into_axis(const Array& x, int64_t axis);
/// The reverse of `merge_into_axis`.
Array split_from_axis(const Array& x, int64_t axis, int64_t size);
/// `op` on `inputs` with the attributes `attrs`.
template <class A>
std::vector<Array> call(const OpDef& op, const std::vector<Array>& inputs, A attrs) {
  return make_op_outputs(op, inputs, make_attrs(std::move(attrs)));
}

}  // namespace danlu::batching
