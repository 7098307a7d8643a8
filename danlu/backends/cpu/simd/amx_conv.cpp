#include "danlu/backends/cpu/simd/amx_conv.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <utility>
#include <vector>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/simd/amx_conv_loops.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/pool.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

using Pair = std::array<int64_t, 2>;

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// A convolution with stride 1 as it is computed: that of an image with the kernel, or of a
/// gradient with the kernel turned around.
struct Convolution {
  int64_t batch, in_h, in_w, channels, out_h, out_w, filters;
  Pair kernel, dilation, before;
  bool turned;

  static Convolution forward(const ConvGeometry& g) {
    return {g.batch,
            g.in_h,
            g.in_w,
            g.channels,
            g.out_h,
            g.out_w,
            g.filters,
            {g.kernel_h, g.kernel_w},
            g.attrs.dilation_rate,
            g.attrs.pad_before,
            false};
  }
  static Convolution backward_input(const ConvGeometry& g) {
    const Pair& d = g.attrs.dilation_rate;
    return {g.batch,
            g.out_h,
            g.out_w,
            g.filters,
            g.in_h,
            g.in_w,
            g.channels,
            {g.kernel_h, g.kernel_w},
            d,
            {(g.kernel_h - 1) * d[0] - g.attrs.pad_before[0],
             (g.kernel_w - 1) * d[1] - g.attrs.pad_before[1]},
            true};
  }

  int64_t taps() const { return kernel[0] * kernel[1]; }
  int64_t halo(int axis) const { return (kernel[axis] - 1) * dilation[axis]; }
  int64_t width() const { return out_w + halo(1); }
  int64_t x_image() const { return in_h * in_w * channels; }
  KernelStrides strides() const {
    const int64_t matrix = channels * filters;
    return turned ? KernelStrides{-matrix, 1, channels} : KernelStrides{matrix, filters, 1};
  }
  /// The first tap's matrix.
  template <class T>
  const T* first_tap(const T* k) const {
    return turned ? k + (taps() - 1) * channels * filters : k;
  }
};

/// Strips of rows that are computed by themselves: all of an image, if its parts fit into the
/// second-level cache.
struct Strips {
  int64_t rows = 0;   ///< computed of each image
  int64_t most = 0;   ///< of a strip
  int64_t count = 0;  ///< of an image

  Strips(const Convolution& c, int64_t computed_rows, int64_t grain, int threads)
      : rows(computed_rows) {
    constexpr int64_t kBytes = 640 * 1024;
    const int64_t steps = (c.channels + 31) / 32;
    const int64_t row_bytes = c.width() * (steps * 192 + c.filters * 4);
    most = std::max(grain, (kBytes / row_bytes - c.halo(0)) / grain * grain);
    const int64_t wanted = (threads + c.batch - 1) / c.batch;
    count = std::max((rows + most - 1) / most, std::min(wanted, rows / grain));
    most = ((rows + count - 1) / count + grain - 1) / grain * grain;
    count = (rows + most - 1) / most;
  }
};

void store(const float* from, int64_t count, float* to) { std::copy(from, from + count, to); }
void store(const float* from, int64_t count, bfloat16* to) { amx_round(from, count, to); }

/// What a thread needs and how the strips are computed in it. T is float or bfloat16.
template <class T>
class Loops {
 public:
  Loops(const Convolution& c, const Strips& strips)
      : c_(c),
        plain_(blocked_matmul_function(Isa::avx512)),
        epilogue_(epilogue_function(Isa::avx512)) {
    for (int64_t h = 0; h < c.kernel[0]; ++h) {
      for (int64_t w = 0; w < c.kernel[1]; ++w) {
        offsets_.push_back(h * c.dilation[0] * c.width() + w * c.dilation[1]);
      }
    }
    const AmxConvStrip largest = strip(strips.most);
    y_offset_ = std::max(static_cast<size_t>(kConvParts<T>) * largest.part_bytes(), kPanelBytes);
    bias_offset_ = y_offset_ + aligned(rounded_windows(largest) * c.filters * sizeof(float));
    bytes_ = bias_offset_ + aligned((static_cast<size_t>(c.filters) + 16) * sizeof(float));
  }

  size_t bytes() const { return bytes_; }
  size_t kernel_bytes() const { return amx::kHeadBytes + strip(1).kernel_bytes(kConvParts<T>); }

  void pack(const T* kernel, std::byte* packed) const {
    const bool strange =
        amx_pack_kernel(strip(1), c_.first_tap(kernel), c_.strides(), packed + amx::kHeadBytes);
    *reinterpret_cast<bool*>(packed) = strange;
  }
  /// Puts the bias, or zeros, where `compute` finds it.
  void set_bias(const T* bias, std::byte* scratch) const {
    auto* to = reinterpret_cast<float*>(scratch + bias_offset_);
    std::fill(to, to + c_.filters + 16, 0.0f);
    if (bias == nullptr) return;
    std::transform(bias, bias + c_.filters, to, [](T x) { return static_cast<float>(x); });
  }
  /// Rows [begin, begin + rows) of the convolution of one image, `width()` windows each.
  float* compute(const T* x, const T* kernel, const std::byte* packed, int64_t begin, int64_t rows,
                 std::byte* scratch) const {
    auto* y = reinterpret_cast<float*>(scratch + y_offset_);
    const auto* bias = reinterpret_cast<const float*>(scratch + bias_offset_);
    const AmxConvStrip s = strip(rows);
    bool strange = *reinterpret_cast<const bool*>(packed);
    if (!strange) strange = put_rows(s, x, begin, rows, scratch);
    if constexpr (std::is_same_v<T, float>) {
      if (strange) {
        plain(x, kernel, begin, rows, bias, scratch, y);
        return y;
      }
    }
    amx_convolve<T>(s, scratch, packed + amx::kHeadBytes, bias, y);
    return y;
  }

 private:
  static size_t rounded_windows(const AmxConvStrip& s) {
    return static_cast<size_t>((s.windows + 31) / 32 * 32);
  }
  AmxConvStrip strip(int64_t rows) const {
    AmxConvStrip s{.channels = c_.channels,
                   .filters = c_.filters,
                   .taps = c_.taps(),
                   .offsets = offsets_.data(),
                   .windows = (rows - 1) * c_.width() + c_.out_w};
    s.pixels = static_cast<int64_t>(rounded_windows(s)) + offsets_.back();
    return s;
  }

  /// The padded rows that the windows look at.
  bool put_rows(const AmxConvStrip& s, const T* x, int64_t begin, int64_t rows,
                std::byte* out) const {
    const int64_t width = c_.width(), left = c_.before[1];
    const int64_t copied = std::min(c_.in_w, width - left);
    bool strange = false;
    for (int64_t row = 0; row < rows + c_.halo(0); ++row) {
      const int64_t from = begin + row - c_.before[0], first = row * width;
      if (from < 0 || from >= c_.in_h) {
        amx_clear_pixels<T>(s, first, width, out);
        continue;
      }
      if (left > 0) amx_clear_pixels<T>(s, first, left, out);
      strange |= amx_put_pixels(s, x + from * c_.in_w * c_.channels, first + left, copied, out);
      const int64_t rest = width - left - copied;
      if (rest > 0) amx_clear_pixels<T>(s, first + left + copied, rest, out);
    }
    return strange;
  }

  /// The same row by row and tap by tap, without products of the padding.
  void plain(const float* x, const float* kernel, int64_t begin, int64_t rows, const float* bias,
             std::byte* panel, float* y) const {
    const KernelStrides strides = c_.strides();
    for (int64_t row = 0; row < rows; ++row) {
      float* out = y + row * c_.width() * c_.filters;
      for (int64_t w = 0; w < c_.out_w; ++w) {
        std::copy(bias, bias + c_.filters, out + w * c_.filters);
      }
      for (int64_t tap = 0; tap < c_.taps(); ++tap) {
        const int64_t h = begin + row + tap / c_.kernel[1] * c_.dilation[0] - c_.before[0];
        const int64_t shift = tap % c_.kernel[1] * c_.dilation[1] - c_.before[1];
        const int64_t first = std::max<int64_t>(0, -shift);
        const int64_t end = std::min(c_.out_w, c_.in_w - shift);
        if (h < 0 || h >= c_.in_h || first >= end) continue;
        plain_.run({.a = x + (h * c_.in_w + first + shift) * c_.channels,
                    .b = c_.first_tap(kernel) + tap * strides.tap,
                    .c = out + first * c_.filters,
                    .m = end - first,
                    .n = c_.filters,
                    .k = c_.channels,
                    .a_row = c_.channels,
                    .a_column = 1,
                    .b_row = strides.channel,
                    .c_row = c_.filters,
                    .adds = true},
                   strides.filter, epilogue_, {reinterpret_cast<float*>(panel)});
      }
    }
  }

  Convolution c_;
  std::vector<int64_t> offsets_;
  BlockedMatmul plain_;
  EpilogueFunction epilogue_;
  size_t y_offset_ = 0, bias_offset_ = 0, bytes_ = 0;
};

std::string refuse(const KernelQuery& q, const ConvGeometry& g, bool backward) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  const DType dtype = q.inputs[0].dtype;
  if (dtype != DType::float32 && dtype != DType::bfloat16) return "only float32 and bfloat16";
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != dtype && spec.dtype != DType::uint8) return "the dtypes are mixed";
      if (spec.shape.num_elements() == 0) return "an operand is empty";
    }
  }
  if (g.groups != 1 || g.attrs.strides != Pair{1, 1}) return "only stride 1 and one group";
  const Convolution c = backward ? Convolution::backward_input(g) : Convolution::forward(g);
  if (std::min(c.before[0], c.before[1]) < 0) return "the padding is wider than the kernel";
  const bool fills = c.channels * 4 >= (c.channels + 31) / 32 * 32 * 3 && c.filters % 16 == 0 &&
                     c.out_h * c.width() >= 16;
  return fills ? "" : "the channels or the image do not fill the tiles";
}

/// A kernel that calls `finish(args, image, first row, rows, y)` for strips of all images.
template <class T, class Finish>
std::unique_ptr<Kernel> make(const KernelQuery& q, const Convolution& c, int64_t rows,
                             int64_t grain, bool has_bias, Finish finish) {
  const Strips strips(c, rows, grain, q.threads);
  const Loops<T> loops(c, strips);
  const int64_t units = c.batch * strips.count;
  const int threads = static_cast<int>(std::clamp<int64_t>(units, 1, q.threads));
  return packing_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          std::byte* scratch = args.scratch + loops.bytes() * static_cast<size_t>(chunk);
          loops.set_bias(has_bias ? args.in<T>(2) : nullptr, scratch);
          amx_configure();
          const Range range = chunk_range(units, threads, chunk);
          for (int64_t unit = range.begin; unit < range.end; ++unit) {
            const int64_t image = unit / strips.count;
            const int64_t begin = unit % strips.count * strips.most;
            const int64_t count = std::min(strips.most, strips.rows - begin);
            finish(args, image, begin, count,
                   loops.compute(args.in<T>(0) + image * c.x_image(), args.in<T>(1), args.packed,
                                 begin, count, scratch));
          }
          amx_release();
        });
      },
      [=](const void* from, std::byte* to, std::byte*) {
        loops.pack(static_cast<const T*>(from), to);
      },
      1, loops.kernel_bytes(), loops.bytes() * static_cast<size_t>(threads), threads);
}

template <class T>
std::unique_ptr<Kernel> make_images(const KernelQuery& q, const Convolution& c, bool has_bias,
                                    FusedActivation activation) {
  return make<T>(q, c, c.out_h, 1, has_bias,
                 [=, epilogue = epilogue_function(q.isa)](const KernelArgs& args, int64_t image,
                                                          int64_t begin, int64_t rows, float* y) {
                   const int64_t row = c.out_w * c.filters, stride = c.width() * c.filters;
                   if (activation != FusedActivation::none) {
                     epilogue(y, rows, row, stride, nullptr, activation);
                   }
                   T* out = args.out<T>(0) + (image * c.out_h + begin) * row;
                   for (int64_t i = 0; i < rows; ++i) store(y + i * stride, row, out + i * row);
                 });
}

template <class T>
std::unique_ptr<Kernel> make_pooled(const KernelQuery& q, const Convolution& c,
                                    const Conv2DPoolAttrs& attrs) {
  const PoolGeometry pool({c.batch, c.out_h, c.out_w, c.filters}, attrs.pool);
  const bool relu = attrs.activation == FusedActivation::relu;
  const int64_t grain = attrs.pool.pool_size[0];
  return make<T>(q, c, pool.out_h * grain, grain, q.inputs.size() > 2,
                 [=, forward = pool_functions(q.isa).forward](
                     const KernelArgs& args, int64_t image, int64_t begin, int64_t rows, float* y) {
                   PoolGeometry strip = pool;
                   strip.in_h = rows;
                   strip.in_w = c.width();
                   strip.out_h = rows / grain;
                   const int64_t row = pool.out_w * c.filters;
                   const int64_t at = (image * pool.out_h + begin / grain) * row;
                   uint8_t* index = args.out<uint8_t>(1) + at;
                   if constexpr (std::is_same_v<T, float>) {
                     forward(strip, y, args.out<float>(0) + at, index, relu);
                   } else {
                     // In place: a pooled pixel never lies behind its window.
                     forward(strip, y, y, index, relu);
                     store(y, strip.out_h * row, args.out<T>(0) + at);
                   }
                 });
}

/// What `make` gives for a float or a bfloat16, as the query's dtype is.
template <class Make>
std::unique_ptr<Kernel> by_dtype(const KernelQuery& q, Make make) {
  return q.inputs[0].dtype == DType::float32 ? make(float{}) : make(bfloat16{});
}
std::unique_ptr<Kernel> make_images(const KernelQuery& q, const Convolution& c, bool has_bias,
                                    FusedActivation activation) {
  return by_dtype(q,
                  [&](auto tag) { return make_images<decltype(tag)>(q, c, has_bias, activation); });
}

ConvGeometry forward_geometry(const KernelQuery& q, const Conv2DAttrs& attrs) {
  return {q.inputs[0].shape, q.inputs[1].shape, attrs};
}
ConvGeometry input_geometry(const KernelQuery& q) {
  return {q.outputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>()};
}

}  // namespace

KernelDef amx_conv2d() {
  return {"amx",
          [](const KernelQuery& q) {
            return refuse(q, forward_geometry(q, q.attrs_as<Conv2DAttrs>()), false);
          },
          [](const KernelQuery& q) {
            const auto g = forward_geometry(q, q.attrs_as<Conv2DAttrs>());
            return make_images(q, Convolution::forward(g), false, FusedActivation::none);
          }};
}

KernelDef amx_fused_conv2d() {
  return {"amx",
          [](const KernelQuery& q) {
            return refuse(q, forward_geometry(q, q.attrs_as<FusedConv2DAttrs>().conv), false);
          },
          [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<FusedConv2DAttrs>();
            const auto g = forward_geometry(q, attrs.conv);
            return make_images(q, Convolution::forward(g), q.inputs.size() > 2, attrs.activation);
          }};
}

KernelDef amx_conv2d_backward_input() {
  return {"amx", [](const KernelQuery& q) { return refuse(q, input_geometry(q), true); },
          [](const KernelQuery& q) {
            return make_images(q, Convolution::backward_input(input_geometry(q)), false,
                               FusedActivation::none);
          }};
}

KernelDef amx_conv2d_pool() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const Pool2DAttrs& pool = attrs.pool;
            if (pool.pool_size != pool.strides || pool.pad_before != Pair{0, 0} ||
                pool.pad_after != Pair{0, 0}) {
              return "only windows that touch, without padding";
            }
            const bool after = attrs.activation == FusedActivation::none ||
                               attrs.activation == FusedActivation::relu;
            if (!after) return "of the activations only relu";
            return refuse(q, forward_geometry(q, attrs.conv), false);
          },
          [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const auto c = Convolution::forward(forward_geometry(q, attrs.conv));
            return by_dtype(q, [&](auto tag) { return make_pooled<decltype(tag)>(q, c, attrs); });
          }};
}

}  // namespace danlu::cpu::simd

#endif
