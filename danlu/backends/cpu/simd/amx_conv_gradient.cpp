#include "danlu/backends/cpu/simd/amx_conv_gradient.h"

#ifdef DANLU_AMX

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "danlu/backends/cpu/conv_geometry.h"
#include "danlu/backends/cpu/set_plan.h"
#include "danlu/backends/cpu/simd/amx_conv_gradient_loops.h"
#include "danlu/backends/cpu/simd/amx_conv_grid.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::simd {
namespace {

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Images of so few channels that a row of the kernel becomes one tap.
bool joins_row(const ConvGeometry& g) { return g.channels < 12 && g.attrs.dilation_rate[1] == 1; }
int64_t channels_of(const ConvGeometry& g) { return g.channels * (joins_row(g) ? g.kernel_w : 1); }

ConvGrid make_grid(const ConvGeometry& g, int threads, int parts) {
  const AmxGradient loops{.channels = channels_of(g), .filters = g.filters};
  return {g,
          {.threads = threads,
           .pixel_bytes = loops.channel_blocks() * parts * 64,
           .window_bytes = loops.filter_blocks() * parts * 32,
           .bytes = 1024 * 1024,
           .joins_row = joins_row(g)}};
}

/// Which share of the numbers that are multiplied are not padding.
double fill(const ConvGrid& grid) {
  const auto share = [](int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  const ConvGeometry& g = grid.conv();
  const AmxGradient loops{.channels = channels_of(g), .filters = g.filters};
  return share(loops.channels, loops.channel_blocks() * 16) *
         share(loops.filters, loops.filter_blocks() * 16) *
         share(g.out_h * g.out_w, grid.period()[0] * grid.period()[1]);
}

/// The windows' gradients, or pooled ones and where in their windows they belong.
template <class T>
struct Gradients {
  const T* values = nullptr;
  const uint8_t* index = nullptr;
};

/// The gradient from one set of images.
template <class T>
class OneSet {
 public:
  /// `pool`: of pooled gradients, or null.
  OneSet(const ConvGrid& grid, const BatchPlan& plan, const PoolGeometry* pool)
      : grid_(grid), plan_(plan) {
    const AmxGradient g = loops();
    tiles_ = static_cast<size_t>(kConvParts<T>) * g.part_bytes();
    sums_ = tiles_ + static_cast<size_t>(steps(grid.most_windows())) * g.step_bytes(kConvParts<T>);
    totals_ = sums_ + static_cast<size_t>(g.sums()) * sizeof(float);
    row_ = totals_ + static_cast<size_t>(g.sums()) * sizeof(float);
    const ConvGeometry& c = grid.conv();
    const int64_t row = c.in_w + c.attrs.pad_before[1] + c.attrs.pad_after[1];
    zeros_ = row_ + (joins_row(c) ? aligned(static_cast<size_t>(row * c.channels) * sizeof(T)) : 0);
    spread_ = zeros_ + aligned(static_cast<size_t>(c.filters) * sizeof(T));
    bytes_ = spread_;
    if (pool != nullptr) {
      pool_ = *pool;
      const int64_t windows = grid.together() * grid.strip_rows() * c.out_w;
      bytes_ += aligned(static_cast<size_t>(windows * c.filters) * sizeof(T));
    }
    const auto [rows, columns] = grid.period();
    for (int64_t i = 0; i < grid.most_windows(); ++i) {
      const int64_t image = i / columns / rows, h = i / columns % rows, w = i % columns;
      const bool real = h < c.out_h && w < c.out_w;
      places_.push_back(real ? static_cast<int32_t>((image * c.out_h + h) * c.out_w + w) : -1);
    }
  }

  size_t bytes() const { return bytes_ * static_cast<size_t>(plan_.threads); }

  void run(const T* x, const Gradients<T>& grad, T* out, std::byte* memory) const {
    const AmxGradient g = loops();
    parallel_chunks(plan_.threads, [&](int chunk) {
      std::byte* own = memory + bytes_ * static_cast<size_t>(chunk);
      std::memset(own, 0, tiles_);
      std::memset(own + totals_, 0, spread_ - totals_);
      amx_configure();
      plan_.for_each_batch(chunk,
                           [&](int64_t begin, int64_t size) { add(g, x, grad, begin, size, own); });
      amx_release();
    });
    const auto* totals = reinterpret_cast<const float*>(memory + totals_);
    const int threads = static_cast<int>(std::min<int64_t>(plan_.threads, g.columns()));
    parallel_chunks(threads, [&](int chunk) {
      const Range part = chunk_range(g.columns(), threads, chunk);
      amx_gather_gradient(g, totals, static_cast<int64_t>(bytes_ / sizeof(float)), plan_.threads,
                          part.begin, part.end, out);
    });
  }

 private:
  static int64_t steps(int64_t windows) { return (windows + 31) / 32; }
  AmxGradient loops() const {
    return {.channels = channels_of(grid_.conv()),
            .filters = grid_.conv().filters,
            .taps = grid_.taps(),
            .offsets = grid_.offsets().data(),
            .lines = grid_.pixels()};
  }

  void add(const AmxGradient& g, const T* x, const Gradients<T>& gradients, int64_t begin,
           int64_t size, std::byte* memory) const {
    const ConvGeometry& c = grid_.conv();
    const int64_t image = begin / grid_.strips();
    const int64_t top = begin % grid_.strips() * grid_.strip_rows();
    const int64_t rows = std::min(grid_.strip_rows(), c.out_h - top);
    x += image * c.in_h * c.in_w * c.channels;
    const T* const grad = rows_of(gradients, image, top, rows, size, memory);
    bool strange = false;
    for (int64_t i = 0; i < size; ++i) strange |= put_image(g, x, i, top, rows, memory);
    strange |= put_windows(g, grad, rows, size, memory);
    auto* totals = reinterpret_cast<float*>(memory + totals_);
    if (strange) {
      add_plainly(g, x, grad, top, rows, size, totals);
      std::memset(memory, 0, tiles_);
      return;
    }
    auto* sums = reinterpret_cast<float*>(memory + sums_);
    amx_gradient<T>(g, memory, memory + tiles_, steps(grid_.windows(size, rows)), sums);
    for (int64_t i = 0; i < g.sums(); ++i) totals[i] += sums[i];
  }

  /// The gradients of windows of `images` images from image `first` on, in rows [top, top + rows).
  const T* rows_of(const Gradients<T>& grad, int64_t first, int64_t top, int64_t rows,
                   int64_t images, std::byte* memory) const {
    const ConvGeometry& c = grid_.conv();
    if constexpr (std::is_same_v<T, bfloat16>) {
      if (pool_) {
        auto* row = reinterpret_cast<T*>(memory + spread_);
        for (int64_t i = 0; i < images * rows; ++i, row += c.out_w * c.filters) {
          amx_spread_row(*pool_, grad.values, grad.index, first + i / rows, top + i % rows, row);
        }
        return reinterpret_cast<const T*>(memory + spread_);
      }
    }
    return grad.values + (first * c.out_h + top) * c.out_w * c.filters;
  }

  /// The pixels under windows of `rows` rows from `top` on.
  bool put_image(const AmxGradient& g, const T* x, int64_t image, int64_t top, int64_t rows,
                 std::byte* memory) const {
    const ConvGeometry& c = grid_.conv();
    const int64_t stride = c.attrs.strides[1] * c.channels;
    x += image * c.in_h * c.in_w * c.channels;
    bool strange = false;
    grid_.for_each_run(image, top, rows, [&](const ConvGrid::Run& run) {
      if (run.row < 0) {
        amx_clear_pairs<T>(g, run.first, run.count, memory);
        return;
      }
      const T* from = x + (run.row * c.in_w + run.column) * c.channels;
      if (joins_row(c)) {
        T* const padded = reinterpret_cast<T*>(memory + row_);
        std::copy(from, from + c.in_w * c.channels, padded + c.attrs.pad_before[1] * c.channels);
        from = padded;
      }
      strange |= amx_put_pairs(g, from, stride, run.first, run.count, memory);
    });
    return strange;
  }

  /// The gradients of the windows, with zeros between them.
  bool put_windows(const AmxGradient& g, const T* grad, int64_t rows, int64_t images,
                   std::byte* memory) const {
    const T* const zeros = reinterpret_cast<const T*>(memory + zeros_);
    std::byte* tiles = memory + tiles_;
    const int64_t windows = grid_.windows(images, rows);
    bool strange = false;
    for (int64_t i = 0; i < windows; i += 32, tiles += g.step_bytes(kConvParts<T>)) {
      const T* lines[32];
      for (int64_t j = 0; j < 32; ++j) {
        const int64_t at = i + j < windows ? places_[static_cast<size_t>(i + j)] : -1;
        lines[j] = at < 0 ? zeros : grad + at * g.filters;
      }
      strange |= amx_put_windows(g, lines, tiles);
    }
    return strange;
  }

  /// The same pixel by pixel, without products of the padding.
  void add_plainly(const AmxGradient& g, const T* x, const T* grad, int64_t top, int64_t rows,
                   int64_t images, float* totals) const {
    const ConvGeometry& c = grid_.conv();
    const Conv2DAttrs& a = c.attrs;
    for (int64_t i = 0; i < images * rows * c.out_w * c.kernel_h * c.kernel_w; ++i) {
      const int64_t kw = i % c.kernel_w, kh = i / c.kernel_w % c.kernel_h;
      const int64_t window = i / c.kernel_w / c.kernel_h;
      const int64_t ow = window % c.out_w, oh = window / c.out_w % rows;
      const int64_t image = window / c.out_w / rows;
      const int64_t h = (top + oh) * a.strides[0] + kh * a.dilation_rate[0] - a.pad_before[0];
      const int64_t w = ow * a.strides[1] + kw * a.dilation_rate[1] - a.pad_before[1];
      if (h < 0 || h >= c.in_h || w < 0 || w >= c.in_w) continue;
      const bool joined = joins_row(c);
      amx_add_pair(g, joined ? kh : kh * c.kernel_w + kw, joined ? kw * c.channels : 0, c.channels,
                   x + ((image * c.in_h + h) * c.in_w + w) * c.channels,
                   grad + ((image * c.out_h + oh) * c.out_w + ow) * c.filters, totals);
    }
  }

  ConvGrid grid_;
  BatchPlan plan_;
  std::optional<PoolGeometry> pool_;
  std::vector<int32_t> places_;  ///< of each window's gradient, −1 between rows and images
  size_t tiles_ = 0, sums_ = 0, totals_ = 0, row_ = 0, zeros_ = 0, spread_ = 0;
  size_t bytes_ = 0;
};

std::string refuse(const KernelQuery& q, const Conv2DAttrs& attrs) {
  if (!has_amx() || q.isa < Isa::avx512) return "there is no AMX";
  const DType dtype = q.inputs[0].dtype;
  if (dtype != DType::float32 && dtype != DType::bfloat16) return "only float32 and bfloat16";
  for (const auto& specs : {q.inputs, q.outputs}) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != dtype && spec.dtype != DType::uint8) return "the dtypes are mixed";
      if (spec.shape.num_elements() == 0) return "an operand is empty";
    }
  }
  const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs);
  if (g.groups != 1) return "only one group";
  // One product instead of six is worth it sooner.
  const bool one_part = dtype == DType::bfloat16;
  const bool fills =
      g.out_h * g.out_w >= 16 && fill(make_grid(g, 1, one_part ? 1 : 3)) >= (one_part ? 0.1 : 0.4);
  return fills ? "" : "the channels or the image do not fill the tiles";
}

template <class T>
std::unique_ptr<Kernel> prepare(const KernelQuery& q, const ConvGeometry& g,
                                const PoolGeometry* pool) {
  const int64_t sets = q.outputs[0].shape.num_elements() / g.kernel_size();
  const int64_t gradients = q.inputs[1].shape.num_elements() / sets;
  const ConvGrid grid = make_grid(g, sets == 1 ? q.threads : 1, kConvParts<T>);
  const SetPlan plan(sets, g.batch * grid.strips(), q.threads, grid.together());
  const OneSet<T> one(grid, plan.batch, pool);
  return simple_kernel(
      [=, pooled = pool != nullptr](const KernelArgs& args) {
        plan.for_each_set(args.scratch, one.bytes(), [&](int64_t set, std::byte* scratch) {
          const int64_t at = set * gradients;
          one.run(args.in<T>(0) + set * g.in_size(),
                  {args.in<T>(1) + at, pooled ? args.in<uint8_t>(2) + at : nullptr},
                  args.out<T>(0) + set * g.kernel_size(), scratch);
        });
      },
      one.bytes() * static_cast<size_t>(plan.set_threads), plan.threads());
}

}  // namespace

KernelDef amx_conv2d_backward_kernel() {
  return {"amx", [](const KernelQuery& q) { return refuse(q, q.attrs_as<Conv2DAttrs>()); },
          [](const KernelQuery& q) {
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, q.attrs_as<Conv2DAttrs>());
            return q.inputs[0].dtype == DType::float32 ? prepare<float>(q, g, nullptr)
                                                       : prepare<bfloat16>(q, g, nullptr);
          }};
}

KernelDef amx_conv2d_pool_backward_kernel() {
  return {"amx",
          [](const KernelQuery& q) -> std::string {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            if (q.inputs[0].dtype != DType::bfloat16) return "only bfloat16";
            return windows_touch(attrs.pool) ? refuse(q, attrs.conv)
                                             : "only windows that touch, without padding";
          },
          [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs.conv);
            const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool);
            return prepare<bfloat16>(q, g, &pool);
          }};
}

}  // namespace danlu::cpu::simd

#endif
