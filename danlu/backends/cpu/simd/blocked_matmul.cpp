#include "danlu/backends/cpu/simd/blocked_matmul.h"

#include <algorithm>
#include <utility>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

// In a training step, where operands come from the third-level cache, fetching ahead wins up to
// about this size; beyond it oneDNN's own blocking does.
constexpr double kLargeFlops = 1.5e8;

std::string refuse(const KernelQuery& q, const MatmulAttrs& attrs) {
  if (!q.all_are(DType::float32)) return "only float32";
  const int64_t k = q.inputs[0].shape[attrs.transpose_a ? -2 : -1];
  const Shape& out = q.outputs[0].shape;
  const double flops = 2.0 * static_cast<double>(out[-1] * out[-2]) * static_cast<double>(k);
  return flops <= kLargeFlops ? "" : "the matrices are large";
}

class BlockedMatmulKernel final : public Kernel {
 public:
  BlockedMatmulKernel(const KernelQuery& q, const MatmulAttrs& attrs, FusedActivation activation,
                      const BlockedMatmul& loops)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs),
        loops_(loops),
        epilogue_(epilogue_function(q.isa)),
        activation_(activation),
        has_bias_(q.inputs.size() > 2) {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    int64_t parts = products;
    if (products < q.threads) {
      const int64_t row_parts = parts_of(g_.m, loops_.rows),
                    column_parts = parts_of(g_.n, loops_.columns);
      const bool by_rows = work(q.threads, 1) < work(1, q.threads);
      split_ = by_rows ? Split::rows : Split::columns;
      parts = by_rows ? row_parts : column_parts;
    }
    threads_ = static_cast<int>(std::clamp<int64_t>(parts, 1, q.threads));
    // A narrower part may want more, as its b is kept.
    for (int chunk = 0; chunk < threads_; ++chunk) {
      const auto [rows, columns] = part_of(chunk);
      const size_t bytes =
          loops_.scratch_bytes(rows.end - rows.begin, columns.end - columns.begin, g_.k, false);
      thread_bytes_ = std::max(thread_bytes_, (bytes + 63) / 64 * 64);
    }
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

  void run(const KernelArgs& args) const override {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    parallel_chunks(threads_, [&](int chunk) {
      Range range{0, products};
      if (split_ == Split::batch) range = chunk_range(products, threads_, chunk);
      const auto [rows, columns] = part_of(chunk);
      auto* panel =
          reinterpret_cast<float*>(args.scratch + thread_bytes_ * static_cast<size_t>(chunk));
      for (int64_t i = range.begin; i < range.end; ++i) {
        loops_.run(part(args, i, rows, columns), g_.b_column, epilogue_, {panel});
      }
    });
  }

 private:
  enum class Split : uint8_t { batch, rows, columns };
  /// Rows and columns of c that a thread computes.
  std::pair<Range, Range> part_of(int chunk) const {
    Range rows{0, g_.m}, columns{0, g_.n};
    if (split_ == Split::rows) rows = chunk_range(g_.m, threads_, chunk, loops_.rows);
    if (split_ == Split::columns) columns = chunk_range(g_.n, threads_, chunk, loops_.columns);
    return {rows, columns};
  }
  static int64_t parts_of(int64_t length, int64_t grain) { return (length + grain - 1) / grain; }
  /// What the busiest of `row_parts` × `column_parts` threads computes, in columns of one row.
  int64_t work(int64_t row_parts, int64_t column_parts) const {
    const int64_t rows = parts_of(parts_of(g_.m, loops_.rows), row_parts) * loops_.rows;
    const int64_t columns = parts_of(parts_of(g_.n, loops_.columns), column_parts) * loops_.columns;
    return (std::min(rows, g_.m) + loops_.pack_rows) * columns;
  }

  MatmulBlock part(const KernelArgs& args, int64_t product, Range rows, Range columns) const {
    const auto at = static_cast<size_t>(product);
    return {.a = args.in<float>(0) + g_.a_offsets[at] + rows.begin * g_.a_row,
            .b = args.in<float>(1) + g_.b_offsets[at] + columns.begin * g_.b_column,
            .bias = has_bias_ ? args.in<float>(2) + columns.begin : nullptr,
            .c = args.out<float>(0) + (product * g_.m + rows.begin) * g_.n + columns.begin,
            .m = rows.end - rows.begin,
            .n = columns.end - columns.begin,
            .k = g_.k,
            .a_row = g_.a_row,
            .a_column = g_.a_column,
            .b_row = g_.b_row,
            .c_row = g_.n,
            .activation = activation_};
  }

  MatmulGeometry g_;
  BlockedMatmul loops_;
  EpilogueFunction epilogue_;
  FusedActivation activation_;
  bool has_bias_;
  Split split_ = Split::batch;
  int threads_ = 1;
  size_t thread_bytes_ = 0;
};

std::string refuse_amx(const KernelQuery& q, const MatmulAttrs& attrs) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  if (!q.all_are(DType::float32)) return "only float32";
  const int64_t k = q.inputs[0].shape[attrs.transpose_a ? -2 : -1];
  const Shape& out = q.outputs[0].shape;
  const bool fills_tiles = std::min({k, out[-1], out[-2]}) >= 32;
  return fills_tiles ? "" : "the matrices do not fill the tiles";
}

std::unique_ptr<Kernel> make(const KernelQuery& q, const BlockedMatmul& loops) {
  return std::make_unique<BlockedMatmulKernel>(q, q.attrs_as<MatmulAttrs>(), FusedActivation::none,
                                               loops);
}
std::unique_ptr<Kernel> make_fused(const KernelQuery& q, const BlockedMatmul& loops) {
  const auto& attrs = q.attrs_as<FusedMatmulAttrs>();
  return std::make_unique<BlockedMatmulKernel>(q, attrs.matmul, attrs.activation, loops);
}

}  // namespace

KernelDef blocked_matmul() {
  return {"blocked", [](const KernelQuery& q) { return refuse(q, q.attrs_as<MatmulAttrs>()); },
          [](const KernelQuery& q) { return make(q, blocked_matmul_function(q.isa)); }};
}

KernelDef blocked_fused_matmul() {
  return {"blocked",
          [](const KernelQuery& q) { return refuse(q, q.attrs_as<FusedMatmulAttrs>().matmul); },
          [](const KernelQuery& q) { return make_fused(q, blocked_matmul_function(q.isa)); }};
}

KernelDef amx_matmul() {
  return {"amx", [](const KernelQuery& q) { return refuse_amx(q, q.attrs_as<MatmulAttrs>()); },
          [](const KernelQuery& q) { return make(q, amx_matmul_function()); }};
}

KernelDef amx_fused_matmul() {
  return {"amx",
          [](const KernelQuery& q) { return refuse_amx(q, q.attrs_as<FusedMatmulAttrs>().matmul); },
          [](const KernelQuery& q) { return make_fused(q, amx_matmul_function()); }};
}

}  // namespace danlu::cpu::simd
