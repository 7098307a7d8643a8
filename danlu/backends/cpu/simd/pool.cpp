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

/// run(args, image's offset before pooling, image's offset after it) for each image, the images
/// shared out among threads.
template <class Run>
std::unique_ptr<Kernel> by_image(const KernelQuery& q, const PoolGeometry& g, Run run) {
  const BatchPlan plan(g.batch, q.threads, 1);
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(plan.threads, [&](int chunk) {
          plan.for_each_batch(chunk, [&](int64_t image, int64_t) {
            run(args, image * g.in_h * g.in_w * g.channels, image * g.out_h * g.out_w * g.channels);
          });
        });
      },
      0, plan.threads);
}

}  // namespace

KernelDef max_pool2d() {
  return {"simd", refuse, [](const KernelQuery& q) {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const auto run = pool_functions(q.isa).forward;
            return by_image(q, g, [=](const KernelArgs& args, int64_t in, int64_t out) {
              run(g, args.in<float>(0) + in, args.out<float>(0) + out, args.out<uint8_t>(1) + out,
                  false);
            });
          }};
}

KernelDef max_pool2d_backward() {
  return {"simd", refuse, [](const KernelQuery& q) {
            const PoolGeometry g(q.outputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const auto run = pool_functions(q.isa).backward;
            return by_image(q, g, [=](const KernelArgs& args, int64_t in, int64_t out) {
              run(g, args.in<float>(0) + out, args.in<uint8_t>(1) + out, args.out<float>(0) + in);
            });
          }};
}

KernelDef average_pool2d() {
  return {"simd", refuse, [](const KernelQuery& q) {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const auto run = pool_functions(q.isa).average;
            return by_image(q, g, [=](const KernelArgs& args, int64_t in, int64_t out) {
              run(g, args.in<float>(0) + in, args.out<float>(0) + out);
            });
          }};
}

KernelDef average_pool2d_backward() {
  return {"simd", refuse, [](const KernelQuery& q) {
            const PoolGeometry g(q.outputs[0].shape, q.attrs_as<Pool2DAttrs>());
            const auto run = pool_functions(q.isa).average_backward;
            return by_image(q, g, [=](const KernelArgs& args, int64_t in, int64_t out) {
              run(g, args.in<float>(0) + out, args.out<float>(0) + in);
            });
          }};
}

}  // namespace danlu::cpu::simd
