#pragma once

#include <cstddef>
#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// Layer normalization of (rows, n); gamma and beta (n,), mean and factor (rows,).
struct LayerNormRows {
  const float *x, *gamma, *beta;
  float *y, *mean, *factor;
  size_t rows, n;
  float epsilon;
};

/// Its gradients. Those of gamma and beta are added up: `sums` holds 4n numbers, the first 2n of
/// which are the results when all rows are done.
struct LayerNormGradients {
  const float *x, *gamma, *mean, *factor, *grad;
  float *x_grad, *sums;
  size_t rows, n;
};

/// Loops of one instruction set over the rows of a (rows, n) matrix, n ≥ 1.
struct RowLoops {
  void (*max)(const float* x, size_t rows, size_t n, float* out) = nullptr;
  void (*min)(const float* x, size_t rows, size_t n, float* out) = nullptr;
  void (*argmax)(const float* x, size_t rows, size_t n, int64_t* out) = nullptr;
  void (*argmin)(const float* x, size_t rows, size_t n, int64_t* out) = nullptr;
  void (*softmax)(const float* x, size_t rows, size_t n, float* out) = nullptr;
  void (*log_softmax)(const float* x, size_t rows, size_t n, float* out) = nullptr;
  void (*layer_norm)(const LayerNormRows& rows) = nullptr;
  void (*layer_norm_backward)(const LayerNormGradients& rows) = nullptr;
};

const RowLoops& row_loops(Isa isa);

}  // namespace danlu::cpu::simd
