#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

constexpr int kMaxRadix = 13;

/// One pass: for q < m and k < stride,
/// y[k + stride (radix q + r)] = w^(q r) Σ_j x[k + stride (q + m j)] exp(−2πi j r/radix).
template <class T>
struct FftPass {
  int radix = 1;
  int64_t m = 1, stride = 1;
  std::vector<T> twiddle_re, twiddle_im;               ///< w^(q r) at (r − 1) m + q
  T root_re[kMaxRadix] = {}, root_im[kMaxRadix] = {};  ///< exp(−2πi j/radix)
};

/// The passes for one instruction set.
template <class T>
using FftPassLoop = void (*)(const FftPass<T>& pass, const T* x_re, const T* x_im, T* y_re,
                             T* y_im);

struct FftLoops {
  FftPassLoop<float> narrow = nullptr;
  FftPassLoop<double> wide = nullptr;
};
const FftLoops& fft_loops(Isa isa);

/// The complex transform of one length, forward and not divided.
template <class T>
class FftPlan {
 public:
  FftPlan(int64_t length, Isa isa);

  /// Elements of T that `run` needs.
  int64_t scratch() const;
  /// The outputs may not be the inputs. Backward: both pairs exchanged.
  void run(const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const;
  int64_t length() const { return length_; }

 private:
  void plan_passes();
  void plan_convolution(Isa isa);
  void run_convolution(const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const;

  int64_t length_;
  FftPassLoop<T> loop_;
  std::vector<FftPass<T>> passes_;
  /// Bluestein: chirp(t) = exp(−πi t²/n), and the transform of its conjugate, divided.
  std::unique_ptr<FftPlan> convolution_;
  std::vector<T> chirp_re_, chirp_im_, filter_re_, filter_im_;
};

extern template class FftPlan<float>;
extern template class FftPlan<double>;

/// exp(2πi k/n), correctly rounded up to an ULP of double.
std::pair<double, double> unit_root(int64_t k, int64_t n);

}  // namespace danlu::cpu::simd
