#include "danlu/backends/cpu/simd/sparse_conv.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/batch_plan.h"
#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/set_plan.h"
#include "danlu/backends/cpu/simd/nonfinite.h"
#include "danlu/backends/cpu/simd/transpose_block.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::simd {
namespace {

// `x` may be sets of images.
std::string refuse(const KernelQuery& q, const Shape& x, const Shape& kernel) {
  using Pair = std::array<int64_t, 2>;
  const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
  // Slices of the kernel are vectors of 8 channels or more.
  if (q.isa == Isa::baseline) return "only AVX2 and AVX-512";
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != DType::float32 && spec.dtype != DType::uint8) return "only float32";
    }
  }
  if (x[-1] % kSparseChannels != 0) return "the channels are no multiple of 16";
  if (attrs.conv.groups != 1 || attrs.conv.strides != Pair{1, 1}) {
    return "only stride 1 and one group";
  }
  if (attrs.pool.pool_size != attrs.pool.strides || attrs.pool.pad_before != Pair{0, 0} ||
      attrs.pool.pad_after != Pair{0, 0}) {
    return "only windows that touch, without padding";
  }
  const int64_t positions = attrs.pool.pool_size[0] * attrs.pool.pool_size[1];
  if (positions < 4 || positions > kMostSparsePositions) return "only windows of 4 to 16 positions";
  if (kernel[0] * kernel[1] > 256) return "more than 256 taps";
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  const int64_t image = (x[-3] + attrs.conv.pad_before[0] + attrs.conv.pad_after[0]) *
                        (x[-2] + attrs.conv.pad_before[1] + attrs.conv.pad_after[1]) * x[-1];
  if (image > kMost || kernel.num_elements() > kMost) return "an image or kernel is too large";
  return "";
}

/// What both kernels know of their images.
struct Plan {
  ConvGeometry conv;
  PoolGeometry pool;
  BatchPlan batch;
  SparseConvImage image;  // its `offsets` are set when it is used
  std::vector<int64_t> offsets;
  int64_t x_image, pooled_image, padded_h, filter_size;
  bool pads;

  Plan(const ConvGeometry& g, const Pool2DAttrs& attrs, const BatchPlan& images)
      : conv(g),
        pool({g.batch, g.out_h, g.out_w, g.filters}, attrs),
        batch(images),
        x_image(g.in_h * g.in_w * g.channels),
        padded_h(g.in_h + g.attrs.pad_before[0] + g.attrs.pad_after[0]),
        filter_size(g.kernel_h * g.kernel_w * g.channels),
        pads(padded_h != g.in_h || g.attrs.pad_before[1] + g.attrs.pad_after[1] > 0) {
    const int64_t width = g.in_w + g.attrs.pad_before[1] + g.attrs.pad_after[1];
    image = {.width = width,
             .image_size = padded_h * width * g.channels,
             .channels = g.channels,
             .out_h = pool.out_h,
             .out_w = pool.out_w,
             .pool_h = attrs.pool_size[0],
             .pool_w = attrs.pool_size[1],
             .filters = g.filters,
             .taps = g.kernel_h * g.kernel_w};
    pooled_image = pool.out_h * pool.out_w * g.filters;
    for (int64_t kh = 0; kh < g.kernel_h; ++kh) {
      for (int64_t kw = 0; kw < g.kernel_w; ++kw) {
        offsets.push_back(
            (kh * g.attrs.dilation_rate[0] * image.width + kw * g.attrs.dilation_rate[1]) *
            g.channels);
      }
    }
  }

  SparseConvImage loops() const {
    SparseConvImage copy = image;
    copy.offsets = offsets.data();
    return copy;
  }
  static int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }
  int64_t kernel_floats() const { return whole_lines(filter_size * conv.filters); }
  int64_t padded_floats() const { return pads ? whole_lines(image.image_size * batch.most) : 0; }
  int64_t list_entries() const {
    return whole_lines(std::max((image.filters + 16) * image.pool_h * image.pool_w * kSparsePixels,
                                (image.listed_pixels() + 16) * 16));
  }
  SparseList list(float* scratch) const {
    return {scratch, reinterpret_cast<int32_t*>(scratch + list_entries())};
  }
  void copy_into_padded(const float* x, int64_t images, float* padded) const {
    const int64_t row = conv.in_w * conv.channels;
    for (int64_t at = 0; at < images; ++at) {
      for_each_row([&](int64_t from, int64_t to) {
        const float* begin = x + at * x_image + from;
        std::copy(begin, begin + row, padded + at * image.image_size + to);
      });
    }
  }
  /// Calls f(row of the image, row inside the padded image).
  template <class F>
  void for_each_row(F&& f) const {
    for (int64_t h = 0; h < conv.in_h; ++h) {
      f(h * conv.in_w * conv.channels,
        ((h + conv.attrs.pad_before[0]) * image.width + conv.attrs.pad_before[1]) * conv.channels);
    }
  }
};

// Inputs that fit into the first-level cache together: the fewer passes over the sums.
int64_t images_in_cache(const ConvGeometry& g) {
  constexpr int64_t kFloats = 11264;
  return std::clamp<int64_t>(kFloats / (g.in_h * g.in_w * g.channels), 1, 8);
}

// Columns [range) of `from` (rows, columns) as rows of `to`.
void transpose(const float* from, int64_t rows, int64_t columns, float* to, Range range) {
  int64_t column = range.begin;
  for (; column + 4 <= range.end; column += 4) {
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
      transpose_block(from + row * columns + column, columns, to + column * rows + row, rows);
    }
    for (; row < rows; ++row) {
      for (int64_t c = column; c < column + 4; ++c) to[c * rows + row] = from[row * columns + c];
    }
  }
  for (; column < range.end; ++column) {
    for (int64_t row = 0; row < rows; ++row) to[column * rows + row] = from[row * columns + column];
  }
}

// Taps [range) of the kernel (taps, channels, filters), in slices.
void slice_kernel(const float* kernel, const SparseConvImage& g, const SparseSlices& slices,
                  float* out, Range range) {
  for (long tap = range.begin; tap < range.end; ++tap) {
    for (int64_t c = 0; c < g.channels; c += slices.channels) {
      const float* from = kernel + (tap * g.channels + c) * g.filters;
      const int64_t slice = c / slices.channels * slices.tap_groups + tap / slices.taps;
      float* to =
          out + slice * slices.slice_floats(g.filters) + tap % slices.taps * slices.channels;
      const int64_t stride = slices.filter_floats();
      int64_t f = 0;
      for (; f + 4 <= g.filters; f += 4) {
        for (int64_t at = 0; at < slices.channels; at += 4) {
          transpose_block(from + at * g.filters + f, g.filters, to + f * stride + at, stride);
        }
      }
      for (; f < g.filters; ++f) {
        for (int64_t at = 0; at < slices.channels; ++at) {
          to[f * stride + at] = from[at * g.filters + f];
        }
      }
    }
  }
}

}  // namespace

KernelDef sparse_conv2d_pool_backward_kernel() {
  return {
      "sparse",
      [](const KernelQuery& q) {
        return refuse(q, q.inputs[0].shape, q.attrs_as<Conv2DPoolAttrs>().conv.result);
      },
      [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
        const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
        const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs.conv);
        const SetPlan sets(q.outputs[0].shape.num_elements() / g.kernel_size(), g.batch, q.threads,
                           images_in_cache(g));
        const Plan plan(g, attrs.pool, sets.batch);
        const int64_t chunk_floats =
            plan.kernel_floats() + plan.padded_floats() + 2 * plan.list_entries();
        const size_t set_bytes =
            static_cast<size_t>(chunk_floats * plan.batch.threads) * sizeof(float);
        const auto one_set = [=, loops = sparse_conv_functions(q.isa),
                              finite = all_finite_function(q.isa)](
                                 const float* x, const float* grad, const uint8_t* index,
                                 float* out, float* scratch) {
          const SparseConvImage image = plan.loops();
          parallel_chunks(plan.batch.threads, [&](int chunk) {
            float* sums = scratch + chunk * chunk_floats;  // (filters, taps, channels)
            float* padded = sums + plan.kernel_floats();
            const SparseList list = plan.list(padded + plan.padded_floats());
            std::fill(sums, sums + plan.kernel_floats(), 0.0f);
            if (plan.pads) std::fill(padded, padded + plan.padded_floats(), 0.0f);
            plan.batch.for_each_batch(chunk, [&](int64_t i, int64_t images) {
              const float* from = x + i * plan.x_image;
              if (plan.pads) plan.copy_into_padded(from, images, padded);
              loops.backward_kernel(image, images, plan.pads ? padded : from,
                                    grad + i * plan.pooled_image, index + i * plan.pooled_image,
                                    sums, plan.batch.threads == 1 && i == 0 ? out : nullptr, list);
            });
          });
          // The chunks' sums in order, transposed to (taps, channels, filters).
          parallel_chunks(plan.batch.threads, [&](int chunk) {
            const Range part = chunk_range(plan.filter_size, plan.batch.threads, chunk, 16);
            for (int64_t f = 0; f < g.filters && plan.batch.threads > 1; ++f) {
              float* sums = scratch + f * plan.filter_size;
              for (int other = 1; other < plan.batch.threads; ++other) {
                const float* more = sums + other * chunk_floats;
                for (long j = part.begin; j < part.end; ++j) sums[j] += more[j];
              }
            }
            transpose(scratch, g.filters, plan.filter_size, out, part);
          });
          if (!finite(x, g.in_size())) {
            add_zero_products_to_kernel(g, plan.pool, x, grad, index, out);
          }
        };
        return simple_kernel(
            [=](const KernelArgs& args) {
              sets.for_each_set(args.scratch, set_bytes, [&](int64_t set, std::byte* scratch) {
                const int64_t pooled = set * plan.pool.out_size();
                one_set(args.in<float>(0) + set * g.in_size(), args.in<float>(1) + pooled,
                        args.in<uint8_t>(2) + pooled, args.out<float>(0) + set * g.kernel_size(),
                        reinterpret_cast<float*>(scratch));
              });
            },
            set_bytes * static_cast<size_t>(sets.set_threads), sets.threads());
      }};
}

KernelDef sparse_conv2d_pool_backward_input() {
  return {
      "sparse",
      [](const KernelQuery& q) { return refuse(q, q.outputs[0].shape, q.inputs[2].shape); },
      [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
        const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
        const ConvGeometry g(q.outputs[0].shape, q.inputs[2].shape, attrs.conv);
        const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool);
        const int64_t together = std::max<int64_t>(1, kSparsePixels / (pool.out_h * pool.out_w));
        const Plan plan(g, attrs.pool, {g.batch, q.threads, together});
        const SparseConvFunctions loops = sparse_conv_functions(q.isa);
        const SparseSlices slices = loops.slices(plan.loops());
        const int64_t kernel_floats = slices.floats(plan.image);
        const int64_t chunk_floats = plan.padded_floats() + 2 * plan.list_entries();
        return simple_kernel(
            [=, isa = q.isa](const KernelArgs& args) {
              auto* kernel = reinterpret_cast<float*>(args.scratch);
              const SparseConvImage image = plan.loops();
              parallel_chunks(plan.batch.threads, [&](int chunk) {
                slice_kernel(args.in<float>(2), image, slices, kernel,
                             chunk_range(image.taps, plan.batch.threads, chunk));
              });
              parallel_chunks(plan.batch.threads, [&](int chunk) {
                float* padded = kernel + kernel_floats + chunk * chunk_floats;
                const SparseList list = plan.list(padded + plan.padded_floats());
                plan.batch.for_each_batch(chunk, [&](int64_t i, int64_t images) {
                  float* out = args.out<float>(0) + i * plan.x_image;
                  float* dx = plan.pads ? padded : out;
                  std::fill(dx, dx + images * image.image_size, 0.0f);
                  loops.backward_input(image, images, kernel,
                                       args.in<float>(0) + i * plan.pooled_image,
                                       args.in<uint8_t>(1) + i * plan.pooled_image, dx, list);
                  if (!plan.pads) return;
                  const int64_t row = plan.conv.in_w * plan.conv.channels;
                  for (int64_t at = 0; at < images; ++at) {
                    plan.for_each_row([&](int64_t to, int64_t from) {
                      const float* begin = padded + at * image.image_size + from;
                      std::copy(begin, begin + row, out + at * plan.x_image + to);
                    });
                  }
                });
              });
              const bool finite =
                  all_finite_function(isa)(args.in<float>(2), plan.conv.kernel_size());
              if (!finite) {
                add_zero_products_to_input(plan.conv, plan.pool, args.in<float>(0),
                                           args.in<uint8_t>(1), args.in<float>(2),
                                           args.out<float>(0));
              }
            },
            static_cast<size_t>(kernel_floats + chunk_floats * plan.batch.threads) * sizeof(float),
            plan.batch.threads);
      }};
}

}  // namespace danlu::cpu::simd
