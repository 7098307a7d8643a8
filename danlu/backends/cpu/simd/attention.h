#pragma once

#include <cstdint>

#include "danlu/backends/cpu/attention_geometry.h"
#include "danlu/base/thread.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// float32 attention without the matrix of logits: blocks of queries meet blocks of keys, the
/// softmax goes along (Dao 2023, FlashAttention-2). The products are those of
/// simd/blocked_matmul.h.
KernelDef attention();
/// The same for its gradients: logits are computed again, block by block.
KernelDef attention_backward();

/// A block of logits: `rows` queries by `columns` keys.
struct AttentionTile {
  float* scores = nullptr;  ///< query · key; overwritten
  int64_t rows = 0, columns = 0, stride = 0;
  float scale = 1;
  const float* bias = nullptr;  ///< of the first query and key, or null
  int64_t bias_row = 0, bias_column = 0;
  const uint8_t* mask = nullptr;  ///< 0: masked
  int64_t mask_row = 0, mask_column = 0;
  /// Row r sees the columns below `visible + r`; far beyond all columns without a causal mask.
  int64_t visible = 0;
};

/// `tile`, of which scores and stride are set, for the queries and keys of head `n` in batch `b`.
AttentionTile attention_tile(const AttentionGeometry& g, const KernelArgs& args, AttentionTile tile,
                             int64_t b, int64_t n, Range queries, Range keys);

/// What the rows of a block need of those before, and give to those behind.
struct AttentionRows {
  float* top;     ///< the greatest logit so far; −∞ first
  float* sum;     ///< Σ exp(logit − top); 0 first
  float* result;  ///< Σ exp(logit − top) · value
  int64_t width, result_row;
  bool first;  ///< `result` is still empty
};

/// The gradients of a block.
struct AttentionGradient {
  float* scores_grad;  ///< in: grad · value; out: the gradient of query · key
  const float *log_sum, *delta;
  int64_t row_stride;  ///< of these two
  float uniform;       ///< the probabilities of a query whose keys are all masked
  float* bias_grad;    ///< or null; rows are `bias_grad_row` apart
  int64_t bias_grad_row;
};

/// The loops for one ISA.
struct AttentionLoops {
  /// scores = exp(logit − new top); sum and result are scaled to the new top, sum grows.
  void (*soften)(const AttentionTile& tile, const AttentionRows& rows);
  /// Divides the result by the sum, and gives the log-sum-exp (−∞ where no key counts).
  void (*finish)(const AttentionRows& rows, int64_t count, float* log_sum, int64_t row_stride);
  /// scores = the probabilities, scores_grad as said there.
  void (*differentiate)(const AttentionTile& tile, const AttentionGradient& gradient);
};
const AttentionLoops& attention_loops(Isa isa);

}  // namespace danlu::cpu::simd
