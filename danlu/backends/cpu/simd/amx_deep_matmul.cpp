#include "danlu/backends/cpu/simd/amx_deep_matmul.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <type_traits>
#include <utility>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_attention_loops.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

constexpr int64_t kLeastDepth = 1024;
constexpr int64_t kMostElements = 64 * 1024;  ///< of the result, of which each thread has one

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

DANLU_AMX void add(const float* from, int64_t n, float* to) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 some = amx::lane_mask(n - i);
    const __m512 sum =
        _mm512_add_ps(_mm512_maskz_loadu_ps(some, to + i), _mm512_maskz_loadu_ps(some, from + i));
    _mm512_mask_storeu_ps(to + i, some, sum);
  }
}

int64_t rounded_up(int64_t length) { return amx::parts_of(length, amx::kBlock) * amx::kBlock; }

template <class T>
class AmxDeepMatmulKernel final : public Kernel {
 public:
  explicit AmxDeepMatmulKernel(const KernelQuery& q)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, q.attrs_as<MatmulAttrs>()),
        loops_(amx_matmul_function()),
        epilogue_(epilogue_function(q.isa)) {
    const auto& attrs = q.attrs_as<MatmulAttrs>();
    // Rows of a whose elements stand far apart are turned while they are packed, columns of b are
    // not: the shorter factor had better be a.
    turned_ = attrs.transpose_a && !attrs.transpose_b && g_.m > g_.n;
    threads_ = static_cast<int>(std::clamp<int64_t>(g_.k / (kLeastDepth / 2), 1, q.threads));
    rows_ = turned_ ? g_.n : g_.m;
    columns_ = turned_ ? g_.m : g_.n;
    stride_ = rounded_up(columns_);
    sum_bytes_ = static_cast<size_t>(rounded_up(rows_) * stride_) * sizeof(float);
    for (int chunk = 0; chunk < threads_; ++chunk) {
      const Range depth = depth_of(chunk);
      thread_bytes_ = std::max(thread_bytes_, packing_bytes(depth.end - depth.begin));
    }
    thread_bytes_ += sum_bytes_;
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) { add_up(args, depth_of(chunk), sums(args, chunk)); });
    parallel_chunks(threads_, [&](int chunk) {
      const Range rows = chunk_range(rows_, threads_, chunk, amx::kEdge);
      const int64_t at = rows.begin * stride_, count = rows.end - rows.begin;
      float* first = sums(args, 0) + at;
      for (int other = 1; other < threads_; ++other) {
        add(sums(args, other) + at, count * stride_, first);
      }
      if (turned_) {
        amx::store_turned<T>(first, stride_, count, columns_, args.out<T>(0) + rows.begin, g_.n);
      } else {
        amx::store_rows<T>(first, stride_, count, columns_, args.out<T>(0) + rows.begin * columns_,
                           columns_);
      }
    });
  }

 private:
  static constexpr bool kWide = std::is_same_v<T, float>;
  static constexpr int64_t kDepth = 256;  ///< of bfloat16 that is packed at a time

  Range depth_of(int chunk) const { return chunk_range(g_.k, threads_, chunk, amx::kStep); }
  size_t packing_bytes(int64_t depth) const {
    if constexpr (kWide) return aligned(loops_.scratch_bytes(rows_, columns_, depth, false));
    return amx::packed_bytes<T>(rows_, kDepth) + amx::packed_bytes<T>(columns_, kDepth);
  }
  float* sums(const KernelArgs& args, int chunk) const {
    return reinterpret_cast<float*>(args.scratch + thread_bytes_ * static_cast<size_t>(chunk));
  }

  /// The product over part of the depth.
  void add_up(const KernelArgs& args, Range depth, float* to) const {
    std::byte* memory = reinterpret_cast<std::byte*>(to) + sum_bytes_;
    const T* a = args.in<T>(0) + depth.begin * g_.a_column;
    const T* b = args.in<T>(1) + depth.begin * g_.b_row;
    int64_t a_row = g_.a_row, a_column = g_.a_column, b_row = g_.b_row, b_column = g_.b_column;
    if (turned_) {
      std::swap(a, b);
      std::swap(a_row, b_column);
      std::swap(a_column, b_row);
    }
    const int64_t k = depth.end - depth.begin;
    if constexpr (kWide) {
      loops_.run({.a = a,
                  .b = b,
                  .c = to,
                  .m = rows_,
                  .n = columns_,
                  .k = k,
                  .a_row = a_row,
                  .a_column = a_column,
                  .b_row = b_row,
                  .c_row = stride_},
                 b_column, epilogue_, {reinterpret_cast<float*>(memory)});
    } else {
      std::byte* packed_b = memory + amx::packed_bytes<T>(rows_, kDepth);
      amx::begin_tiles();
      for (int64_t p = 0; p < k; p += kDepth) {
        const int64_t some = std::min(kDepth, k - p);
        amx::pack_factor<false>(a + p * a_column, a_row, a_column, rows_, some, memory);
        amx::pack_factor<true>(b + p * b_row, b_column, b_row, columns_, some, packed_b);
        amx::multiply_packed<T>(memory, rows_, packed_b, columns_, some, p > 0, to, stride_);
      }
      amx::end_tiles();
    }
  }

  MatmulGeometry g_;
  BlockedMatmul loops_;
  EpilogueFunction epilogue_;
  bool turned_ = false;  ///< the transpose of the result is computed
  int threads_ = 1;
  int64_t rows_ = 0, columns_ = 0, stride_ = 0;  ///< of what is computed
  size_t sum_bytes_ = 0, thread_bytes_ = 0;
};

std::string refusal(const KernelQuery& q) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  const bool wide = q.all_are(DType::float32);
  if (!wide && !q.all_are(DType::bfloat16)) return "only float32 and bfloat16";
  const Shape &out = q.outputs[0].shape, &a = q.inputs[0].shape;
  if (out.num_elements() != out[-1] * out[-2]) return "only one product";
  const int64_t k = a[q.attrs_as<MatmulAttrs>().transpose_a ? -2 : -1];
  if (std::min(out[-1], out[-2]) < (wide ? 32 : 8)) return "the matrices do not fill the tiles";
  const bool deep = k >= kLeastDepth && out[-1] * out[-2] <= kMostElements;
  return deep ? "" : "the depth is not long";
}

}  // namespace

KernelDef amx_deep_matmul() {
  return {"amx-deep", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            if (q.inputs[0].dtype == DType::bfloat16) {
              return std::make_unique<AmxDeepMatmulKernel<bfloat16>>(q);
            }
            return std::make_unique<AmxDeepMatmulKernel<float>>(q);
          }};
}

}  // namespace danlu::cpu::simd

#endif
