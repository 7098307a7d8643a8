#pragma once

#include "danlu/core/attrs.h"
#include "danlu/ops/conv/conv_attrs.h"
#include "danlu/ops/linalg/matmul_attrs.h"

namespace danlu {

/// What a fused kernel applies to its result.
enum class FusedActivation : uint8_t { none, relu, sigmoid, tanh };

/// fused_matmul: activation(matmul(a, b) + bias); inputs a, b[, bias].
struct FusedMatmulAttrs {
  MatmulAttrs matmul;
  FusedActivation activation = FusedActivation::none;

  template <class V>
  void fields(V&& v) const {
    matmul.fields(v), v("activation", activation);
  }
  friend bool operator==(const FusedMatmulAttrs&, const FusedMatmulAttrs&) = default;
};

/// fused_conv2d: activation(conv2d(x, kernel) + bias); inputs x, kernel[, bias].
struct FusedConv2DAttrs {
  Conv2DAttrs conv;
  FusedActivation activation = FusedActivation::none;

  template <class V>
  void fields(V&& v) const {
    conv.fields(v), v("activation", activation);
  }
  friend bool operator==(const FusedConv2DAttrs&, const FusedConv2DAttrs&) = default;
};

/// conv2d_pool: max_pool2d(activation(conv2d(x, kernel) + bias)), outputs (pooled, index); inputs
/// x, kernel[, bias]. conv2d_pool_backward_kernel(x, pooled_grad, index) and
/// conv2d_pool_backward_input(pooled_grad, index, kernel) are the convolution's gradients for the
/// sparse gradient that max_pool2d_backward(pooled_grad, index) would spread out;
/// `conv.result` and `pool.result` hold the shapes those backward ops carry.
struct Conv2DPoolAttrs {
  Conv2DAttrs conv;
  Pool2DAttrs pool;
  FusedActivation activation = FusedActivation::none;

  template <class V>
  void fields(V&& v) const {
    conv.fields(v), pool.fields(v), v("activation", activation);
  }
  friend bool operator==(const Conv2DPoolAttrs&, const Conv2DPoolAttrs&) = default;
};

}  // namespace danlu
