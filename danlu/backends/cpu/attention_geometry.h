#pragma once

#include <array>

#include "danlu/ops/nn/attention_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Sizes and places of attention's operands: query (batch, targets, heads, width), key and value
/// (batch, sources, kv_heads, width), sums per query (batch, targets, heads).
struct AttentionGeometry {
  int64_t batch, targets, sources, heads, kv_heads, width, group;
  double scale;
  bool causal, bias_gradient;
  int bias = -1, mask = -1;  ///< inputs, or −1
  /// Of bias and mask along (batch, heads, targets, sources); 0 where they repeat.
  std::array<int64_t, 4> bias_strides{}, mask_strides{};

  AttentionGeometry(const KernelQuery& q, int optional) {
    const Shape &query = q.inputs[0].shape, &key = q.inputs[1].shape;
    const auto& attrs = q.attrs_as<AttentionAttrs>();
    batch = query[0], targets = query[1], heads = query[2], width = query[3];
    sources = key[1], kv_heads = key[2], group = heads / kv_heads;
    scale = attrs.scale, causal = attrs.causal, bias_gradient = attrs.bias_gradient;
    if (attrs.bias) bias_strides = strides(q.inputs[static_cast<size_t>(bias = optional++)].shape);
    if (attrs.mask) mask_strides = strides(q.inputs[static_cast<size_t>(mask = optional)].shape);
  }

  int64_t query_at(int64_t b, int64_t t, int64_t n) const { return row_at(b, t, n) * width; }
  int64_t key_at(int64_t b, int64_t s, int64_t k) const {
    return ((b * sources + s) * kv_heads + k) * width;
  }
  int64_t row_at(int64_t b, int64_t t, int64_t n) const { return (b * targets + t) * heads + n; }
  int64_t query_stride() const { return heads * width; }
  int64_t key_stride() const { return kv_heads * width; }
  int64_t query_size() const { return batch * targets * query_stride(); }
  int64_t logit_at(int64_t b, int64_t n, int64_t t) const {
    return ((b * heads + n) * targets + t) * sources;
  }

 private:
  static std::array<int64_t, 4> strides(const Shape& shape) {
    std::array<int64_t, 4> result{};
    int64_t stride = 1;
    for (int i = 3; i >= 0; stride *= shape[i], --i) {
      result[static_cast<size_t>(i)] = shape[i] == 1 ? 0 : stride;
    }
    return result;
  }
};

}  // namespace danlu::cpu
