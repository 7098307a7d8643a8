#include "danlu/backends/cpu/simd/amx_attention.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <atomic>
#include <limits>
#include <type_traits>

#include "danlu/backends/cpu/attention_geometry.h"
#include "danlu/backends/cpu/simd/amx_attention_loops.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/attention.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

using namespace amx;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr int64_t kColumns = 256;  ///< keys that are packed together

/// Without bias and mask.
bool is_simple_op(const KernelQuery& q) {
  const auto& attrs = q.attrs_as<AttentionAttrs>();
  return !attrs.bias && !attrs.mask && !attrs.causal;
}

int64_t rounded_up(int64_t length) { return parts_of(length, kBlock) * kBlock; }

/// Places in the scratch memory of a thread.
class Places {
 public:
  template <class T = std::byte>
  size_t add(int64_t count) {
    const size_t at = bytes_;
    bytes_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return at;
  }
  /// Of a packed factor.
  template <class T>
  size_t add_packed(int64_t lines, int64_t depth) {
    return add(static_cast<int64_t>(packed_bytes<T>(lines, depth)));
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

/// T is float or bfloat16; whatever is added up is float.
template <class T>
class AmxAttentionBase : public Kernel {
 public:
  AmxAttentionBase(const KernelQuery& q, int optional, int64_t most_rows,
                   std::unique_ptr<Kernel> plain)
      : g_(q, optional),
        loops_(attention_loops(q.isa)),
        plain_(std::move(plain)),
        simple_(is_simple_op(q)),
        rows_(std::min(most_rows, g_.targets)),
        columns_(std::min(kColumns, g_.sources)),
        stride_(rounded_up(columns_)),
        width_(rounded_up(g_.width)) {}

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override {
    const size_t own = static_cast<size_t>(threads_) * places_.bytes() + shared_bytes_;
    return std::max(own, plain_ == nullptr ? 0 : plain_->scratch_bytes());
  }

 protected:
  /// f(unit, the thread's next one or −1, scratch) for all units, each of which says whether it met
  /// a strange number; then the other kernel does all of it.
  template <class F>
  bool run_units(const KernelArgs& args, int64_t units, const F& f) const {
    std::atomic<bool> strange = false;
    parallel_chunks(threads_, [&](int chunk) {
      begin_tiles();
      std::byte* scratch = args.scratch + static_cast<size_t>(chunk) * places_.bytes();
      Range range = chunk_range(units, threads_, chunk);
      int64_t step = 1;
      if (g_.causal) range = {chunk, units}, step = threads_;  // later queries see more keys
      for (int64_t i = range.begin; i < range.end; i += step) {
        if (f(i, i + step < range.end ? i + step : -1, scratch)) strange = true;
      }
      end_tiles();
    });
    if (strange && plain_ != nullptr) {
      plain_->run(args);
      return false;
    }
    return true;
  }

  AttentionTile tile(const KernelArgs& args, float* scores, int64_t b, int64_t n, Range queries,
                     Range keys) const {
    return attention_tile(g_, args, {.scores = scores, .stride = stride_}, b, n, queries, keys);
  }

  Range block(int64_t i, int64_t size, int64_t length) const {
    return {i * size, std::min((i + 1) * size, length)};
  }
  Range query_block(int64_t i) const { return block(i, rows_, g_.targets); }
  Range key_block(int64_t i) const { return block(i, kColumns, g_.sources); }

  AttentionGeometry g_;
  AttentionLoops loops_;
  std::unique_ptr<Kernel> plain_;  ///< for strange numbers; null for bfloat16, which has none
  bool simple_;
  int64_t rows_, columns_;  ///< of a block
  int64_t stride_, width_;  ///< of logits, and of a head, in whole blocks
  Places places_;
  size_t shared_bytes_ = 0;
  int threads_ = 1;
};

template <class T>
class AmxAttentionKernel final : public AmxAttentionBase<T> {
  using Base = AmxAttentionBase<T>;
  using Base::g_, Base::rows_, Base::columns_, Base::stride_, Base::width_, Base::places_;

 public:
  AmxAttentionKernel(const KernelQuery& q, std::unique_ptr<Kernel> plain)
      : Base(q, 3, kRows, std::move(plain)) {
    blocks_ = parts_of(g_.targets, rows_);
    units_ = g_.batch * g_.heads * blocks_;
    this->threads_ = static_cast<int>(std::clamp<int64_t>(units_, 1, q.threads));
    query_ = places_.template add_packed<T>(rows_, g_.width);
    key_ = places_.template add_packed<T>(columns_, g_.width);
    value_ = places_.template add_packed<T>(g_.width, columns_);
    weights_ = places_.template add_packed<T>(kBlock, columns_);
    scores_ = places_.template add<float>(2 * kBlock * stride_);
    result_ = places_.template add<float>(rounded_up(rows_) * width_);
    top_ = places_.template add<float>(rows_);
    sum_ = places_.template add<float>(rows_);
  }

  void run(const KernelArgs& args) const override {
    Base::run_units(args, units_, [&](int64_t unit, int64_t next, std::byte* scratch) {
      const int64_t head = unit / blocks_;
      return run_block(args, head / g_.heads, head % g_.heads, this->query_block(unit % blocks_),
                       next, scratch);
    });
  }

 private:
  static constexpr int64_t kRows = 256;

  /// Asks for 32 rows of the unit that follows.
  void fetch(const KernelArgs& args, int64_t unit, int64_t row) const {
    if (unit < 0) return;
    const int64_t head = unit / blocks_, b = head / g_.heads, n = head % g_.heads;
    const int64_t query = this->query_block(unit % blocks_).begin + row;
    const int64_t queries = std::min(kBlock, g_.targets - query);
    const int64_t keys = std::min(kBlock, g_.sources - row);
    fetch_rows(args.in<T>(0) + g_.query_at(b, query, n), g_.query_stride(), queries, g_.width);
    for (int i : {1, 2}) {
      const int64_t at = g_.key_at(b, row, n / g_.group);
      fetch_rows(args.in<T>(i) + at, g_.key_stride(), keys, g_.width);
    }
  }

  bool run_block(const KernelArgs& args, int64_t b, int64_t n, Range queries, int64_t next,
                 std::byte* scratch) const {
    const auto floats = [&](size_t place) { return reinterpret_cast<float*>(scratch + place); };
    const int64_t count = queries.end - queries.begin, kv_head = n / g_.group;
    const int64_t at = g_.query_at(b, queries.begin, n), row = g_.query_stride();
    std::fill_n(floats(top_), count, -kInf);
    std::fill_n(floats(sum_), count, 0.0f);
    bool strange =
        pack_factor<false>(args.in<T>(0) + at, row, 1, count, g_.width, scratch + query_);
    const size_t packed_rows = packed_bytes<T>(kBlock, g_.width);
    for (int64_t j = 0; j < parts_of(g_.sources, kColumns); ++j) {
      const Range keys = this->key_block(j);
      if (hidden(queries, keys)) break;
      const int64_t columns = keys.end - keys.begin, key_at = g_.key_at(b, keys.begin, kv_head);
      strange |= pack_factor<true>(args.in<T>(1) + key_at, g_.key_stride(), 1, columns, g_.width,
                                   scratch + key_);
      strange |= pack_factor<true>(args.in<T>(2) + key_at, 1, g_.key_stride(), g_.width, columns,
                                   scratch + value_);
      // The next queries' logits are computed before this one's weights: vectors need not wait.
      const auto multiply_keys = [&](int64_t r) {
        const int64_t rows = std::min(kBlock, count - r);
        const std::byte* query = scratch + query_ + r / kBlock * packed_rows;
        multiply_packed<T>(query, rows, scratch + key_, columns, g_.width, false,
                           floats(scores_) + r / kBlock % 2 * kBlock * stride_, stride_);
      };
      for (int64_t r = 0; r < count; r += kBlock) {
        if (r == 0) multiply_keys(0);
        if (r + kBlock < count) multiply_keys(r + kBlock);
        const Range some{queries.begin + r, std::min(queries.begin + r + kBlock, queries.end)};
        if (hidden(some, keys)) continue;
        const int64_t rows = some.end - some.begin;
        float* scores = floats(scores_) + r / kBlock % 2 * kBlock * stride_;
        const AttentionRows to{.top = floats(top_) + r,
                               .sum = floats(sum_) + r,
                               .result = floats(result_) + r * width_,
                               .width = g_.width,
                               .result_row = width_,
                               .first = j == 0};
        if (j == 0) fetch(args, next, r);
        const AttentionTile tile = this->tile(args, scores, b, n, some, keys);
        if (this->simple_) {
          strange |= soften_packed<T>(tile, to, scratch + weights_);
        } else {
          this->loops_.soften(tile, to);
          strange |= pack_weights<false, T>(scores, stride_, rows, columns, scratch + weights_);
        }
        multiply_packed<T>(scratch + weights_, rows, scratch + value_, g_.width, columns, j > 0,
                           to.result, width_);
      }
    }
    const AttentionRows all{.top = floats(top_),
                            .sum = floats(sum_),
                            .result = floats(result_),
                            .width = g_.width,
                            .result_row = width_};
    float* log_sum = args.out<float>(1) + g_.row_at(b, queries.begin, n);
    this->loops_.finish(all, count, log_sum, g_.heads);
    for (int64_t r = 0; r < count; ++r) {
      if (log_sum[r * g_.heads] == -kInf) put_mean(args, b, kv_head, all.result + r * width_);
    }
    store_rows<T>(all.result, width_, count, g_.width, args.out<T>(0) + at, row);
    return strange;
  }

  /// Whether none of the queries sees one of the keys.
  bool hidden(Range queries, Range keys) const { return g_.causal && queries.end <= keys.begin; }

  /// For a query whose keys are all masked.
  void put_mean(const KernelArgs& args, int64_t b, int64_t kv_head, float* result) const {
    for (int64_t h = 0; h < g_.width; ++h) {
      double total = 0;
      for (int64_t s = 0; s < g_.sources; ++s) {
        total += static_cast<double>(args.in<T>(2)[g_.key_at(b, s, kv_head) + h]);
      }
      result[h] = static_cast<float>(total / static_cast<double>(g_.sources));
    }
  }

  int64_t blocks_ = 1, units_ = 0;
  size_t query_, key_, value_, weights_, scores_, result_, top_, sum_;
};

template <class T>
class AmxAttentionBackwardKernel final : public AmxAttentionBase<T> {
  using Base = AmxAttentionBase<T>;
  using Base::g_, Base::rows_, Base::columns_, Base::stride_, Base::width_, Base::places_;

 public:
  AmxAttentionBackwardKernel(const KernelQuery& q, std::unique_ptr<Kernel> plain)
      : Base(q, 6, is_simple_op(q) ? kBlock : kRows, std::move(plain)) {
    const int64_t heads = g_.batch * g_.kv_heads;
    // Few heads: each thread takes a part of the keys.
    if (heads < 2 * q.threads) {
      parts_ = std::clamp<int64_t>(parts_of(g_.sources, kColumns), 1, q.threads);
    }
    units_ = heads * parts_;
    this->threads_ = static_cast<int>(std::clamp<int64_t>(units_, 1, q.threads));
    query_ = places_.template add_packed<T>(rows_, g_.width);
    grad_ = places_.template add_packed<T>(rows_, g_.width);
    query_turned_ = places_.template add_packed<T>(g_.width, rows_);
    grad_turned_ = places_.template add_packed<T>(g_.width, rows_);
    key_ = places_.template add_packed<T>(columns_, g_.width);
    value_ = places_.template add_packed<T>(columns_, g_.width);
    key_rows_ = places_.template add_packed<T>(g_.width, columns_);
    weights_ = places_.template add_packed<T>(columns_, rows_);
    slopes_ = places_.template add_packed<T>(columns_, rows_);
    slope_rows_ = places_.template add_packed<T>(rows_, columns_);
    // Whole blocks where they are 32 × 32.
    scores_ = places_.template add<float>(rounded_up(rows_) * stride_);
    scores_grad_ = places_.template add<float>(rounded_up(rows_) * stride_);
    key_grad_ = places_.template add<float>(width_ * stride_);
    value_grad_ = places_.template add<float>(width_ * stride_);
    head_floats_ = rounded_up(g_.targets) * width_;
    if (parts_ == 1) {
      query_grad_ = places_.template add<float>(g_.group * head_floats_);
    } else {
      this->shared_bytes_ = static_cast<size_t>(units_ * g_.group * head_floats_) * sizeof(float);
    }
  }

  void run(const KernelArgs& args) const override {
    const bool done =
        Base::run_units(args, units_, [&](int64_t unit, int64_t next, std::byte* scratch) {
          auto* query_grad = reinterpret_cast<float*>(scratch + query_grad_);
          if (parts_ > 1) query_grad = shared_grad(args, unit);
          const bool strange = run_keys(args, unit, next, query_grad, scratch);
          if (parts_ == 1) store_query_grad(args, unit, query_grad);
          return strange;
        });
    if (!done || parts_ == 1) return;
    parallel_chunks(this->threads_, [&](int chunk) {
      const Range heads = chunk_range(units_ / parts_, this->threads_, chunk);
      for (int64_t head = heads.begin; head < heads.end; ++head) {
        float* first = shared_grad(args, head * parts_);
        const int64_t size = g_.group * head_floats_;
        for (int64_t part = 1; part < parts_; ++part) {
          for (int64_t i = 0; i < size; ++i) first[i] += first[part * size + i];
        }
        store_query_grad(args, head, first);
      }
    });
  }

 private:
  static constexpr int64_t kRows = 64;

  /// The query gradients of a unit, where its head has several.
  float* shared_grad(const KernelArgs& args, int64_t unit) const {
    std::byte* shared = args.scratch + static_cast<size_t>(this->threads_) * places_.bytes();
    return reinterpret_cast<float*>(shared) + unit * g_.group * head_floats_;
  }
  void store_query_grad(const KernelArgs& args, int64_t head, const float* from) const {
    const int64_t b = head / g_.kv_heads, first = head % g_.kv_heads * g_.group;
    for (int64_t n = first; n < first + g_.group; ++n, from += head_floats_) {
      store_rows<T>(from, width_, g_.targets, g_.width, args.out<T>(0) + g_.query_at(b, 0, n),
                    g_.query_stride());
    }
  }

  /// Asks for 32 rows of the unit that follows.
  void fetch(const KernelArgs& args, int64_t unit, int64_t row) const {
    if (unit < 0) return;
    const int64_t head = unit / parts_, b = head / g_.kv_heads, kv_head = head % g_.kv_heads;
    for (int i : {0, 3}) {
      const int64_t at = g_.query_at(b, row, kv_head * g_.group);
      fetch_rows(args.in<T>(i) + at, g_.query_stride(), std::min(kBlock, g_.targets - row),
                 g_.width);
    }
    for (int i : {1, 2}) {
      fetch_rows(args.in<T>(i) + g_.key_at(b, row, kv_head), g_.key_stride(),
                 std::min(kBlock, g_.sources - row), g_.width);
    }
  }

  bool run_keys(const KernelArgs& args, int64_t unit, int64_t next, float* query_grad,
                std::byte* scratch) const {
    const int64_t head = unit / parts_, b = head / g_.kv_heads, kv_head = head % g_.kv_heads;
    std::fill_n(query_grad, g_.group * head_floats_, 0.0f);
    bool strange = false;
    for (int64_t j = unit % parts_; j < parts_of(g_.sources, kColumns); j += parts_) {
      const Range keys = this->key_block(j);
      const int64_t count = keys.end - keys.begin, at = g_.key_at(b, keys.begin, kv_head);
      const int64_t row = g_.key_stride();
      strange |= pack_factor<true>(args.in<T>(1) + at, row, 1, count, g_.width, scratch + key_);
      strange |= pack_factor<true>(args.in<T>(2) + at, row, 1, count, g_.width, scratch + value_);
      strange |=
          pack_factor<true>(args.in<T>(1) + at, 1, row, g_.width, count, scratch + key_rows_);
      auto* key_grad = reinterpret_cast<float*>(scratch + key_grad_);
      auto* value_grad = reinterpret_cast<float*>(scratch + value_grad_);
      std::fill_n(key_grad, width_ * stride_, 0.0f);
      std::fill_n(value_grad, width_ * stride_, 0.0f);
      for (int64_t n = 0; n < g_.group; ++n) {
        for (int64_t i = 0; i < parts_of(g_.targets, rows_); ++i) {
          const Range queries = this->query_block(i);
          if (j < parts_ && n == 0) fetch(args, next, queries.begin);
          strange |= run_tile(args, b, kv_head * g_.group + n, queries, keys,
                              query_grad + n * head_floats_ + queries.begin * width_, scratch);
        }
      }
      store_turned<T>(key_grad, stride_, g_.width, count, args.out<T>(1) + at, row);
      store_turned<T>(value_grad, stride_, g_.width, count, args.out<T>(2) + at, row);
    }
    return strange;
  }

  bool run_tile(const KernelArgs& args, int64_t b, int64_t n, Range queries, Range keys,
                float* query_grad, std::byte* scratch) const {
    // A query whose keys are all masked has every value in its mean.
    const bool hidden = g_.causal && queries.end <= keys.begin;
    if (hidden && g_.mask < 0 && g_.bias < 0) return false;
    const auto floats = [&](size_t place) { return reinterpret_cast<float*>(scratch + place); };
    const int64_t rows = queries.end - queries.begin, columns = keys.end - keys.begin;
    const int64_t at = g_.query_at(b, queries.begin, n), row_at = g_.row_at(b, queries.begin, n);
    const int64_t row = g_.query_stride(), width = g_.width;
    const T *query = args.in<T>(0) + at, *grad = args.in<T>(3) + at;
    bool strange = pack_factor<false>(query, row, 1, rows, width, scratch + query_);
    strange |= pack_factor<false>(grad, row, 1, rows, width, scratch + grad_);
    strange |= pack_factor<false>(query, 1, row, width, rows, scratch + query_turned_);
    strange |= pack_factor<false>(grad, 1, row, width, rows, scratch + grad_turned_);
    float *scores = floats(scores_), *scores_grad = floats(scores_grad_);
    if (this->simple_) {
      return strange | run_blocks(args, row_at, rows, columns, query_grad, scratch);
    }
    multiply_packed<T>(scratch + query_, rows, scratch + key_, columns, width, false, scores,
                       stride_);
    multiply_packed<T>(scratch + grad_, rows, scratch + value_, columns, width, false, scores_grad,
                       stride_);
    this->loops_.differentiate(this->tile(args, scores, b, n, queries, keys),
                               {.scores_grad = scores_grad,
                                .log_sum = args.in<float>(4) + row_at,
                                .delta = args.in<float>(5) + row_at,
                                .row_stride = g_.heads,
                                .uniform = 1 / static_cast<float>(g_.sources),
                                .bias_grad = nullptr,
                                .bias_grad_row = 0});
    strange |= pack_weights<true, T>(scores, stride_, columns, rows, scratch + weights_);
    strange |= pack_weights<true, T>(scores_grad, stride_, columns, rows, scratch + slopes_);
    strange |= pack_weights<false, T>(scores_grad, stride_, rows, columns, scratch + slope_rows_);
    multiply_packed<T>(scratch + grad_turned_, width, scratch + weights_, columns, rows, true,
                       floats(value_grad_), stride_);
    multiply_packed<T>(scratch + query_turned_, width, scratch + slopes_, columns, rows, true,
                       floats(key_grad_), stride_);
    multiply_packed<T>(scratch + slope_rows_, rows, scratch + key_rows_, width, columns, true,
                       query_grad, width_);
    return strange;
  }

  /// What follows packing, 32 × 32 logits after 32 × 32, of at most 32 queries.
  bool run_blocks(const KernelArgs& args, int64_t row_at, int64_t rows, int64_t columns,
                  float* query_grad, std::byte* scratch) const {
    const auto floats = [&](size_t place) { return reinterpret_cast<float*>(scratch + place); };
    PackedGradient block{.scale = static_cast<float>(g_.scale),
                         .weights = scratch + weights_,
                         .slopes = scratch + slopes_,
                         .slope_rows = scratch + slope_rows_};
    for (int64_t r = 0; r < kBlock; ++r) {
      block.log_sum[r] = r < rows ? args.in<float>(4)[row_at + r * g_.heads] : kInf;
      block.delta[r] = r < rows ? args.in<float>(5)[row_at + r * g_.heads] : 0;
    }
    const size_t packed_line = packed_bytes<T>(kBlock, g_.width);
    const int64_t steps = parts_of(columns, kStep);
    const auto multiply_keys = [&](int64_t i) {
      const int64_t at = i % 2 * kBlock * kBlock;
      multiply_packed<T>(scratch + query_, kBlock, scratch + key_ + i * packed_line, kBlock,
                         g_.width, false, floats(scores_) + at, kBlock);
      multiply_packed<T>(scratch + grad_, kBlock, scratch + value_ + i * packed_line, kBlock,
                         g_.width, false, floats(scores_grad_) + at, kBlock);
    };
    bool strange = false;
    multiply_keys(0);
    for (int64_t i = 0; i < steps; ++i) {
      // Before they are wanted: vectors need not wait.
      if (i + 1 < steps) multiply_keys(i + 1);
      const int64_t at = i * kBlock, buffer = i % 2 * kBlock * kBlock;
      block.scores = floats(scores_) + buffer;
      block.scores_grad = floats(scores_grad_) + buffer;
      block.columns = columns - at;
      strange |= differentiate_packed<T>(block);
      for (int64_t h = 0; h < width_; h += kBlock) {
        const int64_t panel = h / kBlock;
        const std::byte* key_rows = scratch + key_rows_ + (panel * steps + i) * kPackedStep<T>;
        multiply_packed<T>(scratch + grad_turned_ + panel * kPackedStep<T>, kBlock, block.weights,
                           kBlock, kStep, true, floats(value_grad_) + h * stride_ + at, stride_);
        multiply_packed<T>(scratch + query_turned_ + panel * kPackedStep<T>, kBlock, block.slopes,
                           kBlock, kStep, true, floats(key_grad_) + h * stride_ + at, stride_);
        multiply_packed<T>(block.slope_rows, kBlock, key_rows, kBlock, kStep, true, query_grad + h,
                           width_);
      }
    }
    return strange;
  }

  int64_t parts_ = 1, units_ = 0;
  int64_t head_floats_ = 0;  ///< of the query gradients of one head
  size_t query_, grad_, query_turned_, grad_turned_, key_, value_, key_rows_, weights_, slopes_,
      slope_rows_, scores_, scores_grad_, key_grad_, value_grad_, query_grad_ = 0;
};

std::string refusal(const KernelQuery& q) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  const DType dtype = q.inputs[0].dtype;
  const auto& attrs = q.attrs_as<AttentionAttrs>();
  if (dtype != DType::float32 && dtype != DType::bfloat16) return "only float32 and bfloat16";
  if (dtype == DType::bfloat16 && attrs.bias) return "the bias is no float32";
  const Shape &query = q.inputs[0].shape, &key = q.inputs[1].shape;
  const bool fills_tiles = std::min({query[1], query[3], key[1]}) >= 16;
  return fills_tiles ? "" : "the heads do not fill the tiles";
}

template <template <class> class K>
std::unique_ptr<Kernel> make(const KernelQuery& q, const KernelDef& plain) {
  if (q.inputs[0].dtype == DType::bfloat16) return std::make_unique<K<bfloat16>>(q, nullptr);
  return std::make_unique<K<float>>(q, plain.prepare(q));
}

}  // namespace

KernelDef amx_attention() {
  return {"amx", refusal,
          [](const KernelQuery& q) { return make<AmxAttentionKernel>(q, attention()); }};
}
KernelDef amx_attention_backward() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            if (q.attrs_as<AttentionAttrs>().bias_gradient) return "the bias has a gradient";
            return refusal(q);
          },
          [](const KernelQuery& q) {
            return make<AmxAttentionBackwardKernel>(q, attention_backward());
          }};
}

}  // namespace danlu::cpu::simd

#endif
