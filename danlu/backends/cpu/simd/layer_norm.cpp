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

std::string refusal(const KernelQuery& query) {
  return query.inputs[0].dtype == DType::float32 ? "" : "only float32 is normalized here";
}

}  // namespace

KernelDef layer_norm() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<LayerNormKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd
