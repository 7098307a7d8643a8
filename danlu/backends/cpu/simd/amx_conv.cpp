#include "danlu/backends/cpu/simd/amx_conv.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "danlu/backends/cpu/batch_plan.h"
#include "danlu/backends/cpu/simd/amx_conv_plan.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simd/pool.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

using Pair = std::array<int64_t, 2>;

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

void store(const float* from, int64_t count, float* to) { std::copy(from, from + count, to); }
void store(const float* from, int64_t count, bfloat16* to) { amx_round(from, count, to); }

/// Images, or pooled gradients and where in their windows they belong.
template <class T>
struct Images {
  const T* x = nullptr;
  const uint8_t* index = nullptr;
};

/// What has been computed of an image: rows [begin, begin + rows) of windows, `stride` numbers
/// each.
struct Computed {
  int64_t image, begin, rows, stride;
  const ConvPass& pass;
  float* y;
};

/// What a thread needs and how images are computed in it. T is float or bfloat16.
template <class T>
class Loops {
 public:
  Loops(ConvPlan plan, const PoolGeometry* pool)
      : plan_(std::move(plan)),
        plain_(blocked_matmul_function(Isa::avx512)),
        epilogue_(epilogue_function(Isa::avx512)) {
    const ConvGeometry& c = plan_.conv();
    if (pool != nullptr) pool_ = *pool;
    needs_zeros_ =
        plan_.pairs() || c.attrs.pad_before != Pair{0, 0} || c.attrs.pad_after != Pair{0, 0};
    const AmxConvStrip largest = plan_.strip(plan_.passes[0], plan_.grid.most_windows());
    const auto floats = [](int64_t count) {
      return aligned(static_cast<size_t>(count) * sizeof(float));
    };
    const int64_t padded_row = (c.in_w + c.attrs.pad_before[1] + c.attrs.pad_after[1]) * c.channels;
    y_offset_ = std::max(static_cast<size_t>(kConvParts<T>) * largest.part_bytes(), kPanelBytes);
    bias_offset_ = y_offset_ + floats((largest.windows + 31) / 32 * 32 * c.filters);
    row_offset_ = bias_offset_ + floats(c.filters + 16);
    bytes_ = row_offset_ + (plan_.joins_row || pool_ ? floats(padded_row) : 0);
  }

  const ConvPlan& plan() const { return plan_; }
  size_t bytes() const { return bytes_; }
  size_t kernel_bytes() const { return amx::kHeadBytes + plan_.packed_bytes; }

  void pack(const T* kernel, std::byte* packed) const {
    bool strange = false;
    for (const ConvPass& pass : plan_.passes) {
      strange |= amx_pack_kernel(plan_.strip(pass, 1), kernel, plan_.strides,
                                 packed + amx::kHeadBytes + pass.packed);
    }
    *reinterpret_cast<bool*>(packed) = strange;
  }
  /// Before the first images.
  void begin(const T* bias, std::byte* scratch) const {
    if (needs_zeros_) std::memset(scratch, 0, y_offset_);
    std::memset(scratch + row_offset_, 0, bytes_ - row_offset_);
    auto* to = reinterpret_cast<float*>(scratch + bias_offset_);
    std::fill(to, to + plan_.filters() + 16, 0.0f);
    if (bias == nullptr) return;
    std::transform(bias, bias + plan_.filters(), to, [](T x) { return static_cast<float>(x); });
  }
  /// Images, or strips of one, [begin, begin + size): calls finish(Computed) for each and each
  /// pass.
  template <class Finish>
  void compute(const Images<T>& images, const T* kernel, const std::byte* packed, int64_t begin,
               int64_t size, std::byte* scratch, const Finish& finish) const {
    const ConvGrid& grid = plan_.grid;
    const int64_t first = begin / grid.strips(), top = begin % grid.strips() * grid.strip_rows();
    const int64_t rows = std::min(grid.strip_rows(), plan_.conv().out_h - top);
    const int64_t stride = grid.period()[1] * plan_.filters();
    auto* y = reinterpret_cast<float*>(scratch + y_offset_);
    const auto* bias = reinterpret_cast<const float*>(scratch + bias_offset_);
    bool strange = *reinterpret_cast<const bool*>(packed);
    for (int64_t i = 0; i < size && !strange; ++i) {
      strange = put_image(images, first + i, i, top, rows, scratch);
    }
    for (const ConvPass& pass : plan_.passes) {
      if (!strange) {
        amx_convolve<T>(plan_.strip(pass, grid.windows(size, rows)), scratch,
                        packed + amx::kHeadBytes + pass.packed, bias, y);
      }
      for (int64_t i = 0; i < size; ++i) {
        float* const image = y + i * grid.period()[0] * stride;
        if (strange) plain(images, kernel, pass, first + i, top, rows, bias, scratch, image);
        finish(Computed{first + i, top, rows, stride, pass, image});
      }
    }
    if (strange && needs_zeros_) std::memset(scratch, 0, y_offset_);
  }

 private:
  /// Row `h` of an image.
  const T* row_of(const Images<T>& images, int64_t image, int64_t h, T* memory) const {
    const ConvGeometry& c = plan_.conv();
    if constexpr (std::is_same_v<T, bfloat16>) {
      if (pool_) {
        amx_spread_row(*pool_, images.x, images.index, image, h, memory);
        return memory;
      }
    }
    return images.x + (image * c.in_h + h) * c.in_w * c.channels;
  }

  /// The padded pixels that the windows look at, as those of image `place` of those together.
  bool put_image(const Images<T>& images, int64_t image, int64_t place, int64_t top, int64_t rows,
                 std::byte* scratch) const {
    const ConvGeometry& c = plan_.conv();
    const AmxConvStrip s = plan_.strip(plan_.passes[0], 1);
    auto* const memory = reinterpret_cast<T*>(scratch + row_offset_);
    bool strange = false;
    plan_.grid.for_each_run(place, top, rows, [&](const ConvGrid::Run& run) {
      if (run.row < 0) {
        amx_clear_pixels<T>(s, run.first, run.count, scratch);
        return;
      }
      const T* row = row_of(images, image, run.row, memory);
      if (plan_.joins_row) {
        std::copy(row, row + c.in_w * c.channels, memory + c.attrs.pad_before[1] * c.channels);
        row = memory;
      }
      strange |= amx_put_pixels(s, row + run.column * c.channels, plan_.window_step[1] * c.channels,
                                run.first, run.count, scratch);
    });
    return strange;
  }

  /// The same row by row and tap by tap, without products of the padding.
  void plain(const Images<T>& images, const T* kernel, const ConvPass& pass, int64_t image,
             int64_t top, int64_t rows, const float* bias, std::byte* panel, float* y) const {
    const ConvGeometry& c = plan_.conv();
    const int64_t stride = plan_.grid.period()[1] * c.filters, step = plan_.window_step[1];
    std::vector<float> wide_row(static_cast<size_t>(c.in_w * c.channels));
    std::vector<T> row(wide_row.size());
    const int64_t matrix = c.channels * c.filters;
    std::vector<float> wide_kernel(static_cast<size_t>(matrix));
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t w = 0; w < c.out_w; ++w) {
        std::copy(bias, bias + c.filters, y + r * stride + w * c.filters);
      }
    }
    for (const ConvTap& tap : pass.taps) {
      std::copy_n(kernel + tap.index * matrix, matrix, wide_kernel.begin());
      const int64_t first = tap.column < 0 ? (-tap.column + step - 1) / step : 0;
      const int64_t end = std::min(c.out_w, (c.in_w - tap.column + step - 1) / step);
      for (int64_t r = 0; r < rows && first < end; ++r) {
        const int64_t h = (top + r) * plan_.window_step[0] + tap.row;
        if (h < 0 || h >= c.in_h) continue;
        const T* from = row_of(images, image, h, row.data());
        std::copy_n(from, wide_row.size(), wide_row.begin());
        plain_.run({.a = wide_row.data() + (first * step + tap.column) * c.channels,
                    .b = wide_kernel.data(),
                    .c = y + r * stride + first * c.filters,
                    .m = end - first,
                    .n = c.filters,
                    .k = c.channels,
                    .a_row = step * c.channels,
                    .a_column = 1,
                    .b_row = plan_.strides.channel,
                    .c_row = c.filters,
                    .adds = true},
                   plan_.strides.filter, epilogue_, {reinterpret_cast<float*>(panel)});
      }
    }
  }

  ConvPlan plan_;
  std::optional<PoolGeometry> pool_;  ///< of pooled gradients
  bool needs_zeros_ = false;          ///< around the images, or beside a pixel that is read alone
  BlockedMatmul plain_;
  EpilogueFunction epilogue_;
  size_t y_offset_ = 0, bias_offset_ = 0, row_offset_ = 0, bytes_ = 0;
};

/// Where the operands are.
struct Operands {
  int kernel = 1, bias = -1, index = -1;
};

/// A kernel that calls `finish(args, Computed)`.
template <class T, class Finish>
std::unique_ptr<Kernel> make(const KernelQuery& q, ConvPlan plan, const PoolGeometry* pool,
                             Operands operands, Finish finish) {
  const ConvGrid& grid = plan.grid;
  const BatchPlan batch(plan.conv().batch * grid.strips(), q.threads, grid.together());
  const Loops<T> loops(std::move(plan), pool);
  return packing_kernel(
      [=](const KernelArgs& args) {
        const T* bias = operands.bias < 0 ? nullptr : args.in<T>(operands.bias);
        const Images<T> images{args.in<T>(0),
                               operands.index < 0 ? nullptr : args.in<uint8_t>(operands.index)};
        parallel_chunks(batch.threads, [&](int chunk) {
          std::byte* scratch = args.scratch + loops.bytes() * static_cast<size_t>(chunk);
          loops.begin(bias, scratch);
          amx_configure();
          batch.for_each_batch(chunk, [&](int64_t begin, int64_t size) {
            loops.compute(images, args.in<T>(operands.kernel), args.packed, begin, size, scratch,
                          [&](const Computed& computed) { finish(args, computed); });
          });
          amx_release();
        });
      },
      [=](const void* from, std::byte* to, std::byte*) {
        loops.pack(static_cast<const T*>(from), to);
      },
      operands.kernel, loops.kernel_bytes(), loops.bytes() * static_cast<size_t>(batch.threads),
      batch.threads);
}

template <class T>
std::unique_ptr<Kernel> make_forward(const KernelQuery& q, const ConvGeometry& g, bool has_bias,
                                     FusedActivation activation) {
  return make<T>(q, ConvPlan::forward(g, q.threads, kConvParts<T>, g.out_h, 1), nullptr,
                 {.bias = has_bias ? 2 : -1},
                 [=, row = g.out_w * g.filters, out_h = g.out_h,
                  epilogue = epilogue_function(q.isa)](const KernelArgs& args, const Computed& c) {
                   if (activation != FusedActivation::none) {
                     epilogue(c.y, c.rows, row, c.stride, nullptr, activation);
                   }
                   T* out = args.out<T>(0) + (c.image * out_h + c.begin) * row;
                   for (int64_t i = 0; i < c.rows; ++i) {
                     store(c.y + i * c.stride, row, out + i * row);
                   }
                 });
}

template <class T>
std::unique_ptr<Kernel> make_backward(const KernelQuery& q, const ConvGeometry& g,
                                      const PoolGeometry* pool, Operands operands) {
  return make<T>(q, ConvPlan::backward_input(g, q.threads, kConvParts<T>), pool, operands,
                 [=, step = g.attrs.strides](const KernelArgs& args, const Computed& c) {
                   const int64_t pixel = g.channels;
                   for (int64_t i = 0; i < c.rows; ++i) {
                     const int64_t h = c.pass.corner[0] + (c.begin + i) * step[0];
                     if (h < 0 || h >= g.in_h) continue;
                     T* const out = args.out<T>(0) + (c.image * g.in_h + h) * g.in_w * pixel;
                     const float* y = c.y + i * c.stride;
                     if (step[1] == 1) {
                       store(y, g.in_w * pixel, out);
                       continue;
                     }
                     int64_t w = c.pass.corner[1];
                     for (; w < 0; w += step[1]) y += pixel;
                     for (; w < g.in_w; w += step[1], y += pixel) store(y, pixel, out + w * pixel);
                   }
                 });
}

template <class T>
std::unique_ptr<Kernel> make_pooled(const KernelQuery& q, const ConvGeometry& g,
                                    const Conv2DPoolAttrs& attrs) {
  const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool);
  const bool relu = attrs.activation == FusedActivation::relu;
  const int64_t grain = attrs.pool.pool_size[0];
  return make<T>(
      q, ConvPlan::forward(g, q.threads, kConvParts<T>, pool.out_h * grain, grain), nullptr,
      {.bias = q.inputs.size() > 2 ? 2 : -1},
      [=, forward = pool_functions(q.isa).forward](const KernelArgs& args, const Computed& c) {
        PoolGeometry strip = pool;
        strip.in_h = c.rows;
        strip.in_w = c.stride / g.filters;
        strip.out_h = c.rows / grain;
        const int64_t row = pool.out_w * g.filters;
        const int64_t at = (c.image * pool.out_h + c.begin / grain) * row;
        uint8_t* index = args.out<uint8_t>(1) + at;
        if constexpr (std::is_same_v<T, float>) {
          forward(strip, c.y, args.out<float>(0) + at, index, relu);
        } else {
          // In place: a pooled pixel never lies behind its window.
          forward(strip, c.y, c.y, index, relu);
          store(c.y, strip.out_h * row, args.out<T>(0) + at);
        }
      });
}

/// What `make` gives for a float or a bfloat16, as the query's dtype is.
template <class Make>
std::unique_ptr<Kernel> by_dtype(const KernelQuery& q, Make make) {
  return q.inputs[0].dtype == DType::float32 ? make(float{}) : make(bfloat16{});
}

/// Nothing said of the geometry.
std::string refuse_operands(const KernelQuery& q, const ConvGeometry& g) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  const DType dtype = q.inputs[0].dtype;
  if (dtype != DType::float32 && dtype != DType::bfloat16) return "only float32 and bfloat16";
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != dtype && spec.dtype != DType::uint8) return "the dtypes are mixed";
      if (spec.shape.num_elements() == 0) return "an operand is empty";
    }
  }
  return g.groups == 1 ? "" : "only one group";
}

std::string refuse_plan(const KernelQuery& q, const ConvPlan& plan) {
  const bool fills = plan.filters() % 16 == 0 && plan.conv().out_h * plan.grid.period()[1] >= 16;
  // One product instead of six is worth it sooner. What it costs to split a pixel must come back.
  const bool pays = q.inputs[0].dtype == DType::bfloat16
                        ? plan.fill() >= 0.1
                        : plan.fill() >= 0.36 && plan.depth() * plan.filters() >= 768;
  return fills && pays ? "" : "the channels or the image do not fill the tiles";
}

int parts_of(const KernelQuery& q) { return q.inputs[0].dtype == DType::float32 ? 3 : 1; }

std::string refuse_forward(const KernelQuery& q, const Conv2DAttrs& attrs) {
  const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs);
  const std::string refusal = refuse_operands(q, g);
  if (!refusal.empty()) return refusal;
  return refuse_plan(q, ConvPlan::forward(g, 1, parts_of(q), g.out_h, 1));
}

std::string refuse_backward(const KernelQuery& q, const ConvGeometry& g) {
  std::string refusal = refuse_operands(q, g);
  if (refusal.empty()) refusal = ConvPlan::backward_refusal(g);
  if (!refusal.empty()) return refusal;
  return refuse_plan(q, ConvPlan::backward_input(g, 1, parts_of(q)));
}

std::string refuse_pool(const Pool2DAttrs& pool) {
  return windows_touch(pool) ? "" : "only windows that touch, without padding";
}

ConvGeometry input_geometry(const KernelQuery& q) {
  return {q.outputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>()};
}
ConvGeometry pooled_input_geometry(const KernelQuery& q) {
  return {q.outputs[0].shape, q.inputs[2].shape, q.attrs_as<Conv2DPoolAttrs>().conv};
}

}  // namespace

KernelDef amx_conv2d() {
  return {"amx", [](const KernelQuery& q) { return refuse_forward(q, q.attrs_as<Conv2DAttrs>()); },
          [](const KernelQuery& q) {
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>());
            return by_dtype(q, [&](auto tag) {
              return make_forward<decltype(tag)>(q, g, false, FusedActivation::none);
            });
          }};
}

KernelDef amx_fused_conv2d() {
  return {
      "amx",
      [](const KernelQuery& q) { return refuse_forward(q, q.attrs_as<FusedConv2DAttrs>().conv); },
      [](const KernelQuery& q) {
        const auto& attrs = q.attrs_as<FusedConv2DAttrs>();
        const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
        return by_dtype(q, [&](auto tag) {
          return make_forward<decltype(tag)>(q, g, q.inputs.size() > 2, attrs.activation);
        });
      }};
}

KernelDef amx_conv2d_backward_input() {
  return {"amx", [](const KernelQuery& q) { return refuse_backward(q, input_geometry(q)); },
          [](const KernelQuery& q) {
            return by_dtype(q, [&](auto tag) {
              return make_backward<decltype(tag)>(q, input_geometry(q), nullptr, {});
            });
          }};
}

KernelDef amx_conv2d_pool() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            std::string refusal = refuse_pool(attrs.pool);
            if (!refusal.empty()) return refusal;
            const bool after = attrs.activation == FusedActivation::none ||
                               attrs.activation == FusedActivation::relu;
            if (!after) return "of the activations only relu";
            return refuse_forward(q, attrs.conv);
          },
          [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
            return by_dtype(q, [&](auto tag) { return make_pooled<decltype(tag)>(q, g, attrs); });
          }};
}

KernelDef amx_conv2d_pool_backward_input() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            if (q.inputs[0].dtype != DType::bfloat16) return "only bfloat16";
            const std::string refusal = refuse_pool(q.attrs_as<Conv2DPoolAttrs>().pool);
            return refusal.empty() ? refuse_backward(q, pooled_input_geometry(q)) : refusal;
          },
          [](const KernelQuery& q) {
            const ConvGeometry g = pooled_input_geometry(q);
            const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters},
                                    q.attrs_as<Conv2DPoolAttrs>().pool);
            return make_backward<bfloat16>(q, g, &pool, {.kernel = 2, .index = 1});
          }};
}

}  // namespace danlu::cpu::simd

#endif
