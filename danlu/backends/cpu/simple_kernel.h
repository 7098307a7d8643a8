#pragma once

#include <memory>
#include <utility>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// A Kernel around a function object `void(const KernelArgs&)`.
template <class Run>
class SimpleKernel final : public Kernel {
 public:
  SimpleKernel(Run run, size_t scratch_bytes, int threads)
      : run_(std::move(run)), scratch_bytes_(scratch_bytes), threads_(threads) {}
  void run(const KernelArgs& args) const override { run_(args); }
  size_t scratch_bytes() const override { return scratch_bytes_; }
  int threads() const override { return threads_; }

 private:
  Run run_;
  size_t scratch_bytes_;
  int threads_;
};

template <class Run>
std::unique_ptr<Kernel> simple_kernel(Run run, size_t scratch_bytes = 0, int threads = 1) {
  return std::make_unique<SimpleKernel<Run>>(std::move(run), scratch_bytes, threads);
}

/// The same with a packed copy of input `input`; `pack` is `void(const void* from, std::byte* to,
/// std::byte* scratch)`.
template <class Run, class Pack>
class PackingKernel final : public Kernel {
 public:
  PackingKernel(Run run, Pack pack, int input, size_t packed_bytes, size_t scratch_bytes,
                int threads)
      : run_(std::move(run)),
        pack_(std::move(pack)),
        input_(input),
        packed_bytes_(packed_bytes),
        scratch_bytes_(scratch_bytes),
        threads_(threads) {}
  void run(const KernelArgs& args) const override { run_(args); }
  void pack(const void* from, std::byte* to, std::byte* scratch) const override {
    pack_(from, to, scratch);
  }
  int packed_input() const override { return input_; }
  size_t packed_bytes() const override { return packed_bytes_; }
  size_t scratch_bytes() const override { return scratch_bytes_; }
  int threads() const override { return threads_; }

 private:
  Run run_;
  Pack pack_;
  int input_;
  size_t packed_bytes_;
  size_t scratch_bytes_;
  int threads_;
};

template <class Run, class Pack>
std::unique_ptr<Kernel> packing_kernel(Run run, Pack pack, int input, size_t packed_bytes,
                                       size_t scratch_bytes, int threads) {
  return std::make_unique<PackingKernel<Run, Pack>>(std::move(run), std::move(pack), input,
                                                    packed_bytes, scratch_bytes, threads);
}

/// The `refusal` of a kernel that takes every node.
inline std::string takes_everything(const KernelQuery&) { return ""; }

}  // namespace danlu::cpu
