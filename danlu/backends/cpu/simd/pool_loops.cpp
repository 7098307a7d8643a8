// The loops of simd/pool.h.

#include <algorithm>

#include "danlu/backends/cpu/simd/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/pool_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/pool-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

/// The part of a window that lies over the image.
struct Window {
  int64_t top, left;                               // of the window, may be in the padding
  int64_t row_begin, row_end, col_begin, col_end;  // inside the window
  Window(const PoolGeometry& g, int64_t oh, int64_t ow)
      : top(oh * g.attrs.strides[0] - g.attrs.pad_before[0]),
        left(ow * g.attrs.strides[1] - g.attrs.pad_before[1]),
        row_begin(std::max<int64_t>(0, -top)),
        row_end(std::min(g.attrs.pool_size[0], g.in_h - top)),
        col_begin(std::max<int64_t>(0, -left)),
        col_end(std::min(g.attrs.pool_size[1], g.in_w - left)) {}
};

bool is_2x2(const PoolGeometry& g) {
  using Pair = std::array<int64_t, 2>;
  return g.attrs.pool_size == Pair{2, 2} && g.attrs.pad_before == Pair{0, 0} &&
         g.attrs.pad_after == Pair{0, 0};
}

template <bool k2x2>
void forward_image(const PoolGeometry& g, const float* x, float* pooled, uint8_t* index,
                   bool relu) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t row = g.in_w * g.channels;
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    for (int64_t ow = 0; ow < g.out_w; ++ow, pooled += g.channels, index += g.channels) {
      const Window w(g, oh, ow);
      const float* corner = x + w.top * row + w.left * g.channels;
      for (int64_t c = 0; c < g.channels; c += lanes) {
        const auto count = static_cast<size_t>(std::min(lanes, g.channels - c));
        const bool full = count == static_cast<size_t>(lanes);
        auto load = [&](int64_t i, int64_t j) {
          const float* p = corner + i * row + j * g.channels + c;
          return full ? hn::LoadU(d, p) : load_some(d, p, count);
        };
        RunningMax<D> best;
        int first = 0;
        if constexpr (k2x2) {
          best.start(d, load(0, 0), 0);
          best.offer(d, load(0, 1), 1);
          best.offer(d, load(1, 0), 2);
          best.offer(d, load(1, 1), 3);
        } else {
          const int64_t width = g.attrs.pool_size[1];
          first = static_cast<int>(w.row_begin * width + w.col_begin);
          best.start(d, load(w.row_begin, w.col_begin), first);
          for (int64_t i = w.row_begin; i < w.row_end; ++i) {
            for (int64_t j = w.col_begin; j < w.col_end; ++j) {
              best.offer(d, load(i, j), static_cast<int>(i * width + j));
            }
          }
        }
        if (relu) best.rectify(d, first);
        best.store(d, pooled + c, index + c, count);
      }
    }
  }
}

void forward(const PoolGeometry& g, const float* x, float* pooled, uint8_t* index, bool relu) {
  if (is_2x2(g)) {
    forward_image<true>(g, x, pooled, index, relu);
  } else {
    forward_image<false>(g, x, pooled, index, relu);
  }
}

// Windows that touch: every pixel belongs to one window or to the rest at the right and bottom.
void backward_2x2(const PoolGeometry& g, const float* grad, const uint8_t* index, float* dx) {
  const D d;
  const hn::RebindToSigned<D> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t row = g.in_w * g.channels, used = g.out_w * 2 * g.channels;
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    float* top = dx + oh * 2 * row;
    for (int64_t ow = 0; ow < g.out_w; ++ow, grad += g.channels, index += g.channels) {
      float* corner = top + ow * 2 * g.channels;
      for (int64_t c = 0; c < g.channels; c += lanes) {
        const auto count = static_cast<size_t>(std::min(lanes, g.channels - c));
        const bool full = count == static_cast<size_t>(lanes);
        const V value = full ? hn::LoadU(d, grad + c) : load_some(d, grad + c, count);
        const auto position = load_positions(d, index + c, count);
        auto store = [&](int p, float* to) {
          const auto here = hn::RebindMask(d, hn::Eq(position, hn::Set(di, p)));
          const V kept = hn::IfThenElseZero(here, value);
          if (full) {
            hn::StoreU(kept, d, to);
          } else {
            store_some(d, kept, to, count);
          }
        };
        store(0, corner + c);
        store(1, corner + g.channels + c);
        store(2, corner + row + c);
        store(3, corner + row + g.channels + c);
      }
    }
    std::fill(top + used, top + row, 0.0f);
    std::fill(top + row + used, top + 2 * row, 0.0f);
  }
  std::fill(dx + g.out_h * 2 * row, dx + g.in_h * row, 0.0f);
}

void backward_any(const PoolGeometry& g, const float* grad, const uint8_t* index, float* dx) {
  const D d;
  const hn::RebindToSigned<D> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t row = g.in_w * g.channels;
  std::fill(dx, dx + g.in_h * row, 0.0f);
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    for (int64_t ow = 0; ow < g.out_w; ++ow, grad += g.channels, index += g.channels) {
      const Window w(g, oh, ow);
      for (int64_t c = 0; c < g.channels; c += lanes) {
        const auto count = static_cast<size_t>(std::min(lanes, g.channels - c));
        const V value = load_some(d, grad + c, count);
        const auto position = load_positions(d, index + c, count);
        for (int64_t i = w.row_begin; i < w.row_end; ++i) {
          for (int64_t j = w.col_begin; j < w.col_end; ++j) {
            const auto p = static_cast<int>(i * g.attrs.pool_size[1] + j);
            const auto here = hn::RebindMask(d, hn::Eq(position, hn::Set(di, p)));
            float* to = dx + (w.top + i) * row + (w.left + j) * g.channels + c;
            const V sum = hn::Add(load_some(d, to, count), hn::IfThenElseZero(here, value));
            store_some(d, sum, to, count);
          }
        }
      }
    }
  }
}

void backward(const PoolGeometry& g, const float* grad, const uint8_t* index, float* dx) {
  if (is_2x2(g) && g.attrs.strides == std::array<int64_t, 2>{2, 2}) {
    backward_2x2(g, grad, index, dx);
  } else {
    backward_any(g, grad, index, dx);
  }
}

/// f(corner of the window, its parts over the image, their number) window by window.
template <class F>
HWY_INLINE void for_each_window(const PoolGeometry& g, F&& f) {
  int64_t out = 0;
  for (int64_t oh = 0; oh < g.out_h; ++oh) {
    for (int64_t ow = 0; ow < g.out_w; ++ow, out += g.channels) {
      const Window w(g, oh, ow);
      const int64_t count = (w.row_end - w.row_begin) * (w.col_end - w.col_begin);
      f(out, (w.top * g.in_w + w.left) * g.channels, w, static_cast<float>(count));
    }
  }
}

void average(const PoolGeometry& g, const float* x, float* pooled) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), row = g.in_w * g.channels;
  for_each_window(g, [&](int64_t out, int64_t corner, const Window& w, float n) HWY_ATTR {
    for (int64_t c = 0; c < g.channels; c += lanes) {
      const auto count = static_cast<size_t>(std::min(lanes, g.channels - c));
      V sum = hn::Zero(d);
      for (int64_t i = w.row_begin; i < w.row_end; ++i) {
        const float* p = x + corner + i * row + c;
        for (int64_t j = w.col_begin; j < w.col_end; ++j) {
          sum = hn::Add(sum, load_some(d, p + j * g.channels, count));
        }
      }
      store_some(d, hn::Div(sum, hn::Set(d, n)), pooled + out + c, count);
    }
  });
}

void average_backward(const PoolGeometry& g, const float* grad, float* dx) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), row = g.in_w * g.channels;
  std::fill(dx, dx + g.in_h * row, 0.0f);
  for_each_window(g, [&](int64_t out, int64_t corner, const Window& w, float n) HWY_ATTR {
    for (int64_t c = 0; c < g.channels; c += lanes) {
      const auto count = static_cast<size_t>(std::min(lanes, g.channels - c));
      const V part = hn::Div(load_some(d, grad + out + c, count), hn::Set(d, n));
      for (int64_t i = w.row_begin; i < w.row_end; ++i) {
        float* p = dx + corner + i * row + c;
        for (int64_t j = w.col_begin; j < w.col_end; ++j) {
          float* to = p + j * g.channels;
          store_some(d, hn::Add(load_some(d, to, count), part), to, count);
        }
      }
    }
  });
}

}  // namespace

PoolFunctions pool_choice() { return {forward, backward, average, average_backward}; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

PoolFunctions pool_functions(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::pool_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::pool_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(pool_choice)();
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
