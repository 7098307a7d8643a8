#include "danlu/backends/cpu/simd/matmul_tile.h"

#include <algorithm>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/tile_stream.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"

namespace danlu::cpu::simd {
namespace {

constexpr size_t kAlign = 64;
size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

/// Elements of a block of the product: beside the program's other operands it stays in the
/// second-level cache.
constexpr int64_t kBlockElements = 48 * 1024;

/// The program's operands from some element on, with part of the product among them.
class Operands {
 public:
  struct Pointers {
    const void** inputs;
    void** outputs;
  };

  explicit Operands(const MatmulTileAttrs& attrs) : product_(static_cast<size_t>(attrs.product)) {
    for (const TileInput& input : attrs.tile.program.inputs) {
      input_sizes_.push_back(input.access == TileAccess::full ? size_of(input.dtype) : 0);
    }
    for (const TileOutput& output : attrs.tile.program.outputs) {
      output_sizes_.push_back(size_of(output.dtype));
    }
  }

  /// Bytes of the pointers.
  size_t bytes() const {
    return aligned((input_sizes_.size() + output_sizes_.size()) * sizeof(void*));
  }
  Pointers place(const KernelArgs& args, size_t first, const float* product,
                 std::byte* memory) const {
    auto** inputs = reinterpret_cast<const void**>(memory);
    auto** outputs = reinterpret_cast<void**>(memory) + input_sizes_.size();
    int given = 2;
    for (size_t i = 0; i < input_sizes_.size(); ++i) {
      inputs[i] = product;
      if (i != product_) inputs[i] = args.in<std::byte>(given++) + first * input_sizes_[i];
    }
    for (size_t o = 0; o < output_sizes_.size(); ++o) {
      outputs[o] = args.out<std::byte>(static_cast<int>(o)) + first * output_sizes_[o];
    }
    return {inputs, outputs};
  }

 private:
  size_t product_;
  std::vector<size_t> input_sizes_, output_sizes_;  ///< bytes of an element; 0: a scalar
};

/// Both kernels.
class ProductKernel : public Kernel {
 public:
  ProductKernel(const KernelQuery& q, const BlockedMatmul& loops)
      : attrs_(q.attrs_as<MatmulTileAttrs>()),
        g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs_.matmul),
        loops_(loops),
        operands_(attrs_),
        threads_(static_cast<int>(std::clamp<int64_t>(g_.m, 1, q.threads))) {}

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override { return thread_bytes_ * static_cast<size_t>(threads_); }

 protected:
  /// Rows [row, row + rows) of the product.
  MatmulBlock block(const KernelArgs& args, int64_t row, int64_t rows, float* to) const {
    return {.a = args.in<float>(0) + row * g_.a_row,
            .b = args.in<float>(1),
            .c = to,
            .m = rows,
            .n = g_.n,
            .k = g_.k,
            .a_row = g_.a_row,
            .a_column = g_.a_column,
            .b_row = g_.b_row,
            .c_row = g_.n};
  }
  size_t product_bytes(int64_t rows) const {
    return aligned(static_cast<size_t>(rows * g_.n) * sizeof(float));
  }
  /// Which input of the program input `input` is, or −1: the factors are read until the end.
  int of_program(int input) const {
    if (input < 2) return -1;
    return input - 2 < attrs_.product ? input - 2 : input - 1;
  }

  MatmulTileAttrs attrs_;
  MatmulGeometry g_;
  BlockedMatmul loops_;
  Operands operands_;
  int threads_;
  size_t thread_bytes_ = 0;
};

/// One after the other.
class MatmulTileKernel final : public ProductKernel {
 public:
  MatmulTileKernel(const KernelQuery& q, const BlockedMatmul& loops)
      : ProductKernel(q, loops), epilogue_(epilogue_function(q.isa)) {
    const int64_t each = (g_.m * g_.n / threads_ + kBlockElements - 1) / kBlockElements;
    const int64_t wanted = std::max<int64_t>(1, each) * threads_;
    rows_ = std::max<int64_t>(1, (g_.m + wanted - 1) / wanted);
    rows_ = (rows_ + loops_.rows - 1) / loops_.rows * loops_.rows;
    blocks_ = (g_.m + rows_ - 1) / rows_;
    const auto tile = [&](int64_t rows) {
      return make_tile_kernel(attrs_.tile.program, {{1, rows * g_.n}}, 1, q.isa,
                              TileCode::generated);
    };
    tile_ = tile(rows_);
    if (g_.m % rows_ != 0) last_tile_ = tile(g_.m % rows_);
    product_offset_ = loops_.scratch_bytes(rows_, g_.n, g_.k, true);
    pointer_offset_ = product_offset_ + product_bytes(rows_);
    tile_offset_ = pointer_offset_ + operands_.bytes();
    const size_t tile_bytes =
        std::max(tile_->scratch_bytes(), last_tile_ ? last_tile_->scratch_bytes() : 0);
    thread_bytes_ = tile_offset_ + aligned(tile_bytes);
  }

  bool may_alias(int output, int input) const override {
    return of_program(input) >= 0 && tile_->may_alias(output, of_program(input));
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
    loops_.run(block(args, row, rows, product), g_.b_column, epilogue_, panels);
    const auto [inputs, outputs] =
        operands_.place(args, static_cast<size_t>(row * g_.n), product, scratch + pointer_offset_);
    KernelArgs part = args;
    part.inputs = inputs;
    part.outputs = outputs;
    part.scratch = scratch + tile_offset_;
    (rows == rows_ ? tile_ : last_tile_)->run(part);
  }

  EpilogueFunction epilogue_;
  int64_t rows_ = 1, blocks_ = 1;  ///< of the product, cut by rows
  std::unique_ptr<Kernel> tile_, last_tile_;
  size_t product_offset_ = 0, pointer_offset_ = 0, tile_offset_ = 0;
};

/// Both at once: the program goes over a few elements of one block of rows after each few products
/// of tiles for the next, whose unit leaves the others of the core idle.
class InterleavedKernel final : public ProductKernel {
 public:
  InterleavedKernel(const KernelQuery& q, const BlockedMatmul& loops)
      : ProductKernel(q, loops), stream_(attrs_.tile.program, q.isa, g_.m * g_.n) {
    if (!is_possible()) return;
    pointer_offset_ = product_offset(2);
    stream_offset_ = pointer_offset_ + operands_.bytes();
    thread_bytes_ = stream_offset_ + aligned(stream_.scratch_bytes());
  }

  bool is_possible() const { return loops_.run_by_rows != nullptr && stream_.is_possible(); }

  bool may_alias(int output, int input) const override {
    return of_program(input) >= 0 && stream_.may_alias(output, of_program(input));
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      std::byte* scratch = args.scratch + thread_bytes_ * static_cast<size_t>(chunk);
      const Range rows = chunk_range(g_.m, threads_, chunk, loops_.rows);
      if (rows.begin == rows.end) return;
      Taker taker(*this, args, rows.begin, scratch);
      loops_.run_by_rows(block(args, rows.begin, rows.end - rows.begin, nullptr), g_.b_column,
                         kRows, taker, reinterpret_cast<float*>(scratch));
      taker.finish();
    });
  }

 private:
  static constexpr int64_t kRows = 32;

  class Taker final : public RowTaker {
   public:
    Taker(const InterleavedKernel& kernel, const KernelArgs& args, int64_t first_row,
          std::byte* scratch)
        : kernel_(kernel), args_(args), first_row_(first_row), scratch_(scratch) {}

    float* begin(int64_t row, int64_t rows, int64_t turns) override {
      follow(turns);
      row_ = first_row_ + row;
      rows_ = rows;
      second_ = !second_;
      return product();
    }
    void some() override {
      if (--wait_ > 0 || left_ == 0) return;
      wait_ = every_;
      advance(std::min(left_, slice_));
    }
    void finish() {
      follow(0);
      advance(left_);
    }

   private:
    /// Elements worth a call.
    static constexpr int64_t kSlice = 128;

    float* product() const {
      return reinterpret_cast<float*>(scratch_ + kernel_.product_offset(second_ ? 1 : 0));
    }
    void advance(int64_t n) {
      if (n == 0) return;
      kernel_.stream_.advance(scratch_ + kernel_.stream_offset_, static_cast<size_t>(n));
      left_ -= n;
    }
    /// Ends the program on the rows before, and starts it on those that are complete now.
    void follow(int64_t turns) {
      advance(left_);
      if (rows_ == 0) return;
      const int64_t n = kernel_.g_.n;
      const auto [inputs, outputs] = kernel_.operands_.place(
          args_, static_cast<size_t>(row_ * n), product(), scratch_ + kernel_.pointer_offset_);
      kernel_.stream_.begin(inputs, outputs, scratch_ + kernel_.stream_offset_);
      left_ = rows_ * n;
      every_ = std::max<int64_t>(1, turns * kSlice / left_);
      slice_ = turns == 0 ? left_ : (left_ * every_ / turns + 31) / 16 * 16;
      wait_ = every_;
    }

    const InterleavedKernel& kernel_;
    const KernelArgs& args_;
    int64_t first_row_;
    std::byte* scratch_;
    int64_t row_ = 0, rows_ = 0;  ///< that are being computed
    bool second_ = false;         ///< which product they are
    int64_t left_ = 0;            ///< elements of the rows before
    int64_t every_ = 1, slice_ = 0, wait_ = 0;
  };

  size_t product_offset(int i) const {
    return aligned(loops_.scratch_bytes(kRows, g_.n, g_.k, true)) +
           static_cast<size_t>(i) * product_bytes(kRows);
  }

  TileStream stream_;
  size_t pointer_offset_ = 0, stream_offset_ = 0;
};

std::unique_ptr<Kernel> make(const KernelQuery& q, const BlockedMatmul& loops) {
  auto interleaved = std::make_unique<InterleavedKernel>(q, loops);
  if (interleaved->is_possible()) return interleaved;
  return std::make_unique<MatmulTileKernel>(q, loops);
}

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
            return make(q, amx_matmul_function());
          }};
}

}  // namespace danlu::cpu::simd
