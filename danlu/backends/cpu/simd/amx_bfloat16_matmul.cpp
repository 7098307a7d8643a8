#include "danlu/backends/cpu/simd/amx_bfloat16_matmul.h"

#ifdef DANLU_AMX

#include <algorithm>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/tile_table.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::simd {
namespace {

using namespace amx;

constexpr int64_t kRows = 4 * kBlock;         ///< of a, packed at once
constexpr size_t kPanelsBytes = 1024 * 1024;  ///< of b, packed at once
constexpr size_t kStepSize = 2 * kTileBytes;  ///< of 32 rows, or columns, and 32 of k

/// 32 lines over all of k: by steps of 32, by halves.
template <bool kOfB>
DANLU_AMX void pack_lines(const bfloat16* x, int64_t line, int64_t along, int64_t lines,
                          int64_t depth, std::byte* out) {
  for (int64_t p = 0; p < depth; p += kStep, out += kStepSize) {
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t count = lines - half * kEdge;
      const bfloat16* at = x + (count > 0 ? half * kEdge * line : 0) + p * along;
      std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
      if (along == 1) {
        gather<true, kOfB>(at, line, count, depth - p, tile);
      } else {
        gather<false, kOfB>(at, along, count, depth - p, tile);
      }
    }
  }
}

/// c (32 × 32) = the product of packed a and b, plus `bias` (32 of them) in each row.
DANLU_AMX void multiply(const std::byte* a, const std::byte* b, int64_t steps, const float* bias,
                        float* c) {
  constexpr size_t kRow = kBlock * sizeof(float);
  _tile_loadd(0, bias, 0);
  _tile_loadd(1, bias + kEdge, 0);
  _tile_loadd(2, bias, 0);
  _tile_loadd(3, bias + kEdge, 0);
  for (int64_t i = 0; i < steps; ++i, a += kStepSize, b += kStepSize) {
    add_product<true, true>(a, b);
  }
  _tile_stored(0, c, kRow);
  _tile_stored(1, c + kEdge, kRow);
  _tile_stored(2, c + kEdge * kBlock, kRow);
  _tile_stored(3, c + kEdge * kBlock + kEdge, kRow);
}

template <bool kRelu>
DANLU_AMX void round_rows(const float* c, int64_t rows, int64_t columns, bfloat16* out,
                          int64_t out_row) {
  const auto mask = static_cast<__mmask32>(columns >= 32 ? ~0u : (1u << columns) - 1);
  const __m512 zero = _mm512_setzero_ps();
  const auto load = [&](const float* at) DANLU_AMX {
    const __m512 x = _mm512_loadu_ps(at);
    if constexpr (!kRelu) return x;
    return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LE_OQ), zero);  // NaN stays
  };
  for (int64_t r = 0; r < rows; ++r, c += kBlock, out += out_row) {
    _mm512_mask_storeu_epi16(out, mask, rounded_pair(load(c), load(c + kEdge)));
  }
}

/// The lines of the next rows, which stores would have to wait for.
void fetch_for_stores(bfloat16* out, int64_t rows, int64_t out_row) {
  for (int64_t r = 0; r < rows; ++r, out += out_row) {
    __asm__ volatile("prefetchw %0" : : "m"(*out));
  }
}

DANLU_AMX void configure() {
  static const TileConfig config;
  _tile_loadconfig(&config);
}
DANLU_AMX void release() { _tile_release(); }

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

class Bfloat16MatmulKernel final : public Kernel {
 public:
  Bfloat16MatmulKernel(const KernelQuery& q, const MatmulAttrs& attrs, FusedActivation activation)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs),
        epilogue_(epilogue_function(q.isa)),
        widen_(tile_table(q.isa).load[static_cast<size_t>(DType::bfloat16)]),
        activation_(activation),
        has_bias_(q.inputs.size() > 2) {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    int64_t parts = products;
    if (products < q.threads) {
      // Whoever has all rows packs all of a, and likewise with columns and b.
      split_ = g_.m > g_.n ? Split::rows : Split::columns;
      parts = parts_of(split_ == Split::rows ? g_.m : g_.n, kBlock);
    }
    threads_ = static_cast<int>(std::clamp<int64_t>(parts, 1, q.threads));
    steps_ = parts_of(g_.k, kStep);
    const size_t panel = static_cast<size_t>(steps_) * kStepSize;
    most_columns_ = std::max<int64_t>(1, static_cast<int64_t>(kPanelsBytes / panel)) * kBlock;
    most_columns_ = std::min(most_columns_, parts_of(g_.n, kBlock) * kBlock);
    a_offset_ = static_cast<size_t>(most_columns_ / kBlock) * panel;
    c_offset_ = a_offset_ + static_cast<size_t>(kRows / kBlock) * panel;
    bias_offset_ = c_offset_ + kBlock * kBlock * sizeof(float);
    thread_bytes_ = bias_offset_ + static_cast<size_t>(parts_of(g_.n, kBlock) * kBlock) * 4;
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

  void run(const KernelArgs& args) const override {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    parallel_chunks(threads_, [&](int chunk) {
      Range range{0, products}, rows{0, g_.m}, columns{0, g_.n};
      if (split_ == Split::batch) range = chunk_range(products, threads_, chunk);
      if (split_ == Split::rows) rows = chunk_range(g_.m, threads_, chunk, kBlock);
      if (split_ == Split::columns) columns = chunk_range(g_.n, threads_, chunk, kBlock);
      std::byte* scratch = args.scratch + thread_bytes_ * static_cast<size_t>(chunk);
      auto* bias = reinterpret_cast<float*>(scratch + bias_offset_);
      std::fill_n(bias, parts_of(g_.n, kBlock) * kBlock, 0.0f);
      if (has_bias_) widen_(args.in<bfloat16>(2), bias, static_cast<size_t>(g_.n));
      configure();
      for (int64_t i = range.begin; i < range.end; ++i) {
        for (int64_t column = columns.begin; column < columns.end; column += most_columns_) {
          product(args, i, rows, {column, std::min(columns.end, column + most_columns_)}, scratch);
        }
      }
      release();
    });
  }

 private:
  enum class Split : uint8_t { batch, rows, columns };

  /// Columns that are packed together.
  void product(const KernelArgs& args, int64_t index, Range rows, Range columns,
               std::byte* scratch) const {
    const auto at = static_cast<size_t>(index);
    const bfloat16* a = args.in<bfloat16>(0) + g_.a_offsets[at];
    const bfloat16* b = args.in<bfloat16>(1) + g_.b_offsets[at];
    bfloat16* out = args.out<bfloat16>(0) + index * g_.m * g_.n;
    const size_t panel = static_cast<size_t>(steps_) * kStepSize;
    std::byte* packed = scratch;
    for (int64_t column = columns.begin; column < columns.end; column += kBlock, packed += panel) {
      pack_lines<true>(b + column * g_.b_column, g_.b_column, g_.b_row,
                       std::min<int64_t>(kBlock, columns.end - column), g_.k, packed);
    }
    auto* c = reinterpret_cast<float*>(scratch + c_offset_);
    for (int64_t begin = rows.begin; begin < rows.end; begin += kRows) {
      const int64_t end = std::min<int64_t>(rows.end, begin + kRows);
      std::byte* packed_a = scratch + a_offset_;
      for (int64_t row = begin; row < end; row += kBlock, packed_a += panel) {
        pack_lines<false>(a + row * g_.a_row, g_.a_row, g_.a_column, std::min(kBlock, end - row),
                          g_.k, packed_a);
      }
      packed = scratch;
      for (int64_t column = columns.begin; column < columns.end;
           column += kBlock, packed += panel) {
        const int64_t width = std::min<int64_t>(kBlock, columns.end - column);
        packed_a = scratch + a_offset_;
        for (int64_t row = begin; row < end; row += kBlock, packed_a += panel) {
          const int64_t height = std::min(kBlock, end - row);
          bfloat16* to = out + row * g_.n + column;
          if (row + kBlock < end) {
            fetch_for_stores(to + kBlock * g_.n, std::min(kBlock, end - row - kBlock), g_.n);
          } else if (column + kBlock < columns.end) {
            fetch_for_stores(out + begin * g_.n + column + kBlock, std::min(kBlock, end - begin),
                             g_.n);
          }
          multiply(packed_a, packed, steps_,
                   reinterpret_cast<const float*>(scratch + bias_offset_) + column, c);
          if (activation_ == FusedActivation::relu) {
            round_rows<true>(c, height, width, to, g_.n);
            continue;
          }
          if (activation_ != FusedActivation::none) {
            epilogue_(c, height, width, kBlock, nullptr, activation_);
          }
          round_rows<false>(c, height, width, to, g_.n);
        }
      }
    }
  }

  MatmulGeometry g_;
  EpilogueFunction epilogue_;
  void (*widen_)(const void* in, float* out, size_t n);
  FusedActivation activation_;
  bool has_bias_;
  Split split_ = Split::batch;
  int threads_ = 1;
  int64_t steps_ = 0, most_columns_ = 0;
  size_t a_offset_ = 0, c_offset_ = 0, bias_offset_ = 0, thread_bytes_ = 0;
};

std::string refuse(const KernelQuery& q, const MatmulAttrs& attrs) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  if (!q.all_are(DType::bfloat16)) return "only bfloat16";
  const int64_t k = q.inputs[0].shape[attrs.transpose_a ? -2 : -1];
  const Shape& out = q.outputs[0].shape;
  const bool fills_tiles = std::min({k, out[-1], out[-2]}) >= 8;
  return fills_tiles ? "" : "the matrices do not fill the tiles";
}

}  // namespace

KernelDef amx_bfloat16_matmul() {
  return {"bfloat16", [](const KernelQuery& q) { return refuse(q, q.attrs_as<MatmulAttrs>()); },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<Bfloat16MatmulKernel>(q, q.attrs_as<MatmulAttrs>(),
                                                          FusedActivation::none);
          }};
}

KernelDef amx_bfloat16_fused_matmul() {
  return {"bfloat16",
          [](const KernelQuery& q) { return refuse(q, q.attrs_as<FusedMatmulAttrs>().matmul); },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<FusedMatmulAttrs>();
            return std::make_unique<Bfloat16MatmulKernel>(q, attrs.matmul, attrs.activation);
          }};
}

}  // namespace danlu::cpu::simd

#endif
