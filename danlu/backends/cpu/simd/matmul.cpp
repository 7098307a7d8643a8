#include "danlu/backends/cpu/simd/matmul.h"

#include <algorithm>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

// Above this a blocked product is faster than these loops, in spite of a dearer call. A transposed
// b has to be packed first.
constexpr double kSmallFlops = 131072;
constexpr double kSmallTransposedFlops = 16384;

std::string refuse(const KernelQuery& q, const MatmulAttrs& attrs) {
  if (!q.all_are(DType::float32)) return "only float32";
  const Shape& out = q.outputs[0].shape;
  const int64_t k = q.inputs[0].shape[attrs.transpose_a ? -2 : -1];
  const double flops = 2.0 * static_cast<double>(out[-1] * out[-2]) * static_cast<double>(k);
  const double most = attrs.transpose_b ? kSmallTransposedFlops : kSmallFlops;
  return flops <= most ? "" : "the matrices are not small";
}

class MatmulKernel final : public Kernel {
 public:
  MatmulKernel(const KernelQuery& q, const MatmulAttrs& attrs, FusedActivation activation)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs),
        function_(matmul_function(q.isa)),
        activation_(activation),
        has_bias_(q.inputs.size() > 2),
        packs_(attrs.transpose_b),
        batched_(g_.a_offsets.size() > 1) {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    // Products of a batch, blocks of rows, or vectors of columns go to the threads.
    const int64_t parts = batched_                ? products
                          : g_.m >= 8 * q.threads ? (g_.m + 7) / 8
                                                  : (g_.n + 15) / 16;
    by_columns_ = !batched_ && g_.m < 8 * q.threads;
    threads_ = static_cast<int>(std::clamp<int64_t>(parts, 1, q.threads));
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override {
    return packs_ ? pack_floats() * sizeof(float) * static_cast<size_t>(threads_) : 0;
  }

  void run(const KernelArgs& args) const override {
    if (threads_ == 1) {
      run_products(args, 0, static_cast<long>(g_.a_offsets.size()), 0);
    } else if (batched_) {
      parallel_chunks(threads_, [&](int chunk) {
        const Range range = chunk_range(static_cast<long>(g_.a_offsets.size()), threads_, chunk);
        run_products(args, range.begin, range.end, chunk);
      });
    } else {
      parallel_chunks(threads_, [&](int chunk) { run_part(args, chunk); });
    }
  }

 private:
  size_t pack_floats() const { return static_cast<size_t>((g_.k * g_.n + 15) / 16 * 16); }

  MatmulBlock product(const KernelArgs& args, long i) const {
    return {.a = args.in<float>(0) + g_.a_offsets[static_cast<size_t>(i)],
            .b = args.in<float>(1) + g_.b_offsets[static_cast<size_t>(i)],
            .bias = has_bias_ ? args.in<float>(2) : nullptr,
            .c = args.out<float>(0) + i * g_.m * g_.n,
            .m = g_.m,
            .n = g_.n,
            .k = g_.k,
            .a_row = g_.a_row,
            .a_column = g_.a_column,
            .b_row = g_.b_row,
            .c_row = g_.n,
            .activation = activation_};
  }

  // A transposed b, made row-major. Shapes: (n, k) → (k, n).
  void pack(const KernelArgs& args, MatmulBlock& block, int chunk) const {
    if (!packs_) return;
    float* packed =
        reinterpret_cast<float*>(args.scratch) + pack_floats() * static_cast<size_t>(chunk);
    for (int64_t p = 0; p < block.k; ++p) {
      for (int64_t j = 0; j < block.n; ++j) {
        packed[p * block.n + j] = block.b[p * g_.b_row + j * g_.b_column];
      }
    }
    block.b = packed;
    block.b_row = block.n;
  }

  void run_products(const KernelArgs& args, long begin, long end, int chunk) const {
    for (long i = begin; i < end; ++i) {
      MatmulBlock block = product(args, i);
      pack(args, block, chunk);
      function_(block);
    }
  }

  void run_part(const KernelArgs& args, int chunk) const {
    MatmulBlock block = product(args, 0);
    if (by_columns_) {
      const Range range = chunk_range(g_.n, threads_, chunk, 16);
      block.b += range.begin * g_.b_column;
      block.c += range.begin;
      block.n = range.end - range.begin;
      if (block.bias != nullptr) block.bias += range.begin;
    } else {
      const Range range = chunk_range(g_.m, threads_, chunk, 8);
      block.a += range.begin * g_.a_row;
      block.c += range.begin * g_.n;
      block.m = range.end - range.begin;
    }
    pack(args, block, chunk);
    function_(block);
  }

  MatmulGeometry g_;
  MatmulFunction function_;
  FusedActivation activation_;
  bool has_bias_, packs_, batched_;
  bool by_columns_ = false;
  int threads_ = 1;
};

}  // namespace

KernelDef matmul() {
  return {"simd", [](const KernelQuery& q) { return refuse(q, q.attrs_as<MatmulAttrs>()); },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<MatmulKernel>(q, q.attrs_as<MatmulAttrs>(),
                                                  FusedActivation::none);
          }};
}

KernelDef fused_matmul() {
  return {"simd",
          [](const KernelQuery& q) { return refuse(q, q.attrs_as<FusedMatmulAttrs>().matmul); },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<FusedMatmulAttrs>();
            return std::make_unique<MatmulKernel>(q, attrs.matmul, attrs.activation);
          }};
}

}  // namespace danlu::cpu::simd
