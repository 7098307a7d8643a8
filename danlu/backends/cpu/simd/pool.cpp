#include "danlu/backends/cpu/simd/pool.h"

#include "danlu/backends/cpu/batch_plan.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::simd {
namespace {

std::string refuse(const KernelQuery& q) {
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != DType::float32 && spec.dtype != DType::uint8) {
        return "only float32, not " + std::string(name(spec.dtype));
      }
    }
  }
  // max_pool2d of uint8 images.
  return q.outputs[0].dtype == DType::uint8 ? "only float32, not uint8" : "";
}

}  // namespace

KernelDef max_pool2d() {
  return {"simd", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const BatchPlan plan(g.batch, q.threads, 1);
            return simple_kernel(
                [g, plan, forward = pool_functions(q.isa).forward](const KernelArgs& args) {
                  const int64_t in = g.in_h * g.in_w * g.channels;
                  const int64_t out = g.out_h * g.out_w * g.channels;
                  parallel_chunks(plan.threads, [&](int chunk) {
                    plan.for_each_batch(chunk, [&](int64_t image, int64_t) {
                      forward(g, args.in<float>(0) + image * in, args.out<float>(0) + image * out,
                              args.out<uint8_t>(1) + image * out, false);
                    });
                  });
                },
                0, plan.threads);
          }};
}

KernelDef max_pool2d_backward() {
  return {"simd", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const PoolGeometry g(q.outputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const BatchPlan plan(g.batch, q.threads, 1);
            return simple_kernel(
                [g, plan, backward = pool_functions(q.isa).backward](const KernelArgs& args) {
                  const int64_t in = g.in_h * g.in_w * g.channels;
                  const int64_t out = g.out_h * g.out_w * g.channels;
                  parallel_chunks(plan.threads, [&](int chunk) {
                    plan.for_each_batch(chunk, [&](int64_t image, int64_t) {
                      backward(g, args.in<float>(0) + image * out,
                               args.in<uint8_t>(1) + image * out, args.out<float>(0) + image * in);
                    });
                  });
                },
                0, plan.threads);
          }};
}

}  // namespace danlu::cpu::simd
