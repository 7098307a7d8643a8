#include "danlu/backends/cpu/onednn/conv_pool.h"

#include "danlu/backends/cpu/onednn/conv.h"
#include "danlu/backends/cpu/set_plan.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/backends/cpu/simd/pool.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::onednn {
namespace {

size_t float_bytes(int64_t count) { return aligned(static_cast<size_t>(count) * sizeof(float)); }

/// Sizes of one image in elements, and the pooling of the convolution's output.
struct Shapes {
  ConvGeometry conv;
  PoolGeometry pool;
  int64_t x, y, pooled;
  BatchPlan plan;

  Shapes(const ConvGeometry& g, const Pool2DAttrs& attrs, int threads)
      : conv(g),
        pool({g.batch, g.out_h, g.out_w, g.filters}, attrs),
        x(g.in_h * g.in_w * g.channels),
        y(g.out_h * g.out_w * g.filters),
        pooled(pool.out_h * pool.out_w * g.filters),
        plan(g.batch, threads, cached_batch(y)) {}
  size_t image_bytes() const { return float_bytes(y * std::min(plan.most, plan.count)); }
};

/// Spreads the gradient of `size` pooled images over their unpooled images.
void spread(const Shapes& s, const simd::PoolFunctions& functions, int64_t size, const float* grad,
            const uint8_t* index, float* image) {
  for (int64_t i = 0; i < size; ++i) {
    functions.backward(s.pool, grad + i * s.pooled, index + i * s.pooled, image + i * s.y);
  }
}

std::string refuse(const KernelQuery& q) {
  return conv_refusal(q, q.attrs_as<Conv2DPoolAttrs>().conv);
}

}  // namespace

KernelDef conv2d_pool() {
  return {
      "onednn", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
        const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
        const Shapes s({q.inputs[0].shape, q.inputs[1].shape, attrs.conv}, attrs.pool, q.threads);
        const bool has_bias = q.inputs.size() > 2;
        // ReLU may follow the pooling; the others round, so that equal maxima could arise.
        const bool relu = attrs.activation == FusedActivation::relu;
        const bool activates = attrs.activation != FusedActivation::none && !relu;
        const auto epilogue = simd::epilogue_function(q.isa);
        const auto pass =
            std::make_shared<const ConvPass>(ConvPass::Kind::forward, s.conv, s.plan, has_bias);
        const size_t chunk_bytes = s.image_bytes() + pass->scratchpad_bytes();
        const auto functions = simd::pool_functions(q.isa);
        return with_packed_kernel(
            pass, 1,
            [=, activation = attrs.activation](const KernelArgs& args, const float* kernel) {
              parallel_chunks(s.plan.threads, [&](int chunk) {
                std::byte* own = args.scratch + chunk_bytes * static_cast<size_t>(chunk);
                auto* image = reinterpret_cast<float*>(own);
                s.plan.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
                  pass->run(size, args.in<float>(0) + begin * s.x, kernel,
                            has_bias ? args.in<float>(2) : nullptr, image, own + s.image_bytes());
                  if (activates) epilogue(image, 1, size * s.y, 0, nullptr, activation);
                  for (int64_t i = 0; i < size; ++i) {
                    const int64_t at = (begin + i) * s.pooled;
                    functions.forward(s.pool, image + i * s.y, args.out<float>(0) + at,
                                      args.out<uint8_t>(1) + at, relu);
                  }
                });
              });
            },
            chunk_bytes * static_cast<size_t>(s.plan.threads), s.plan.threads);
      }};
}

KernelDef conv2d_pool_backward_input() {
  return {
      "onednn", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
        const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
        const Shapes s({q.outputs[0].shape, q.inputs[2].shape, attrs.conv}, attrs.pool, q.threads);
        const auto pass =
            std::make_shared<const ConvPass>(ConvPass::Kind::backward_input, s.conv, s.plan);
        const size_t chunk_bytes = s.image_bytes() + pass->scratchpad_bytes();
        const auto functions = simd::pool_functions(q.isa);
        return with_packed_kernel(
            pass, 2,
            [=](const KernelArgs& args, const float* kernel) {
              parallel_chunks(s.plan.threads, [&](int chunk) {
                std::byte* own = args.scratch + chunk_bytes * static_cast<size_t>(chunk);
                auto* image = reinterpret_cast<float*>(own);
                s.plan.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
                  spread(s, functions, size, args.in<float>(0) + begin * s.pooled,
                         args.in<uint8_t>(1) + begin * s.pooled, image);
                  pass->run(size, image, kernel, nullptr, args.out<float>(0) + begin * s.x,
                            own + s.image_bytes());
                });
              });
            },
            chunk_bytes * static_cast<size_t>(s.plan.threads), s.plan.threads);
      }};
}

KernelDef conv2d_pool_backward_kernel() {
  return {"onednn", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs.conv);
            const int64_t sets = q.outputs[0].shape.num_elements() / g.kernel_size();
            const Shapes s(g, attrs.pool, sets == 1 ? q.threads : 1);
            const SetPlan plan(sets, g.batch, q.threads, s.plan.most);
            const auto pass =
                std::make_shared<const ConvPass>(ConvPass::Kind::backward_kernel, s.conv, s.plan);
            const KernelGradient sums(pass, s.plan);
            const auto functions = simd::pool_functions(q.isa);
            const size_t sum_bytes = aligned(sums.scratch_bytes());
            const size_t set_bytes =
                sum_bytes + s.image_bytes() * static_cast<size_t>(s.plan.threads);
            return simple_kernel(
                [=](const KernelArgs& args) {
                  plan.for_each_set(args.scratch, set_bytes, [&](int64_t set, std::byte* scratch) {
                    const float* x = args.in<float>(0) + set * g.in_size();
                    const int64_t pooled = set * s.pool.out_size();
                    parallel_chunks(s.plan.threads, [&](int chunk) {
                      auto* image = reinterpret_cast<float*>(
                          scratch + sum_bytes + s.image_bytes() * static_cast<size_t>(chunk));
                      s.plan.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
                        const int64_t at = pooled + begin * s.pooled;
                        spread(s, functions, size, args.in<float>(1) + at, args.in<uint8_t>(2) + at,
                               image);
                        sums.add(scratch, chunk, begin, size, x + begin * s.x, image);
                      });
                    });
                    sums.finish(scratch, args.out<float>(0) + set * g.kernel_size());
                  });
                },
                set_bytes * static_cast<size_t>(plan.set_threads), plan.threads());
          }};
}

}  // namespace danlu::cpu::onednn
