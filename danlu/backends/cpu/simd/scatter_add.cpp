#include "danlu/backends/cpu/simd/scatter_add.h"

#include <algorithm>

#include "danlu/backends/cpu/ref/index_reader.h"
#include "danlu/base/thread.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu::cpu::simd {
namespace {

std::string refusal(const KernelQuery& q) {
  return q.inputs[0].dtype == DType::float32 ? "" : "only float32 is added here";
}

/// (outer, count, inner) added at indices (count) → (outer, size, inner). Each thread owns a range
/// of the rows of the output and adds to them what the indices say, in their order: a sum does not
/// depend on the number of threads.
class ScatterAddKernel final : public Kernel {
 public:
  explicit ScatterAddKernel(const KernelQuery& q)
      : size_(q.outputs[0].shape[static_cast<int>(q.attrs_as<ScatterAddAttrs>().axis)]),
        reader_(q.inputs[1], size_) {
    const Shape& shape = q.outputs[0].shape;
    const auto axis = static_cast<int>(q.attrs_as<ScatterAddAttrs>().axis);
    for (int i = 0; i < axis; ++i) outer_ *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner_ *= shape[i];
    threads_ = static_cast<int>(std::clamp<int64_t>(size_, 1, q.threads));
  }

  void run(const KernelArgs& args) const override {
    auto* indices = reinterpret_cast<int64_t*>(args.scratch);
    const bool valid = reader_.read(args, 1, indices);
    const int64_t count = valid ? reader_.count() : 0;
    parallel_chunks(threads_, [&](int chunk) {
      int64_t* mine = indices + (1 + chunk) * reader_.count();
      const Range rows = chunk_range(size_, threads_, chunk);
      int64_t wanted = 0;
      for (int64_t k = 0; k < count; ++k) {
        mine[wanted] = k;
        wanted += indices[k] >= rows.begin && indices[k] < rows.end ? 1 : 0;
      }
      for (int64_t o = 0; o < outer_; ++o) {
        float* out = args.out<float>(0) + o * size_ * inner_;
        const float* updates = args.in<float>(0) + o * reader_.count() * inner_;
        std::fill(out + rows.begin * inner_, out + rows.end * inner_, 0.0f);
        for (int64_t i = 0; i < wanted; ++i) {
          if (i + kAhead < wanted) fetch(updates, out, mine[i + kAhead], indices);
          add_row(updates + mine[i] * inner_, inner_, out + indices[mine[i]] * inner_);
        }
      }
    });
  }
  size_t scratch_bytes() const override {
    return reader_.bytes() * static_cast<size_t>(1 + threads_);
  }
  int threads() const override { return threads_; }

 private:
  static constexpr int64_t kAhead = 8;
  static constexpr int64_t kLine = 16;  ///< floats of a cache line

  /// A loop of known length over memory of its own is one of vectors.
  static void add_row(const float* __restrict from, int64_t n, float* __restrict to) {
    int64_t i = 0;
    for (; i + kLine <= n; i += kLine) {
      for (int64_t j = 0; j < kLine; ++j) to[i + j] += from[i + j];
    }
    for (; i < n; ++i) to[i] += from[i];
  }

  void fetch(const float* updates, const float* out, int64_t k, const int64_t* indices) const {
    const float* from = updates + k * inner_;
    const float* to = out + indices[k] * inner_;
    for (int64_t j = 0; j < std::min(inner_, 4 * kLine); j += kLine) {
      __builtin_prefetch(from + j);
      __builtin_prefetch(to + j, 1);
    }
  }

  int64_t outer_ = 1, size_, inner_ = 1;
  IndexReader reader_;
  int threads_ = 1;
};

}  // namespace

KernelDef scatter_add() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<ScatterAddKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd
