#include "danlu/backends/cpu/simd/matmul_tile.h"

#include <algorithm>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"

namespace danlu::cpu::simd {
namespace {

constexpr size_t kAlign = 64;
size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

/// Elements of a block of the product: beside the program's other operands it stays in the
/// second-level cache.
constexpr int64_t kBlockElements = 48 * 1024;

class MatmulTileKernel final : public Kernel {
 public:
  MatmulTileKernel(const KernelQuery& q, const BlockedMatmul& loops)
      : attrs_(q.attrs_as<MatmulTileAttrs>()),
        g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs_.matmul),
        loops_(loops),
        epilogue_(epilogue_function(q.isa)) {
    const TileProgram& program = attrs_.tile.program;
    threads_ = static_cast<int>(std::clamp<int64_t>(g_.m, 1, q.threads));
    const int64_t each = (g_.m * g_.n / threads_ + kBlockElements - 1) / kBlockElements;
    const int64_t wanted = std::max<int64_t>(1, each) * threads_;
    rows_ = std::max<int64_t>(1, (g_.m + wanted - 1) / wanted);
    rows_ = (rows_ + loops_.rows - 1) / loops_.rows * loops_.rows;
    blocks_ = (g_.m + rows_ - 1) / rows_;
    const auto tile = [&](int64_t rows) {
      return make_tile_kernel(program, {{1, rows * g_.n}}, 1, q.isa, TileCode::generated);
    };
    tile_ = tile(rows_);
    if (g_.m % rows_ != 0) last_tile_ = tile(g_.m % rows_);
    for (const TileInput& input : program.inputs) {
      input_sizes_.push_back(input.access == TileAccess::full ? size_of(input.dtype) : 0);
    }
    for (const TileOutput& output : program.outputs) {
      output_sizes_.push_back(size_of(output.dtype));
    }
    product_offset_ = loops_.scratch_bytes(rows_, g_.n, g_.k, true);
    pointer_offset_ = product_offset_ + aligned(static_cast<size_t>(rows_ * g_.n) * sizeof(float));
    tile_offset_ =
        pointer_offset_ + aligned((input_sizes_.size() + output_sizes_.size()) * sizeof(void*));
    const size_t tile_bytes =
        std::max(tile_->scratch_bytes(), last_tile_ ? last_tile_->scratch_bytes() : 0);
    thread_bytes_ = tile_offset_ + aligned(tile_bytes);
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

  /// As the program allows it; the factors are read until the end.
  bool may_alias(int output, int input) const override {
    if (input < 2) return false;
    const int of_program = input - 2 < attrs_.product ? input - 2 : input - 1;
    return tile_->may_alias(output, of_program);
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      std::byte* scratch = args.scratch + thread_bytes_ * static_cast<size_t>(chunk);
      const Range blocks = chunk_range(blocks_, threads_, chunk);
      PackedPanels panels{reinterpret_cast<float*>(scratch), true};
      for (int64_t i = blocks.begin; i < blocks.end; ++i) {
        run_block(args, i * rows_, panels, scratch);
        panels.ready = true;
      }
    });
  }

 private:
  void run_block(const KernelArgs& args, int64_t row, const PackedPanels& panels,
                 std::byte* scratch) const {
    const int64_t rows = std::min(rows_, g_.m - row);
    auto* product = reinterpret_cast<float*>(scratch + product_offset_);
    loops_.run({.a = args.in<float>(0) + row * g_.a_row,
                .b = args.in<float>(1),
                .c = product,
                .m = rows,
                .n = g_.n,
                .k = g_.k,
                .a_row = g_.a_row,
                .a_column = g_.a_column,
                .b_row = g_.b_row,
                .c_row = g_.n},
               g_.b_column, epilogue_, panels);
    const auto first = static_cast<size_t>(row * g_.n);
    auto** inputs = reinterpret_cast<const void**>(scratch + pointer_offset_);
    auto** outputs = reinterpret_cast<void**>(scratch + pointer_offset_) + input_sizes_.size();
    int given = 2;
    for (size_t i = 0; i < input_sizes_.size(); ++i) {
      inputs[i] = product;
      if (i == static_cast<size_t>(attrs_.product)) continue;
      inputs[i] = args.in<std::byte>(given++) + first * input_sizes_[i];
    }
    for (size_t o = 0; o < output_sizes_.size(); ++o) {
      outputs[o] = args.out<std::byte>(static_cast<int>(o)) + first * output_sizes_[o];
    }
    KernelArgs part = args;
    part.inputs = inputs;
    part.outputs = outputs;
    part.scratch = scratch + tile_offset_;
    (rows == rows_ ? tile_ : last_tile_)->run(part);
  }

  MatmulTileAttrs attrs_;
  MatmulGeometry g_;
  BlockedMatmul loops_;
  EpilogueFunction epilogue_;
  int threads_ = 1;
  int64_t rows_ = 1, blocks_ = 1;  ///< of the product, cut by rows
  std::unique_ptr<Kernel> tile_, last_tile_;
  std::vector<size_t> input_sizes_, output_sizes_;  ///< bytes of an element; 0: a scalar
  size_t product_offset_ = 0, pointer_offset_ = 0, tile_offset_ = 0, thread_bytes_ = 0;
};

std::string refuse(const KernelQuery& q) {
  if (q.inputs[0].dtype != DType::float32) return "only float32";
  if (q.inputs[0].shape.rank() != 2 || q.inputs[1].shape.rank() != 2) return "only one product";
  return tile_refusal(q.attrs_as<MatmulTileAttrs>().tile.program);
}

}  // namespace

KernelDef matmul_tile() {
  return {"blocked", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<MatmulTileKernel>(q, blocked_matmul_function(q.isa));
          }};
}

KernelDef amx_matmul_tile() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
            return refuse(q);
          },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<MatmulTileKernel>(q, amx_matmul_function());
          }};
}

}  // namespace danlu::cpu::simd
