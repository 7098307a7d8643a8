#include "danlu/backends/cpu/ref/control.h"

#include <algorithm>
#include <cstring>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/control/control_attrs.h"
#include "danlu/runtime/subprogram.h"

namespace danlu::cpu::ref {
namespace {

/// A list of pointers in scratch memory.
template <class T>
T* list_at(std::byte* scratch, size_t offset) {
  return reinterpret_cast<T*>(scratch + offset);
}

size_t aligned(size_t bytes) { return (bytes + 63) & ~size_t{63}; }

class SwitchKernel final : public Kernel {
 public:
  explicit SwitchKernel(const KernelQuery& query) {
    for (const GraphPtr& branch : query.attrs_as<SwitchAttrs>().branches) {
      branches_.emplace_back(compile_subgraph(*branch, query));
      scratch_bytes_ = std::max(scratch_bytes_, branches_.back().bytes());
    }
  }

  void run(const KernelArgs& args) const override {
    const auto last = static_cast<int32_t>(branches_.size()) - 1;
    const Subprogram& branch =
        branches_[static_cast<size_t>(std::clamp(*args.in<int32_t>(0), 0, last))];
    branch.run(branch.bind(args.scratch), args.inputs + 1, args.outputs, {}, *args.status);
  }
  size_t scratch_bytes() const override { return scratch_bytes_; }
  std::vector<std::shared_ptr<const Program>> subprograms() const override {
    std::vector<std::shared_ptr<const Program>> programs;
    for (const Subprogram& branch : branches_) programs.push_back(branch.shared_program());
    return programs;
  }

 private:
  std::vector<Subprogram> branches_;
  size_t scratch_bytes_ = 0;
};

/// The values that one iteration hands to the next: each is read from one place and written to
/// another, the op's output or a place in scratch, in turns.
class Carry {
 public:
  Carry(std::span<const TensorSpec> specs, Layout& layout) {
    for (const TensorSpec& spec : specs) {
      bytes_.push_back(spec.bytes());
      spare_.push_back(layout.add(spec.bytes()));
    }
  }
  size_t size() const { return bytes_.size(); }
  size_t bytes(size_t i) const { return bytes_[i]; }
  void* place(const KernelArgs& args, size_t i, bool output) const {
    return output ? args.outputs[i] : args.scratch + spare_[i];
  }
  /// Brings what lies in `from` to the outputs.
  void finish(const KernelArgs& args, const void* const* from) const {
    for (size_t i = 0; i < size(); ++i) {
      if (from[i] != args.outputs[i]) std::memcpy(args.outputs[i], from[i], bytes_[i]);
    }
  }

 private:
  std::vector<size_t> bytes_, spare_;
};

class WhileKernel final : public Kernel {
 public:
  explicit WhileKernel(const KernelQuery& query)
      : WhileKernel(query, query.attrs_as<WhileAttrs>()) {}

  void run(const KernelArgs& args) const override {
    const size_t n = carry_.size();
    const size_t condition_captures = condition_.program().inputs.size() - n;
    const size_t body_captures = body_.program().inputs.size() - n;
    const Frame condition_frame = condition_.bind(args.scratch + condition_frame_);
    const Frame body_frame = body_.bind(args.scratch + body_frame_);
    const auto** condition_in = list_at<const void*>(args.scratch, condition_in_);
    const auto** body_in = list_at<const void*>(args.scratch, body_in_);
    auto** body_out = list_at<void*>(args.scratch, body_out_);
    std::copy_n(args.inputs, n, condition_in);
    std::copy_n(args.inputs, n, body_in);
    std::copy_n(args.inputs + n, condition_captures, condition_in + n);
    std::copy_n(args.inputs + n + condition_captures, body_captures, body_in + n);
    void* const proceed = args.scratch + proceed_;
    for (int64_t i = 0; maximum_iterations_ < 0 || i < maximum_iterations_; ++i) {
      condition_.run(condition_frame, condition_in, &proceed, condition_versions_, *args.status);
      if (!args.status->ok() || !*static_cast<const bool*>(proceed)) break;
      for (size_t k = 0; k < n; ++k) body_out[k] = carry_.place(args, k, i % 2 == 0);
      body_.run(body_frame, body_in, body_out, body_versions_, *args.status);
      if (!args.status->ok()) break;
      std::copy_n(body_out, n, condition_in);
      std::copy_n(body_out, n, body_in);
    }
    carry_.finish(args, body_in);
  }
  size_t scratch_bytes() const override { return layout_.bytes(); }
  std::vector<std::shared_ptr<const Program>> subprograms() const override {
    return {condition_.shared_program(), body_.shared_program()};
  }

 private:
  WhileKernel(const KernelQuery& query, const WhileAttrs& attrs)
      : condition_(compile_subgraph(*attrs.condition, query)),
        body_(compile_subgraph(*attrs.body, query)),
        carry_(query.inputs.first(static_cast<size_t>(attrs.num_carry)), layout_),
        maximum_iterations_(attrs.maximum_iterations) {
    condition_frame_ = layout_.add(condition_.bytes());
    body_frame_ = layout_.add(body_.bytes());
    condition_in_ = layout_.add(condition_.program().inputs.size() * sizeof(void*));
    body_in_ = layout_.add(body_.program().inputs.size() * sizeof(void*));
    body_out_ = layout_.add(carry_.size() * sizeof(void*));
    proceed_ = layout_.add(1);
    // Captures stay as they are while the loop runs, so that packed copies of them are kept.
    condition_versions_.resize(condition_.program().inputs.size(), 1);
    body_versions_.resize(body_.program().inputs.size(), 1);
    std::fill_n(condition_versions_.begin(), carry_.size(), 0);
    std::fill_n(body_versions_.begin(), carry_.size(), 0);
  }

  Layout layout_;
  Subprogram condition_, body_;
  Carry carry_;
  int64_t maximum_iterations_;
  size_t condition_frame_, body_frame_, condition_in_, body_in_, body_out_, proceed_;
  std::vector<uint64_t> condition_versions_, body_versions_;
};

class ScanKernel final : public Kernel {
 public:
  explicit ScanKernel(const KernelQuery& query) : ScanKernel(query, query.attrs_as<ScanAttrs>()) {}

  void run(const KernelArgs& args) const override {
    const size_t carries = carry_.size(), sequences = step_in_.size(), results = step_out_.size();
    const size_t captures = body_.program().inputs.size() - carries - sequences;
    const auto** in = list_at<const void*>(args.scratch, in_);
    auto** out = list_at<void*>(args.scratch, out_);
    std::copy_n(args.inputs, carries + sequences + captures, in);
    if (length_ > 0) {
      const Frame frame = body_.bind(args.scratch + frame_);
      for (int64_t i = 0; i < length_; ++i) {
        const auto at = static_cast<size_t>(reverse_ ? length_ - 1 - i : i);
        for (size_t k = 0; k < sequences; ++k) {
          in[carries + k] =
              static_cast<const std::byte*>(args.inputs[carries + k]) + at * step_in_[k];
        }
        const bool to_output = (length_ - 1 - i) % 2 == 0;
        for (size_t k = 0; k < carries; ++k) out[k] = carry_.place(args, k, to_output);
        for (size_t k = 0; k < results; ++k) {
          out[carries + k] = staged(k) ? args.scratch + stage_[k] : result(args, k, at);
        }
        body_.run(frame, in, out, versions_, *args.status);
        if (!args.status->ok()) return;
        for (size_t k = 0; k < results; ++k) {
          if (staged(k)) std::memcpy(result(args, k, at), args.scratch + stage_[k], step_out_[k]);
        }
        std::copy_n(out, carries, in);
      }
    }
    carry_.finish(args, in);
  }
  size_t scratch_bytes() const override { return layout_.bytes(); }
  std::vector<std::shared_ptr<const Program>> subprograms() const override {
    return {body_.shared_program()};
  }

 private:
  ScanKernel(const KernelQuery& query, const ScanAttrs& attrs)
      : body_(compile_subgraph(*attrs.body, query)),
        carry_(query.inputs.first(static_cast<size_t>(attrs.num_carry)), layout_),
        length_(attrs.length),
        reverse_(attrs.reverse) {
    const Program& program = body_.program();
    const size_t carries = carry_.size(), sequences = static_cast<size_t>(attrs.num_sequences);
    for (size_t k = 0; k < sequences; ++k) {
      step_in_.push_back(program.inputs[carries + k].bytes());
    }
    for (size_t k = carries; k < program.outputs.size(); ++k) {
      step_out_.push_back(program.outputs[k].bytes());
      stage_.push_back(staged(k - carries) ? layout_.add(step_out_.back()) : 0);
    }
    frame_ = layout_.add(body_.bytes());
    in_ = layout_.add(program.inputs.size() * sizeof(void*));
    out_ = layout_.add(program.outputs.size() * sizeof(void*));
    versions_.resize(program.inputs.size(), 1);
    std::fill_n(versions_.begin(), carries + sequences, 0);
  }

  /// Kernels write to aligned memory whose padding is theirs; a step's part of a result is that
  /// only where its size is a multiple of the alignment.
  bool staged(size_t k) const { return step_out_[k] != aligned(step_out_[k]); }
  void* result(const KernelArgs& args, size_t k, size_t at) const {
    return static_cast<std::byte*>(args.outputs[carry_.size() + k]) + at * step_out_[k];
  }

  Layout layout_;
  Subprogram body_;
  Carry carry_;
  int64_t length_;
  bool reverse_;
  std::vector<size_t> step_in_, step_out_, stage_;
  size_t frame_, in_, out_;
  std::vector<uint64_t> versions_;
};

template <class K>
KernelDef control_kernel() {
  return {"ref", takes_everything, [](const KernelQuery& query) -> std::unique_ptr<Kernel> {
            return std::make_unique<K>(query);
          }};
}

}  // namespace

KernelDef switch_kernel() { return control_kernel<SwitchKernel>(); }
KernelDef while_loop() { return control_kernel<WhileKernel>(); }
KernelDef scan() { return control_kernel<ScanKernel>(); }

}  // namespace danlu::cpu::ref
