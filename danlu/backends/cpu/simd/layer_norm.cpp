#include "danlu/backends/cpu/simd/layer_norm.h"

#include <algorithm>

#include "danlu/backends/cpu/simd/reduce_rows.h"
#include "danlu/base/thread.h"
#include "danlu/ops/nn/layer_norm_attrs.h"

namespace danlu::cpu::simd {
namespace {

class LayerNormKernel final : public Kernel {
 public:
  explicit LayerNormKernel(const KernelQuery& query)
      : loop_(row_loops(query.isa).layer_norm),
        rows_(query.outputs[1].shape.num_elements()),
        n_(query.inputs[0].shape[-1]),
        epsilon_(static_cast<float>(query.attrs_as<LayerNormAttrs>().epsilon)),
        chunks_(static_cast<int>(std::clamp<int64_t>(rows_, 1, query.threads))) {}

  int threads() const override { return chunks_; }
  /// A row is read to its end before its first element is written, and each element is read
  /// before its own place is written after that.
  bool may_alias(int output, int input) const override { return output == 0 && input == 0; }

  void run(const KernelArgs& args) const override {
    parallel_chunks(chunks_, [&](int chunk) {
      const Range rows = chunk_range(rows_, chunks_, chunk);
      loop_({.x = args.in<float>(0) + rows.begin * n_,
             .gamma = args.in<float>(1),
             .beta = args.in<float>(2),
             .y = args.out<float>(0) + rows.begin * n_,
             .mean = args.out<float>(1) + rows.begin,
             .factor = args.out<float>(2) + rows.begin,
             .rows = static_cast<size_t>(rows.end - rows.begin),
             .n = static_cast<size_t>(n_),
             .epsilon = epsilon_});
    });
  }

 private:
  void (*loop_)(const LayerNormRows&);
  int64_t rows_, n_;
  float epsilon_;
  int chunks_;
};

class LayerNormBackwardKernel final : public Kernel {
 public:
  explicit LayerNormBackwardKernel(const KernelQuery& query)
      : loop_(row_loops(query.isa).layer_norm_backward),
        rows_(query.inputs[2].shape.num_elements()),
        n_(query.inputs[0].shape[-1]),
        chunks_(static_cast<int>(std::clamp<int64_t>(rows_, 1, query.threads))) {}

  int threads() const override { return chunks_; }
  size_t scratch_bytes() const override {
    return static_cast<size_t>(chunks_ * chunk_floats()) * sizeof(float);
  }
  /// As above.
  bool may_alias(int output, int input) const override {
    return output == 0 && (input == 0 || input == 4);
  }

  void run(const KernelArgs& args) const override {
    auto* sums = reinterpret_cast<float*>(args.scratch);
    parallel_chunks(chunks_, [&](int chunk) {
      const Range rows = chunk_range(rows_, chunks_, chunk);
      loop_({.x = args.in<float>(0) + rows.begin * n_,
             .gamma = args.in<float>(1),
             .mean = args.in<float>(2) + rows.begin,
             .factor = args.in<float>(3) + rows.begin,
             .grad = args.in<float>(4) + rows.begin * n_,
             .x_grad = args.out<float>(0) + rows.begin * n_,
             .sums = sums + chunk * chunk_floats(),
             .rows = static_cast<size_t>(rows.end - rows.begin),
             .n = static_cast<size_t>(n_)});
    });
    for (int output : {1, 2}) {
      const float* from = sums + (output - 1) * n_;
      for (int64_t i = 0; i < n_; ++i) {
        float total = 0;
        for (int chunk = 0; chunk < chunks_; ++chunk) total += from[chunk * chunk_floats() + i];
        args.out<float>(output)[i] = total;
      }
    }
  }

 private:
  /// In whole lines of the cache.
  int64_t chunk_floats() const { return (4 * n_ + 15) / 16 * 16; }

  void (*loop_)(const LayerNormGradients&);
  int64_t rows_, n_;
  int chunks_;
};

std::string refusal(const KernelQuery& query) {
  return query.inputs[0].dtype == DType::float32 ? "" : "only float32 is normalized here";
}

}  // namespace

KernelDef layer_norm() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<LayerNormKernel>(q);
          }};
}

KernelDef layer_norm_backward() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<LayerNormBackwardKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd
