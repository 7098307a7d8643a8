#pragma once

#include <optional>

#include "danlu/core/array.h"

namespace danlu {

struct DotProductAttentionOptions {
  std::optional<Array> bias = {};  ///< added to the logits; broadcast to (B, N, T, S)
  /// Where false, a key takes no part. Broadcast to (B, N, T, S).
  std::optional<Array> mask = {};
  std::optional<double> scale = {};  ///< of the logits; 1 / √H
  bool is_causal = false;            ///< query t sees the keys 0 … t only
  /// false: a composition of ops that stores all B · N · T · S probabilities. Otherwise they are
  /// computed block by block, and again for the derivative: memory grows with T + S.
  std::optional<bool> flash_attention = {};
  std::optional<double> attn_logits_soft_cap = {};  ///< Keras has it on TPUs only
};

/// softmax(query · keyᵀ · scale + bias) · value for every head (Vaswani et al. 2017), blocked as in
/// FlashAttention-2 (Dao 2023). A query whose keys are all masked gets the mean of all values.
/// With N heads of queries over K of keys and values, head n reads head n / (N / K). The gradient
/// of `bias` takes B · N · T · S numbers. Shapes: query (B, T, N, H), key and value (B, S, K, H), N
/// a multiple of K → (B, T, N, H). Errors: ShapeError, DTypeError; ValueError for
/// attn_logits_soft_cap.
Array dot_product_attention(const Array& query, const Array& key, const Array& value,
                            const DotProductAttentionOptions& options = {});

}  // namespace danlu
