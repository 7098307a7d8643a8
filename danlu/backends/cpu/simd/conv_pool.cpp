#include "danlu/backends/cpu/simd/conv_pool.h"

#include <algorithm>

#include "danlu/backends/cpu/batch_plan.h"
#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/set_plan.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/nonfinite.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::simd {
namespace {

// With more channels, a blocked convolution is faster although it writes the image.
constexpr int64_t kMostChannels = 4;
// With the registers of AVX-512, so it is with more than these, or once images leave the
// first-level cache; or tiles are faster.
constexpr int64_t kMostChannelsOfSmall = 16, kMostBesideTiles = 8, kSmallImage = 8192;

bool takes_channels(const KernelQuery& q) {
  const Shape& x = q.inputs[0].shape;
  if (x[3] <= kMostChannels) return true;
  return q.isa >= Isa::avx512 && x[3] <= (has_amx() ? kMostBesideTiles : kMostChannelsOfSmall) &&
         x[1] * x[2] * x[3] <= kSmallImage;
}

std::string refuse(const KernelQuery& q, const Conv2DPoolAttrs& attrs) {
  using Pair = std::array<int64_t, 2>;
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != DType::float32 && spec.dtype != DType::uint8) return "only float32";
    }
  }
  if (attrs.conv.groups != 1 || attrs.conv.strides != Pair{1, 1} ||
      attrs.conv.dilation_rate != Pair{1, 1}) {
    return "only stride 1, without dilation and groups";
  }
  if (attrs.pool.pool_size != Pair{2, 2} || attrs.pool.strides != Pair{2, 2} ||
      attrs.pool.pad_before != Pair{0, 0} || attrs.pool.pad_after != Pair{0, 0}) {
    return "only 2 x 2 pooling without padding";
  }
  if (attrs.activation != FusedActivation::none && attrs.activation != FusedActivation::relu) {
    return "of the activations only relu";
  }
  return "";
}

/// What both kernels know of their images.
struct Plan {
  ConvGeometry conv;
  BatchPlan batch;
  ConvPoolImage image;  // its `offsets` are set when it is used
  std::vector<int64_t> offsets;
  int64_t x_image, pooled_image, padded_h;
  bool pads;

  Plan(const ConvGeometry& g, const BatchPlan& images)
      : conv(g),
        batch(images),
        x_image(g.in_h * g.in_w * g.channels),
        padded_h(g.in_h + g.attrs.pad_before[0] + g.attrs.pad_after[0]),
        pads(padded_h != g.in_h || g.attrs.pad_before[1] + g.attrs.pad_after[1] > 0) {
    image.width = g.in_w + g.attrs.pad_before[1] + g.attrs.pad_after[1];
    image.height = padded_h;
    image.channels = g.channels;
    image.out_h = g.out_h / 2;
    image.out_w = g.out_w / 2;
    image.filters = g.filters;
    image.taps = g.kernel_h * g.kernel_w * g.channels;
    pooled_image = image.out_h * image.out_w * g.filters;
    for (int64_t kh = 0; kh < g.kernel_h; ++kh) {
      for (int64_t kw = 0; kw < g.kernel_w; ++kw) {
        for (int64_t c = 0; c < g.channels; ++c) {
          offsets.push_back((kh * image.width + kw) * g.channels + c);
        }
      }
    }
  }

  ConvPoolImage loops() const {
    ConvPoolImage copy = image;
    copy.offsets = offsets.data();
    return copy;
  }
  size_t padded_floats() const {
    return pads ? static_cast<size_t>((padded_h * image.width * image.channels + 15) / 16 * 16) : 0;
  }
  /// Zeros where `padded` puts images.
  void clear(float* scratch) const { std::fill(scratch, scratch + padded_floats(), 0.0f); }
  /// The image itself, or a copy of it amid the zeros of `scratch`.
  const float* padded(const float* x, float* scratch) const {
    if (!pads) return x;
    const int64_t row = conv.in_w * conv.channels;
    for (int64_t h = 0; h < conv.in_h; ++h) {
      std::copy(
          x + h * row, x + (h + 1) * row,
          scratch + ((h + conv.attrs.pad_before[0]) * image.width + conv.attrs.pad_before[1]) *
                        conv.channels);
    }
    return scratch;
  }
};

// (taps, filters) and the bias, as (groups, 1 + taps, kFilterGroup).
void pack(const ConvPoolImage& g, const float* kernel, const float* bias, float* packed) {
  for (int64_t first = 0; first < g.filters; first += kFilterGroup) {
    const int64_t filters = std::min(kFilterGroup, g.filters - first);
    for (int64_t t = -1; t < g.taps; ++t, packed += kFilterGroup) {
      const float* from = t >= 0 ? kernel + t * g.filters : bias;
      std::fill(packed, packed + kFilterGroup, 0.0f);
      if (from != nullptr) std::copy(from + first, from + first + filters, packed);
    }
  }
}

}  // namespace

KernelDef conv2d_pool() {
  return {"simd",
          [](const KernelQuery& q) -> std::string {
            if (!takes_channels(q)) return "too many channels";
            return refuse(q, q.attrs_as<Conv2DPoolAttrs>());
          },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
            const Plan plan(g, {g.batch, q.threads, 1});
            const bool has_bias = q.inputs.size() > 2;
            const bool relu = attrs.activation == FusedActivation::relu;
            const int64_t groups = (plan.image.filters + kFilterGroup - 1) / kFilterGroup;
            const auto packed_floats =
                static_cast<size_t>(groups * (1 + plan.image.taps) * kFilterGroup);
            const size_t floats =
                packed_floats + plan.padded_floats() * static_cast<size_t>(plan.batch.threads);
            return simple_kernel(
                [=, forward = conv_pool_functions(q.isa).forward](const KernelArgs& args) {
                  auto* packed = reinterpret_cast<float*>(args.scratch);
                  const ConvPoolImage image = plan.loops();
                  pack(image, args.in<float>(1), has_bias ? args.in<float>(2) : nullptr, packed);
                  parallel_chunks(plan.batch.threads, [&](int chunk) {
                    float* own =
                        packed + packed_floats + plan.padded_floats() * static_cast<size_t>(chunk);
                    plan.clear(own);
                    plan.batch.for_each_batch(chunk, [&](int64_t i, int64_t) {
                      const float* x = plan.padded(args.in<float>(0) + i * plan.x_image, own);
                      forward(image, x, packed, args.out<float>(0) + i * plan.pooled_image,
                              args.out<uint8_t>(1) + i * plan.pooled_image, relu);
                    });
                  });
                },
                floats * sizeof(float), plan.batch.threads);
          }};
}

KernelDef conv2d_pool_backward_kernel() {
  return {"simd",
          [](const KernelQuery& q) -> std::string {
            if (q.inputs[0].shape[-1] > kMostChannels) return "more than 4 channels";
            // The activation does not matter to the gradient.
            Conv2DPoolAttrs attrs = q.attrs_as<Conv2DPoolAttrs>();
            attrs.activation = FusedActivation::none;
            return refuse(q, attrs);
          },
          [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs.conv);
            const int64_t size = g.kernel_size();
            const SetPlan sets(q.outputs[0].shape.num_elements() / size, g.batch, q.threads, 1);
            const Plan plan(g, sets.batch);
            const size_t sum_floats = static_cast<size_t>((size + 15) / 16 * 16);
            const size_t window_floats =
                static_cast<size_t>((plan.image.window_floats() + 15) / 16 * 16);
            const size_t chunk_floats = sum_floats + plan.padded_floats() + window_floats;
            const size_t set_bytes =
                chunk_floats * static_cast<size_t>(plan.batch.threads) * sizeof(float);
            const auto one_set =
                [=, pool = PoolGeometry({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool),
                 finite = all_finite_function(q.isa),
                 backward = conv_pool_functions(q.isa).backward_kernel](
                    const float* x, const float* grad, const uint8_t* index, float* out,
                    float* sums) {
                  const ConvPoolImage image = plan.loops();
                  parallel_chunks(plan.batch.threads, [&](int chunk) {
                    float* own = sums + chunk_floats * static_cast<size_t>(chunk);
                    float* windows = own + sum_floats + plan.padded_floats();
                    std::fill(own, own + size, 0.0f);
                    plan.clear(own + sum_floats);
                    plan.batch.for_each_batch(chunk, [&](int64_t i, int64_t) {
                      backward(image, plan.padded(x + i * plan.x_image, own + sum_floats),
                               grad + i * plan.pooled_image, index + i * plan.pooled_image, own,
                               windows);
                    });
                  });
                  std::copy(sums, sums + size, out);
                  for (int chunk = 1; chunk < plan.batch.threads; ++chunk) {
                    const float* more = sums + chunk_floats * static_cast<size_t>(chunk);
                    for (int64_t i = 0; i < size; ++i) out[i] += more[i];
                  }
                  if (!finite(x, g.in_size())) {
                    add_zero_products_to_kernel(g, pool, x, grad, index, out);
                  }
                };
            return simple_kernel(
                [=](const KernelArgs& args) {
                  sets.for_each_set(args.scratch, set_bytes, [&](int64_t set, std::byte* scratch) {
                    const int64_t pooled = set * g.batch * plan.pooled_image;
                    one_set(args.in<float>(0) + set * g.in_size(), args.in<float>(1) + pooled,
                            args.in<uint8_t>(2) + pooled, args.out<float>(0) + set * size,
                            reinterpret_cast<float*>(scratch));
                  });
                },
                set_bytes * static_cast<size_t>(sets.set_threads), sets.threads());
          }};
}

}  // namespace danlu::cpu::simd
