#include "danlu/backends/cpu/simd/amx_deep_matmul.h"

#ifdef DANLU_AMX

#include <algorithm>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_attention_loops.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

constexpr int64_t kLeastDepth = 1024;
constexpr int64_t kMostElements = 64 * 1024;  ///< of the result, of which each thread has one
constexpr int64_t kGrain = 16;

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

DANLU_AMX void add(const float* from, int64_t n, float* to) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 some = amx::lane_mask(n - i);
    const __m512 sum =
        _mm512_add_ps(_mm512_maskz_loadu_ps(some, to + i), _mm512_maskz_loadu_ps(some, from + i));
    _mm512_mask_storeu_ps(to + i, some, sum);
  }
}

class AmxDeepMatmulKernel final : public Kernel {
 public:
  explicit AmxDeepMatmulKernel(const KernelQuery& q)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, q.attrs_as<MatmulAttrs>()),
        loops_(amx_matmul_function()),
        epilogue_(epilogue_function(q.isa)) {
    const auto& attrs = q.attrs_as<MatmulAttrs>();
    // Rows of a whose elements stand far apart are turned while they are split, columns of b are
    // not: the shorter factor had better be a.
    turned_ = attrs.transpose_a && !attrs.transpose_b && g_.m > g_.n && g_.m % kGrain == 0 &&
              g_.n % kGrain == 0;
    threads_ = static_cast<int>(std::clamp<int64_t>(g_.k / (kLeastDepth / 2), 1, q.threads));
    rows_ = turned_ ? g_.n : g_.m;
    columns_ = turned_ ? g_.m : g_.n;
    sum_bytes_ = aligned(static_cast<size_t>(rows_ * columns_) * sizeof(float));
    const int64_t depth = (g_.k + threads_ - 1) / threads_ + 2 * amx::kStep;
    thread_bytes_ = sum_bytes_ + loops_.scratch_bytes(rows_, columns_, depth, false);
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      MatmulBlock block = part(args, chunk_range(g_.k, threads_, chunk, amx::kStep));
      block.c = sums(args, chunk);
      auto* memory = reinterpret_cast<float*>(reinterpret_cast<std::byte*>(block.c) + sum_bytes_);
      loops_.run(block, turned_ ? g_.a_row : g_.b_column, epilogue_, {memory});
    });
    parallel_chunks(threads_, [&](int chunk) {
      const Range rows = chunk_range(rows_, threads_, chunk, kGrain);
      const int64_t at = rows.begin * columns_, count = rows.end - rows.begin;
      float* first = sums(args, 0) + at;
      for (int other = 1; other < threads_; ++other) {
        add(sums(args, other) + at, count * columns_, first);
      }
      if (turned_) {
        amx::store_turned<float>(first, columns_, count, columns_, args.out<float>(0) + rows.begin,
                                 g_.n);
      } else {
        std::copy_n(first, count * columns_, args.out<float>(0) + at);
      }
    });
  }

 private:
  float* sums(const KernelArgs& args, int chunk) const {
    return reinterpret_cast<float*>(args.scratch + thread_bytes_ * static_cast<size_t>(chunk));
  }
  /// The product over part of the depth, without its place.
  MatmulBlock part(const KernelArgs& args, Range depth) const {
    const float* a = args.in<float>(0) + depth.begin * g_.a_column;
    const float* b = args.in<float>(1) + depth.begin * g_.b_row;
    return {.a = turned_ ? b : a,
            .b = turned_ ? a : b,
            .m = rows_,
            .n = columns_,
            .k = depth.end - depth.begin,
            .a_row = turned_ ? g_.b_column : g_.a_row,
            .a_column = turned_ ? g_.b_row : g_.a_column,
            .b_row = turned_ ? g_.a_column : g_.b_row,
            .c_row = columns_};
  }

  MatmulGeometry g_;
  BlockedMatmul loops_;
  EpilogueFunction epilogue_;
  bool turned_ = false;  ///< the transpose of the result is computed
  int threads_ = 1;
  int64_t rows_ = 0, columns_ = 0;  ///< of what is computed
  size_t sum_bytes_ = 0, thread_bytes_ = 0;
};

std::string refusal(const KernelQuery& q) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  if (!q.all_are(DType::float32)) return "only float32";
  const Shape &out = q.outputs[0].shape, &a = q.inputs[0].shape;
  if (out.num_elements() != out[-1] * out[-2]) return "only one product";
  const int64_t k = a[q.attrs_as<MatmulAttrs>().transpose_a ? -2 : -1];
  if (std::min(out[-1], out[-2]) < 32) return "the matrices do not fill the tiles";
  const bool deep = k >= kLeastDepth && out[-1] * out[-2] <= kMostElements;
  return deep ? "" : "the depth is not long";
}

}  // namespace

KernelDef amx_deep_matmul() {
  return {"amx-deep", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<AmxDeepMatmulKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd

#endif
