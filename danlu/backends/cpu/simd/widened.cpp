#include "danlu/backends/cpu/simd/widened.h"

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/tile_table.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

constexpr size_t kMostOperands = 32;

bool is_half(DType t) { return t == DType::bfloat16 || t == DType::float16; }

/// A query about the same node in float32.
struct WideQuery {
  std::vector<TensorSpec> inputs, outputs;
  KernelQuery query;

  explicit WideQuery(const KernelQuery& q)
      : inputs(q.inputs.begin(), q.inputs.end()),
        outputs(q.outputs.begin(), q.outputs.end()),
        query(q) {
    for (auto* specs : {&inputs, &outputs}) {
      for (TensorSpec& spec : *specs) {
        if (is_half(spec.dtype)) spec.dtype = DType::float32;
      }
    }
    query.inputs = inputs;
    query.outputs = outputs;
  }
};

/// The first kernel before `ref` that takes the node in float32.
const KernelDef* wide_kernel(const KernelQuery& q) {
  const WideQuery wide(q);
  const auto kernels = cpu_kernels(*q.op);
  for (const KernelDef& kernel : kernels.first(kernels.size() - 1)) {
    if (kernel.name != "widened" && kernel.refusal(wide.query).empty()) return &kernel;
  }
  return nullptr;
}

std::string refuse(const KernelQuery& q) {
  const auto half = [](const TensorSpec& spec) { return is_half(spec.dtype); };
  if (std::ranges::none_of(q.inputs, half) && std::ranges::none_of(q.outputs, half)) {
    return "no operand is bfloat16 or float16";
  }
  if (q.inputs.size() > kMostOperands || q.outputs.size() > kMostOperands) {
    return "there are more than 32 operands";
  }
  return wide_kernel(q) != nullptr ? "" : "no kernel takes it in float32 either";
}

class WidenedKernel final : public Kernel {
 public:
  explicit WidenedKernel(const KernelQuery& q)
      : inner_(wide_kernel(q)->prepare(WideQuery(q).query)),
        table_(tile_table(q.isa)),
        threads_(q.threads) {
    for (const TensorSpec& spec : q.inputs) inputs_.push_back(place(spec));
    for (const TensorSpec& spec : q.outputs) outputs_.push_back(place(spec));
    inner_scratch_ = offset_;
    packed_input_ = inner_->packed_input();
  }

  int threads() const override { return std::max(threads_, inner_->threads()); }
  size_t scratch_bytes() const override { return inner_scratch_ + inner_->scratch_bytes(); }
  int packed_input() const override { return packed_input_; }
  size_t packed_bytes() const override { return inner_->packed_bytes(); }
  void pack(const void* input, std::byte* packed, std::byte* scratch) const override {
    inner_->pack(widen(inputs_[static_cast<size_t>(packed_input_)], input, scratch), packed,
                 scratch + inner_scratch_);
  }

  void run(const KernelArgs& args) const override {
    std::array<const void*, kMostOperands> in;
    std::array<void*, kMostOperands> out;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      in[i] = widen(inputs_[i], args.inputs[i], args.scratch);
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      out[i] = outputs_[i].converted ? args.scratch + outputs_[i].offset : args.outputs[i];
    }
    KernelArgs wide = args;
    wide.inputs = in.data();
    wide.outputs = out.data();
    wide.scratch = args.scratch + inner_scratch_;
    inner_->run(wide);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Operand& operand = outputs_[i];
      if (!operand.converted) continue;
      in_parts(operand, [&](size_t begin, size_t count) {
        table_.store[static_cast<size_t>(operand.dtype)](
            static_cast<const float*>(out[i]) + begin,
            static_cast<std::byte*>(args.outputs[i]) + begin * sizeof(uint16_t), count);
      });
    }
  }

 private:
  struct Operand {
    DType dtype;
    int64_t count;
    bool converted;
    size_t offset;  ///< of the float32 copy in scratch
  };

  Operand place(const TensorSpec& spec) {
    const Operand operand{spec.dtype, spec.shape.num_elements(), is_half(spec.dtype), offset_};
    if (operand.converted) {
      offset_ += (static_cast<size_t>(operand.count) * sizeof(float) + 63) / 64 * 64;
    }
    return operand;
  }

  template <class F>
  void in_parts(const Operand& operand, F&& f) const {
    constexpr int64_t kWorthAThread = 16 * 1024;  // elements
    const int chunks =
        static_cast<int>(std::clamp<int64_t>(operand.count / kWorthAThread, 1, threads_));
    parallel_chunks(chunks, [&](int chunk) {
      const Range part = chunk_range(operand.count, chunks, chunk, 32);
      f(static_cast<size_t>(part.begin), static_cast<size_t>(part.end - part.begin));
    });
  }

  const void* widen(const Operand& operand, const void* from, std::byte* scratch) const {
    if (!operand.converted) return from;
    auto* to = reinterpret_cast<float*>(scratch + operand.offset);
    in_parts(operand, [&](size_t begin, size_t count) {
      table_.load[static_cast<size_t>(operand.dtype)](
          static_cast<const std::byte*>(from) + begin * sizeof(uint16_t), to + begin, count);
    });
    return to;
  }

  std::unique_ptr<Kernel> inner_;
  const TileTable& table_;
  int threads_;
  std::vector<Operand> inputs_, outputs_;
  size_t offset_ = 0, inner_scratch_ = 0;
  int packed_input_ = -1;
};

}  // namespace

KernelDef widened() {
  return {"widened", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<WidenedKernel>(q);
          }};
}

}  // namespace danlu::cpu::simd
