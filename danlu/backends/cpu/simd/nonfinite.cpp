#include "danlu/backends/cpu/simd/nonfinite.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/nonfinite.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

bool all_finite(const float* values, int64_t count) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // x · 0 is 0 for a finite x, NaN for the others.
  auto a = hn::Zero(d), b = hn::Zero(d);
  const auto zero = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    a = hn::MulAdd(hn::LoadU(d, values + i), zero, a);
    b = hn::MulAdd(hn::LoadU(d, values + i + lanes), zero, b);
  }
  bool finite = hn::AllTrue(d, hn::Eq(hn::Add(a, b), zero));
  for (; i < count; ++i) finite = finite && std::isfinite(values[i]);
  return finite;
}

}  // namespace

AllFiniteFunction all_finite_choice() { return all_finite; }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {
namespace {

/// The gradient of the unpooled image at one place; 0 where the pooling chose another.
float gradient_at(const PoolGeometry& g, const float* grad, const uint8_t* index, int64_t image,
                  int64_t h, int64_t w, int64_t filter) {
  const int64_t oh = h / g.attrs.pool_size[0], ow = w / g.attrs.pool_size[1];
  if (oh >= g.out_h || ow >= g.out_w) return 0;
  const int64_t at = ((image * g.out_h + oh) * g.out_w + ow) * g.channels + filter;
  const int64_t position =
      h % g.attrs.pool_size[0] * g.attrs.pool_size[1] + w % g.attrs.pool_size[1];
  return index[at] == position ? grad[at] : 0;
}

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

}  // namespace

AllFiniteFunction all_finite_function(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::all_finite_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::all_finite_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(all_finite_choice)();
}

void add_zero_products_to_kernel(const ConvGeometry& conv, const PoolGeometry& pool, const float* x,
                                 const float* grad, const uint8_t* index, float* kernel_gradient) {
  conv.for_each_pair([&](int64_t in, int64_t out, int64_t k) {
    for (int64_t c = 0; c < conv.channels; ++c) {
      if (std::isfinite(x[in + c])) continue;
      const int64_t pixel = out / conv.filters;
      const int64_t w = pixel % conv.out_w, h = pixel / conv.out_w % conv.out_h;
      const int64_t image = pixel / conv.out_w / conv.out_h;
      for (int64_t f = 0; f < conv.filters; ++f) {
        if (gradient_at(pool, grad, index, image, h, w, f) == 0) {
          kernel_gradient[k + c * conv.filters + f] = kNoNumber;
        }
      }
    }
  });
}

void add_zero_products_to_input(const ConvGeometry& conv, const PoolGeometry& pool,
                                const float* grad, const uint8_t* index, const float* kernel,
                                float* dx) {
  conv.for_each_pair([&](int64_t in, int64_t out, int64_t k) {
    for (int64_t i = 0; i < conv.channels * conv.filters; ++i) {
      if (std::isfinite(kernel[k + i])) continue;
      const int64_t pixel = out / conv.filters;
      const int64_t w = pixel % conv.out_w, h = pixel / conv.out_w % conv.out_h;
      const int64_t image = pixel / conv.out_w / conv.out_h;
      if (gradient_at(pool, grad, index, image, h, w, i % conv.filters) == 0) {
        dx[in + i / conv.filters] = kNoNumber;
      }
    }
  });
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
