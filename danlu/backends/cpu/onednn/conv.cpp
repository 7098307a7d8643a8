#include "danlu/backends/cpu/onednn/conv.h"

#include <cmath>

#include "danlu/backends/cpu/set_plan.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::onednn {
namespace {

// Whole chunks in one call, but memory of the scratchpads bounded.
constexpr int64_t kLargestBatch = 64;

// Forward and backward_input: (n images) × kernel → (n images).
std::unique_ptr<Kernel> prepare_images(ConvPass::Kind kind, const KernelQuery& q,
                                       const ConvGeometry& g, bool has_bias,
                                       FusedActivation activation) {
  const bool activates = activation != FusedActivation::none;
  const BatchPlan plan(g.batch, q.threads,
                       activates ? cached_batch(g.out_h * g.out_w * g.filters) : kLargestBatch);
  const auto pass = std::make_shared<const ConvPass>(kind, g, plan, has_bias);
  const size_t scratchpad_bytes = pass->scratchpad_bytes();
  const int64_t x_image = g.in_h * g.in_w * g.channels, y_image = g.out_h * g.out_w * g.filters;
  const bool forward = kind == ConvPass::Kind::forward;
  // Our own, while the images are in the cache: oneDNN's ReLU would turn NaN into 0.
  const auto epilogue = simd::epilogue_function(q.isa);
  return with_packed_kernel(
      pass, 1,
      [=, from = forward ? x_image : y_image, to = forward ? y_image : x_image](
          const KernelArgs& args, const float* kernel) {
        const float* bias = has_bias ? args.in<float>(2) : nullptr;
        parallel_chunks(plan.threads, [&](int chunk) {
          plan.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
            float* out = args.out<float>(0) + begin * to;
            pass->run(size, args.in<float>(0) + begin * from, kernel, bias, out,
                      args.scratch + scratchpad_bytes * static_cast<size_t>(chunk));
            if (activates) epilogue(out, 1, size * to, 0, nullptr, activation);
          });
        });
      },
      scratchpad_bytes * static_cast<size_t>(plan.threads), plan.threads);
}

std::unique_ptr<Kernel> prepare_kernel_gradient(const KernelQuery& q) {
  const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, q.attrs_as<Conv2DAttrs>());
  const SetPlan plan(q.outputs[0].shape.num_elements() / g.kernel_size(), g.batch, q.threads,
                     kLargestBatch);
  const auto pass =
      std::make_shared<const ConvPass>(ConvPass::Kind::backward_kernel, g, plan.batch);
  const KernelGradient sums(pass, plan.batch);
  const size_t set_bytes = aligned(sums.scratch_bytes());
  return simple_kernel(
      [=](const KernelArgs& args) {
        plan.for_each_set(args.scratch, set_bytes, [&](int64_t set, std::byte* scratch) {
          const float* x = args.in<float>(0) + set * g.in_size();
          const float* grad = args.in<float>(1) + set * g.out_size();
          parallel_chunks(plan.batch.threads, [&](int chunk) {
            plan.batch.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
              sums.add(scratch, chunk, begin, size, x + begin * g.in_h * g.in_w * g.channels,
                       grad + begin * g.out_h * g.out_w * g.filters);
            });
          });
          sums.finish(scratch, args.out<float>(0) + set * g.kernel_size());
        });
      },
      set_bytes * static_cast<size_t>(plan.set_threads), plan.threads());
}

}  // namespace

std::string conv_refusal(const KernelQuery& q, const Conv2DAttrs&) {
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != DType::float32 && spec.dtype != DType::uint8) {
        return "only float32, not " + std::string(name(spec.dtype));
      }
      if (spec.shape.num_elements() == 0) return "an operand is empty";
    }
  }
  return "";
}

KernelDef conv2d() {
  return {"onednn", [](const KernelQuery& q) { return conv_refusal(q, q.attrs_as<Conv2DAttrs>()); },
          [](const KernelQuery& q) {
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>());
            return prepare_images(ConvPass::Kind::forward, q, g, false, FusedActivation::none);
          }};
}

KernelDef fused_conv2d() {
  return {"onednn",
          [](const KernelQuery& q) { return conv_refusal(q, q.attrs_as<FusedConv2DAttrs>().conv); },
          [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<FusedConv2DAttrs>();
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
            return prepare_images(ConvPass::Kind::forward, q, g, q.inputs.size() > 2,
                                  attrs.activation);
          }};
}

KernelDef conv2d_backward_input() {
  return {"onednn", [](const KernelQuery& q) { return conv_refusal(q, q.attrs_as<Conv2DAttrs>()); },
          [](const KernelQuery& q) {
            const ConvGeometry g(q.outputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>());
            return prepare_images(ConvPass::Kind::backward_input, q, g, false,
                                  FusedActivation::none);
          }};
}

KernelDef conv2d_backward_kernel() {
  return {"onednn", [](const KernelQuery& q) { return conv_refusal(q, q.attrs_as<Conv2DAttrs>()); },
          prepare_kernel_gradient};
}

}  // namespace danlu::cpu::onednn
