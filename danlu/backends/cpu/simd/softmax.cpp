#include "danlu/backends/cpu/simd/softmax.h"

#include <algorithm>

#include "danlu/backends/cpu/simd/reduce_rows.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

using Loop = void (*)(const float* x, size_t rows, size_t n, float* out);

class SoftmaxKernel final : public Kernel {
 public:
  SoftmaxKernel(const KernelQuery& query, Loop loop)
      : loop_(loop), classes_(query.inputs[0].shape[-1]) {
    rows_ = classes_ == 0 ? 0 : query.inputs[0].shape.num_elements() / classes_;
    chunks_ = static_cast<int>(std::clamp<int64_t>(rows_, 1, query.threads));
  }

  int threads() const override { return chunks_; }
  /// A row is read to its end before its first element is written, and each element is read
  /// before its own place is written after that.
  bool may_alias(int, int) const override { return true; }

  void run(const KernelArgs& args) const override {
    parallel_chunks(chunks_, [&](int chunk) {
      const Range rows = chunk_range(rows_, chunks_, chunk);
      const int64_t offset = rows.begin * classes_;
      loop_(args.in<float>(0) + offset, static_cast<size_t>(rows.end - rows.begin),
            static_cast<size_t>(classes_), args.out<float>(0) + offset);
    });
  }

 private:
  Loop loop_;
  int64_t rows_ = 0, classes_ = 0;
  int chunks_ = 1;
};

std::string refusal(const KernelQuery& query) {
  return query.inputs[0].dtype == DType::float32 ? "" : "only float32 is normalized here";
}

}  // namespace

KernelDef softmax() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<SoftmaxKernel>(q, row_loops(q.isa).softmax);
          }};
}
KernelDef log_softmax() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<SoftmaxKernel>(q, row_loops(q.isa).log_softmax);
          }};
}

}  // namespace danlu::cpu::simd
