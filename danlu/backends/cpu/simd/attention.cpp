#include "danlu/backends/cpu/simd/attention.h"

#include <algorithm>
#include <limits>

#include "danlu/backends/cpu/attention_geometry.h"
#include "danlu/backends/cpu/simd/blocked_matmul.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

/// Queries and keys of a block, whose logits stay in the second-level cache.
constexpr int64_t kRows = 128, kColumns = 256;

int64_t blocks_of(int64_t length, int64_t block) { return (length + block - 1) / block; }

/// Floats, in whole lines of the cache.
int64_t lines(int64_t floats) { return (floats + 15) / 16 * 16; }

class AttentionBase : public Kernel {
 public:
  AttentionBase(const KernelQuery& q, int optional)
      : g_(q, optional),
        loops_(attention_loops(q.isa)),
        product_(blocked_matmul_function(q.isa)),
        rows_(std::min(kRows, g_.targets)),
        columns_(std::min(kColumns, g_.sources)),
        stride_(lines(columns_)) {}

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override {
    return sizeof(float) * static_cast<size_t>(threads_ * chunk_floats_ + shared_floats_);
  }

 protected:
  /// c (+)= a · b, or with the transpose of b: `b_column` is the stride between its columns.
  void multiply(MatmulBlock block, int64_t b_column, float* panel) const {
    product_.run(block, b_column, nullptr, {panel});
  }

  AttentionTile tile(const KernelArgs& args, float* scores, int64_t b, int64_t n, Range queries,
                     Range keys) const {
    return attention_tile(g_, args, {.scores = scores, .stride = stride_}, b, n, queries, keys);
  }

  Range query_block(int64_t i) const { return {i * kRows, std::min((i + 1) * kRows, g_.targets)}; }
  Range key_block(int64_t i) const {
    return {i * kColumns, std::min((i + 1) * kColumns, g_.sources)};
  }
  /// Whether no query of the block sees a key of the other.
  bool hidden(Range queries, Range keys) const { return g_.causal && queries.end <= keys.begin; }
  float* chunk_scratch(const KernelArgs& args, int chunk) const {
    return reinterpret_cast<float*>(args.scratch) + chunk * chunk_floats_;
  }

  AttentionGeometry g_;
  AttentionLoops loops_;
  BlockedMatmul product_;
  int64_t rows_, columns_, stride_;
  int64_t chunk_floats_ = 0, shared_floats_ = 0;
  int threads_ = 1;
};

class AttentionKernel final : public AttentionBase {
 public:
  explicit AttentionKernel(const KernelQuery& q) : AttentionBase(q, 3) {
    tasks_ = g_.batch * g_.heads * blocks_of(g_.targets, kRows);
    threads_ = static_cast<int>(std::clamp<int64_t>(tasks_, 1, q.threads));
    chunk_floats_ = kPanelFloats + rows_ * stride_ + 2 * lines(rows_);
  }

  void run(const KernelArgs& args) const override {
    const int64_t blocks = blocks_of(g_.targets, kRows);
    parallel_chunks(threads_, [&](int chunk) {
      // In turn, because later queries see more keys.
      for (int64_t i = chunk; i < tasks_; i += threads_) {
        const int64_t head = i / blocks;
        run_block(args, head / g_.heads, head % g_.heads, query_block(i % blocks),
                  chunk_scratch(args, chunk));
      }
    });
  }

 private:
  static constexpr int64_t kPanelFloats = kPanelBytes / sizeof(float);

  void run_block(const KernelArgs& args, int64_t b, int64_t n, Range queries, float* panel) const {
    float* scores = panel + kPanelFloats;
    float* top = scores + rows_ * stride_;
    float* sum = top + lines(rows_);
    const int64_t count = queries.end - queries.begin, kv_head = n / g_.group;
    const int64_t at = g_.query_at(b, queries.begin, n);
    std::fill_n(top, count, -std::numeric_limits<float>::infinity());
    std::fill_n(sum, count, 0.0f);
    AttentionRows rows{.top = top,
                       .sum = sum,
                       .result = args.out<float>(0) + at,
                       .width = g_.width,
                       .result_row = g_.query_stride(),
                       .first = true};
    for (int64_t j = 0; j < blocks_of(g_.sources, kColumns); ++j) {
      const Range keys = key_block(j);
      if (hidden(queries, keys)) break;
      const int64_t columns = keys.end - keys.begin, key_at = g_.key_at(b, keys.begin, kv_head);
      multiply({.a = args.in<float>(0) + at,
                .b = args.in<float>(1) + key_at,
                .c = scores,
                .m = count,
                .n = columns,
                .k = g_.width,
                .a_row = g_.query_stride(),
                .a_column = 1,
                .b_row = 1,
                .c_row = stride_},
               g_.key_stride(), panel);
      loops_.soften(tile(args, scores, b, n, queries, keys), rows);
      multiply({.a = scores,
                .b = args.in<float>(2) + key_at,
                .c = rows.result,
                .m = count,
                .n = g_.width,
                .k = columns,
                .a_row = stride_,
                .a_column = 1,
                .b_row = g_.key_stride(),
                .c_row = rows.result_row,
                .adds = !rows.first},
               1, panel);
      rows.first = false;
    }
    float* log_sum = args.out<float>(1) + g_.row_at(b, queries.begin, n);
    loops_.finish(rows, count, log_sum, g_.heads);
    for (int64_t r = 0; r < count; ++r) {
      if (log_sum[r * g_.heads] == -std::numeric_limits<float>::infinity()) {
        store_mean(args, b, kv_head, rows.result + r * rows.result_row);
      }
    }
  }

  /// For a query whose keys are all masked.
  void store_mean(const KernelArgs& args, int64_t b, int64_t kv_head, float* result) const {
    for (int64_t h = 0; h < g_.width; ++h) {
      double total = 0;
      for (int64_t s = 0; s < g_.sources; ++s) {
        total += static_cast<double>(args.in<float>(2)[g_.key_at(b, s, kv_head) + h]);
      }
      result[h] = static_cast<float>(total / static_cast<double>(g_.sources));
    }
  }

  int64_t tasks_ = 0;
};

class AttentionBackwardKernel final : public AttentionBase {
 public:
  explicit AttentionBackwardKernel(const KernelQuery& q) : AttentionBase(q, 6) {
    const int64_t heads = g_.batch * g_.kv_heads;
    // Few heads: each thread takes a part of the keys, and has query gradients of its own.
    if (heads < 2 * q.threads) {
      parts_ = std::clamp<int64_t>(blocks_of(g_.sources, kColumns), 1, q.threads);
    }
    units_ = heads * parts_;
    threads_ = static_cast<int>(std::clamp<int64_t>(units_, 1, q.threads));
    chunk_floats_ = kPanelFloats + 2 * rows_ * stride_ + 2 * lines(g_.width * stride_);
    shared_floats_ = (parts_ - 1) * g_.query_size();
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      for (int64_t i = chunk; i < units_; i += threads_) {
        const int64_t head = i / parts_;
        run_keys(args, head / g_.kv_heads, head % g_.kv_heads, i % parts_,
                 chunk_scratch(args, chunk));
      }
    });
    if (parts_ == 1) return;
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(g_.query_size(), threads_, chunk, 16);
      for (int64_t part = 1; part < parts_; ++part) {
        const float* from = query_grad(args, part);
        for (long i = range.begin; i < range.end; ++i) args.out<float>(0)[i] += from[i];
      }
    });
  }

 private:
  static constexpr int64_t kPanelFloats = kPanelBytes / sizeof(float);

  float* query_grad(const KernelArgs& args, int64_t part) const {
    if (part == 0) return args.out<float>(0);
    return reinterpret_cast<float*>(args.scratch) + threads_ * chunk_floats_ +
           (part - 1) * g_.query_size();
  }

  /// out[h, s] = rows[s, h], for a block of keys or values.
  void transpose_rows(const float* rows, int64_t count, float* out) const {
    for (int64_t s = 0; s < count; ++s, rows += g_.key_stride()) {
      for (int64_t h = 0; h < g_.width; ++h) out[h * stride_ + s] = rows[h];
    }
  }

  void clear(float* rows, int64_t count, int64_t length, int64_t stride) const {
    for (int64_t i = 0; i < count; ++i) std::fill_n(rows + i * stride, length, 0.0f);
  }

  void run_keys(const KernelArgs& args, int64_t b, int64_t kv_head, int64_t part,
                float* panel) const {
    clear(query_grad(args, part) + g_.query_at(b, 0, kv_head * g_.group), g_.targets,
          g_.group * g_.width, g_.query_stride());
    float* const keys_t = panel + kPanelFloats + 2 * rows_ * stride_;
    float* const values_t = keys_t + lines(g_.width * stride_);
    for (int64_t j = part; j < blocks_of(g_.sources, kColumns); j += parts_) {
      const Range keys = key_block(j);
      const int64_t count = keys.end - keys.begin, at = g_.key_at(b, keys.begin, kv_head);
      transpose_rows(args.in<float>(1) + at, count, keys_t);
      transpose_rows(args.in<float>(2) + at, count, values_t);
      for (int output : {1, 2}) {
        clear(args.out<float>(output) + at, count, g_.width, g_.key_stride());
      }
      for (int64_t n = kv_head * g_.group; n < (kv_head + 1) * g_.group; ++n) {
        for (int64_t i = 0; i < blocks_of(g_.targets, kRows); ++i) {
          run_tile(args, b, n, query_block(i), keys, part, panel, keys_t, values_t);
        }
      }
    }
  }

  void run_tile(const KernelArgs& args, int64_t b, int64_t n, Range queries, Range keys,
                int64_t part, float* panel, const float* keys_t, const float* values_t) const {
    if (g_.bias_gradient && hidden(queries, keys)) {
      clear(args.out<float>(3) + g_.logit_at(b, n, queries.begin) + keys.begin,
            queries.end - queries.begin, keys.end - keys.begin, g_.sources);
    }
    // A query whose keys are all masked has every value in its mean.
    if (g_.mask < 0 && g_.bias < 0 && hidden(queries, keys)) return;
    float* scores = panel + kPanelFloats;
    float* scores_grad = scores + rows_ * stride_;
    const int64_t rows = queries.end - queries.begin, columns = keys.end - keys.begin;
    const int64_t at = g_.query_at(b, queries.begin, n);
    const int64_t key_at = g_.key_at(b, keys.begin, n / g_.group);
    const int64_t row_at = g_.row_at(b, queries.begin, n);
    MatmulBlock to_scores{.a = args.in<float>(0) + at,
                          .b = keys_t,
                          .c = scores,
                          .m = rows,
                          .n = columns,
                          .k = g_.width,
                          .a_row = g_.query_stride(),
                          .a_column = 1,
                          .b_row = stride_,
                          .c_row = stride_};
    multiply(to_scores, 1, panel);
    to_scores.a = args.in<float>(3) + at;
    to_scores.b = values_t;
    to_scores.c = scores_grad;
    multiply(to_scores, 1, panel);
    loops_.differentiate(
        tile(args, scores, b, n, queries, keys),
        {.scores_grad = scores_grad,
         .log_sum = args.in<float>(4) + row_at,
         .delta = args.in<float>(5) + row_at,
         .row_stride = g_.heads,
         .uniform = 1 / static_cast<float>(g_.sources),
         .bias_grad = g_.bias_gradient
                          ? args.out<float>(3) + g_.logit_at(b, n, queries.begin) + keys.begin
                          : nullptr,
         .bias_grad_row = g_.sources});
    MatmulBlock to_keys{.a = scores,
                        .b = args.in<float>(3) + at,
                        .c = args.out<float>(2) + key_at,
                        .m = columns,
                        .n = g_.width,
                        .k = rows,
                        .a_row = 1,
                        .a_column = stride_,
                        .b_row = g_.query_stride(),
                        .c_row = g_.key_stride(),
                        .adds = true};
    multiply(to_keys, 1, panel);
    to_keys.a = scores_grad;
    to_keys.b = args.in<float>(0) + at;
    to_keys.c = args.out<float>(1) + key_at;
    multiply(to_keys, 1, panel);
    multiply({.a = scores_grad,
              .b = args.in<float>(1) + key_at,
              .c = query_grad(args, part) + at,
              .m = rows,
              .n = g_.width,
              .k = columns,
              .a_row = stride_,
              .a_column = 1,
              .b_row = g_.key_stride(),
              .c_row = g_.query_stride(),
              .adds = true},
             1, panel);
  }

  int64_t parts_ = 1, units_ = 0;
};

std::string refusal(const KernelQuery& q) {
  return q.inputs[0].dtype == DType::float32 ? "" : "only float32";
}

}  // namespace

KernelDef attention() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<AttentionKernel>(q);
          }};
}
KernelDef attention_backward() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<AttentionBackwardKernel>(q);
          }};
}

AttentionTile attention_tile(const AttentionGeometry& g, const KernelArgs& args, AttentionTile t,
                             int64_t b, int64_t n, Range queries, Range keys) {
  const auto place = [&](const std::array<int64_t, 4>& strides) {
    return b * strides[0] + n * strides[1] + queries.begin * strides[2] + keys.begin * strides[3];
  };
  t.rows = queries.end - queries.begin;
  t.columns = keys.end - keys.begin;
  t.scale = static_cast<float>(g.scale);
  t.visible = g.causal ? queries.begin + 1 - keys.begin : g.sources;
  if (g.bias >= 0) {
    t.bias = args.in<float>(g.bias) + place(g.bias_strides);
    t.bias_row = g.bias_strides[2], t.bias_column = g.bias_strides[3];
  }
  if (g.mask >= 0) {
    t.mask = args.in<uint8_t>(g.mask) + place(g.mask_strides);
    t.mask_row = g.mask_strides[2], t.mask_column = g.mask_strides[3];
  }
  return t;
}

}  // namespace danlu::cpu::simd
