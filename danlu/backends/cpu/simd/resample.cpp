#include "danlu/backends/cpu/simd/resample.h"

#include <algorithm>
#include <limits>

#include "danlu/backends/cpu/resample_plan.h"
#include "danlu/backends/cpu/simd/resample_loops.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

std::string refusal(const KernelQuery& q) {
  const Shape& shape = q.inputs[0].shape;
  if (q.inputs[0].dtype != DType::float32) return "only float32 is resized here";
  const int64_t longest = std::numeric_limits<int32_t>::max() - 16;
  const int64_t in = shape[-2] * shape[-1], out = q.outputs[0].shape[-2] * shape[-1];
  return std::max(in, out) > longest ? "a line has too many elements" : "";
}

/// Each row of the output is made of some lines: rows of the input, resized to the width of the
/// output. A thread keeps as many of them as a row needs.
class ResampleKernel final : public Kernel {
 public:
  explicit ResampleKernel(const KernelQuery& q) : plan_(q), loops_(resample_loops(q.isa)) {
    const Taps& columns = plan_.columns;
    const int64_t c = plan_.channels;
    line_.count = columns.to * c;
    line_.channels = c;
    line_.width = columns.width;
    padded_ = padded_line(line_.count);
    first_.resize(static_cast<size_t>(padded_));
    weights_.resize(static_cast<size_t>(padded_ * columns.width));
    for (int64_t i = 0; i < line_.count; ++i) {
      const int64_t column = i / c;
      first_[static_cast<size_t>(i)] =
          static_cast<int32_t>(columns.first[static_cast<size_t>(column)] * c + i % c);
      for (int64_t t = 0; t < columns.width; ++t) {
        weights_[static_cast<size_t>(t * padded_ + i)] =
            static_cast<float>(columns.weights[static_cast<size_t>(column * columns.width + t)]);
      }
    }
    row_weights_.assign(plan_.rows.weights.begin(), plan_.rows.weights.end());
    line_.first = first_.data();
    line_.weights = weights_.data();
    threads_ = static_cast<int>(std::clamp<int64_t>(plan_.images * plan_.rows.to, 1, q.threads));
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      std::byte* scratch = args.scratch + static_cast<size_t>(chunk) * thread_bytes();
      const Range rows = chunk_range(plan_.images * plan_.rows.to, threads_, chunk);
      run_rows(args.in<float>(0), rows, scratch, args.out<float>(0));
    });
  }
  size_t scratch_bytes() const override { return static_cast<size_t>(threads_) * thread_bytes(); }
  int threads() const override { return threads_; }

 private:
  /// Lines, which input row each holds, and pointers to those of one output row.
  size_t thread_bytes() const {
    const auto width = static_cast<size_t>(plan_.rows.width);
    const size_t bytes = width * (static_cast<size_t>(padded_) * sizeof(float) + 16);
    return (bytes + 63) / 64 * 64;
  }

  void run_rows(const float* x, const Range& range, std::byte* scratch, float* y) const {
    const Taps& rows = plan_.rows;
    const int64_t width = rows.width, in_line = plan_.columns.from * plan_.channels;
    auto* lines = reinterpret_cast<float*>(scratch);
    auto* held = reinterpret_cast<int64_t*>(lines + width * padded_);
    auto** wanted = reinterpret_cast<const float**>(held + width);
    std::fill_n(held, width, int64_t{-1});
    for (int64_t row = range.begin; row < range.end; ++row) {
      const int64_t image = row / rows.to, at = row % rows.to;
      for (int64_t t = 0; t < width; ++t) {
        const int64_t source = image * rows.from + rows.first[static_cast<size_t>(at)] + t;
        const int64_t slot = source % width;
        if (held[slot] != source) {
          loops_.along(line_, x + source * in_line, lines + slot * padded_);
          held[slot] = source;
        }
        wanted[t] = lines + slot * padded_;
      }
      loops_.across(wanted, row_weights_.data() + at * width, width, line_.count,
                    y + row * line_.count);
    }
  }

  ResamplePlan plan_;
  const ResampleLoops& loops_;
  ResampleLine line_;
  std::vector<int32_t> first_;
  std::vector<float> weights_, row_weights_;
  int64_t padded_ = 0;
  int threads_ = 1;
};

}  // namespace

KernelDef resample() {
  return {"simd", refusal, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<ResampleKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd
