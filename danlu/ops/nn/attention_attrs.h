#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// attention: inputs query, key, value[, bias][, mask]. attention_backward: query, key, value, the
/// gradient of the result, log-sum-exp, delta[, bias][, mask].
struct AttentionAttrs {
  double scale = 1;
  bool causal = false;
  bool bias = false;
  bool mask = false;
  bool bias_gradient = false;  ///< attention_backward: whether that is among the outputs

  template <class V>
  void fields(V&& v) const {
    v("scale", scale), v("causal", causal), v("bias", bias), v("mask", mask);
    v("bias_gradient", bias_gradient);
  }
  friend bool operator==(const AttentionAttrs&, const AttentionAttrs&) = default;
};

}  // namespace danlu
