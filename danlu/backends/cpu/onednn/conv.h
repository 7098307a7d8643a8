#pragma once

#include <map>
#include <memory>

#include "danlu/backends/cpu/batch_plan.h"
#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/onednn/onednn.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::onednn {

KernelDef conv2d();
KernelDef fused_conv2d();
KernelDef conv2d_backward_input();
KernelDef conv2d_backward_kernel();

/// Why oneDNN does not take this convolution, or "".
std::string conv_refusal(const KernelQuery& query, const Conv2DAttrs& attrs);

/// Images of `floats` elements that stay in the second-level cache together; at least 1.
inline int64_t cached_batch(int64_t floats) {
  constexpr int64_t kFloats = 128 * 1024;
  return std::max<int64_t>(1, kFloats / std::max<int64_t>(1, floats));
}

/// One of the three passes of a convolution over any of a plan's batch sizes, with the kernel in
/// whatever layout is fastest. Images are NHWC. `a`, `b` → `out` is, by pass: forward: x, kernel →
/// y; backward_input: gradient, kernel → dx; backward_kernel: x, gradient → dkernel.
class ConvPass {
 public:
  enum class Kind : uint8_t { forward, backward_input, backward_kernel };

  ConvPass(Kind kind, const ConvGeometry& geometry, const BatchPlan& plan, bool has_bias = false);

  /// Floats of the kernel in the layout of the primitives; the same for all batch sizes.
  int64_t packed_size() const { return packed_size_; }
  /// Bytes of the scratchpad that `run` and the packing want, per thread.
  size_t scratchpad_bytes() const { return scratchpad_bytes_; }

  /// Copies the kernel into the layout of `run`; only where it is not plain.
  void pack(const float* kernel, float* packed, std::byte* scratchpad) const;
  /// The gradient of the kernel, from the layout of `run`.
  void unpack(const float* packed, float* kernel, std::byte* scratchpad) const;
  /// Whether `run` gives or takes the kernel as it is.
  bool is_plain() const { return !pack_.needed(); }

  void run(int64_t batch, const float* a, const float* b, const float* bias, float* out,
           std::byte* scratchpad) const;

 private:
  std::unique_ptr<Primitive> make(const ConvGeometry& geometry, int64_t batch, bool has_bias);

  Kind kind_;
  bool has_bias_;
  dnnl::memory::desc plain_, packed_;
  std::map<int64_t, std::unique_ptr<Primitive>> by_batch_;
  size_t scratchpad_bytes_ = 0;
  int64_t packed_size_ = 0;
  Reorder pack_, unpack_;
};

/// The gradient of a kernel summed over the batches of a plan: per chunk in order, then over the
/// chunks in order, so that it does not depend on which thread ran when.
class KernelGradient {
 public:
  KernelGradient(std::shared_ptr<const ConvPass> pass, const BatchPlan& plan);
  size_t scratch_bytes() const;
  /// Adds images [begin, begin + size), from pointers to the first of them.
  void add(std::byte* scratch, int chunk, int64_t begin, int64_t size, const float* x,
           const float* grad) const;
  void finish(std::byte* scratch, float* kernel_gradient) const;

 private:
  float* total(std::byte* scratch, int chunk) const;

  std::shared_ptr<const ConvPass> pass_;
  BatchPlan plan_;
  size_t packed_bytes_, chunk_bytes_;
};

/// A Kernel around `run(args, kernel)`, which gets input `input` as `pass` wants it: a packed copy
/// that is kept between runs, or the input itself. The scratch of packing is that of the pass.
template <class Run>
std::unique_ptr<Kernel> with_packed_kernel(const std::shared_ptr<const ConvPass>& pass, int input,
                                           Run run, size_t scratch_bytes, int threads) {
  if (pass->is_plain()) {
    return simple_kernel([=](const KernelArgs& args) { run(args, args.in<float>(input)); },
                         scratch_bytes, threads);
  }
  return packing_kernel(
      [=](const KernelArgs& args) { run(args, reinterpret_cast<const float*>(args.packed)); },
      [=](const void* from, std::byte* to, std::byte* scratch) {
        pass->pack(static_cast<const float*>(from), reinterpret_cast<float*>(to), scratch);
      },
      input, static_cast<size_t>(pass->packed_size()) * sizeof(float),
      std::max(scratch_bytes, pass->scratchpad_bytes()), threads);
}

}  // namespace danlu::cpu::onednn
