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
  std::vector<T> twiddle_re, twiddle_im;  ///< w^(q r) at (r − 1) m + q
  /// Of strides 4 and 8: each of them `stride` times, for vectors that hold several q.
  std::vector<T> group_re, group_im;
  T root_re[kMaxRadix] = {}, root_im[kMaxRadix] = {};  ///< exp(−2πi j/radix)
};

/// The transform Z of h = n/2 numbers made of neighbours, and w^k = exp(−2πi k/n) for k ≤ n/4.
template <class T>
struct FftHalves {
  int64_t h = 0;
  const T *z_re, *z_im, *w_re, *w_im;
};

/// What transforms are made of, for one instruction set.
template <class T>
struct FftFunctions {
  void (*pass)(const FftPass<T>& pass, const T* x_re, const T* x_im, T* y_re, T* y_im) = nullptr;
  /// The pass of stride 1 on the numbers x[2k] + i x[2k + 1]; false where it does nothing, because
  /// the radix is not 4 or vectors do not fill it.
  bool (*first_of_pairs)(const FftPass<T>& pass, const T* x, T* y_re, T* y_im) = nullptr;
  /// even[t] = x[2t], odd[t] = x[2t + 1] for t < h.
  void (*separate)(const T* x, int64_t h, T* even, T* odd) = nullptr;
  /// The first h + 1 numbers of the transform of 2h real ones.
  void (*join)(const FftHalves<T>& halves, T* y_re, T* y_im) = nullptr;
};

struct FftLoops {
  FftFunctions<float> narrow;
  FftFunctions<double> wide;
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
  /// The same of the numbers x[2k] + i x[2k + 1]; `halves` holds 2 · length() elements more.
  void run_pairs(const T* x, T* y_re, T* y_im, T* scratch, T* halves) const;
  int64_t length() const { return length_; }
  const FftFunctions<T>& functions() const { return functions_; }

 private:
  /// Pass `first` and those behind it.
  void run_passes(size_t first, const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const;
  void plan_passes();
  void plan_convolution(Isa isa);
  void run_convolution(const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const;

  int64_t length_;
  FftFunctions<T> functions_;
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
