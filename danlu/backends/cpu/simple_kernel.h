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

/// The `refusal` of a kernel that takes every node.
inline std::string takes_everything(const KernelQuery&) { return ""; }

/// Calls `f(T{})` with the C++ type of a floating dtype.
template <class F>
decltype(auto) dispatch_float(DType dtype, F&& f) {
  if (dtype == DType::float64) return f(double{});
  if (dtype == DType::bfloat16) return f(bfloat16{});
  return f(float{});
}

}  // namespace danlu::cpu
