#pragma once

#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/nn/attention_attrs.h"

/// What the records of attention and of its backward pass share. B: batch, T: queries, S: keys,
/// N: heads, K: heads of keys and values, H: width of a head.
namespace danlu::attention {

/// Checks query, key and value, and bias and mask from input `optional` on. Errors: ShapeError,
/// DTypeError.
void check_inputs(const InferContext& context, size_t optional);
/// The dtype of sums over keys: float64, or float32 for all narrower ones.
DType sum_dtype(DType dtype);
/// Shape (B, T, N).
Shape row_shape(const Shape& query);
/// Shape (B, N, T, S).
Shape logits_shape(const Shape& query, const Shape& key);

/// (B, T, N, H) → (B, K, N/K, T, H), and back.
Array split_heads(const Array& x, int64_t kv_heads);
Array join_heads(const Array& x);
/// (B, T, N) → (B, K, N/K, T, 1).
Array split_rows(const Array& x, int64_t kv_heads);
/// (b, n, t, s) → (b, K or 1, N/K or 1, t, s).
Array split_logits(const Array& x, int64_t heads, int64_t kv_heads);
/// query · keyᵀ · scale + bias, and which of them count; undefined where all do. `inputs` begins
/// with query and key. Shapes: (B, K, N/K, T, S).
struct Logits {
  Array values, allowed;
};
Logits logits(const AttentionAttrs& attrs, std::span<const Array> inputs, size_t optional);

/// The batch axis multiplied into B.
std::vector<Array> batch(const BatchContext& context, size_t optional);
/// Operations of `products` products of T × S × H numbers per head.
double flops(const AttentionAttrs& attrs, const Shape& query, const Shape& key, double products);

/// A case of the sweep; `bias` and `mask` are shapes, of rank 0 where there is none.
struct Case {
  std::string label;
  int64_t batch, targets, sources, heads, kv_heads, width;
  bool causal = false;
  Shape bias = {}, mask = {};
  bool differentiable = true;

  Shape query() const { return {batch, targets, heads, width}; }
  Shape key() const { return {batch, sources, kv_heads, width}; }
  AttentionAttrs attrs() const;
  /// Adds bias and mask behind `sample.inputs`, the mask with a key for each query.
  OpSample finished(OpSample sample) const;
};
const std::vector<Case>& cases();

}  // namespace danlu::attention
