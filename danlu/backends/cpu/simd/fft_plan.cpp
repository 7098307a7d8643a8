#include "danlu/backends/cpu/simd/fft_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

namespace danlu::cpu::simd {

std::pair<double, double> unit_root(int64_t k, int64_t n) {
  k %= n;
  if (k < 0) k += n;
  // Reduced to an eighth of the circle, where sine and cosine are exact to an ULP.
  const int64_t eighths = 8 * k;
  const auto angle = [&](int64_t part) {  // 2π part/n
    return 2 * std::numbers::pi * static_cast<double>(part) / static_cast<double>(n);
  };
  if (eighths < n) return {std::cos(angle(k)), std::sin(angle(k))};
  if (eighths < 3 * n) {
    const double rest = angle(4 * k - n) / 4;  // beyond a quarter
    return {-std::sin(rest), std::cos(rest)};
  }
  if (eighths < 5 * n) {
    const double rest = angle(2 * k - n) / 2;
    return {-std::cos(rest), -std::sin(rest)};
  }
  if (eighths < 7 * n) {
    const double rest = angle(4 * k - 3 * n) / 4;
    return {std::sin(rest), -std::cos(rest)};
  }
  return {std::cos(angle(k - n)), std::sin(angle(k - n))};
}

namespace {

/// The radices of `n`, or nothing where a prime is too great. Radix 4 first: its passes can be
/// vectorized from the start. Behind two of them, radix 8 makes the fewest passes.
std::vector<int> radices_of(int64_t n) {
  std::vector<int> radices;
  while (n % 2 == 0) {
    const int64_t twos = n & -n;  // the power of two in n
    const int radix = twos == 2 ? 2 : radices.size() < 2 || twos == 4 || twos == 16 ? 4 : 8;
    radices.push_back(radix);
    n /= radix;
  }
  for (const int radix : {3, 5, 7, 11, 13}) {
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  if (n > 1) radices.clear();
  return radices;
}

template <class T>
FftFunctions<T> functions_of(Isa isa) {
  if constexpr (std::is_same_v<T, double>) {
    return fft_loops(isa).wide;
  } else {
    return fft_loops(isa).narrow;
  }
}

}  // namespace

template <class T>
FftPlan<T>::FftPlan(int64_t length, Isa isa) : length_(length), functions_(functions_of<T>(isa)) {
  if (length == 1) return;
  if (radices_of(length).empty()) {
    plan_convolution(isa);
  } else {
    plan_passes();
  }
}

template <class T>
void FftPlan<T>::plan_passes() {
  int64_t n = length_, stride = 1;
  for (const int radix : radices_of(length_)) {
    FftPass<T> pass{.radix = radix, .m = n / radix, .stride = stride};
    for (int r = 1; r < radix; ++r) {
      for (int64_t q = 0; q < pass.m; ++q) {
        const auto [re, im] = unit_root(-q * r, n);
        pass.twiddle_re.push_back(static_cast<T>(re));
        pass.twiddle_im.push_back(static_cast<T>(im));
      }
    }
    if (stride == 4 || stride == 8) {
      for (size_t at = 0; at < pass.twiddle_re.size(); ++at) {
        pass.group_re.insert(pass.group_re.end(), static_cast<size_t>(stride), pass.twiddle_re[at]);
        pass.group_im.insert(pass.group_im.end(), static_cast<size_t>(stride), pass.twiddle_im[at]);
      }
    }
    for (int j = 0; j < radix; ++j) {
      const auto [re, im] = unit_root(-j, radix);
      pass.root_re[j] = static_cast<T>(re);
      pass.root_im[j] = static_cast<T>(im);
    }
    passes_.push_back(std::move(pass));
    n /= radix;
    stride *= radix;
  }
}

template <class T>
void FftPlan<T>::plan_convolution(Isa isa) {
  // The shortest of 2^a and 3 · 2^a that holds the convolution.
  int64_t size = 1;
  while (size < 2 * length_ - 1) size *= 2;
  if (size / 4 * 3 >= 2 * length_ - 1) size = size / 4 * 3;
  convolution_ = std::make_unique<FftPlan>(size, isa);
  std::vector<T> re(static_cast<size_t>(size)), im(re.size()), scratch;
  for (int64_t t = 0; t < length_; ++t) {
    const auto square =
        static_cast<int64_t>(static_cast<unsigned __int128>(t) * static_cast<unsigned __int128>(t) %
                             static_cast<unsigned __int128>(2 * length_));
    const auto [c, s] = unit_root(square, 2 * length_);
    chirp_re_.push_back(static_cast<T>(c));
    chirp_im_.push_back(static_cast<T>(-s));
    for (const int64_t at : {t, (size - t) % size}) {
      re[static_cast<size_t>(at)] = static_cast<T>(c);
      im[static_cast<size_t>(at)] = static_cast<T>(s);
    }
  }
  filter_re_.resize(re.size());
  filter_im_.resize(re.size());
  scratch.resize(static_cast<size_t>(convolution_->scratch()));
  convolution_->run(re.data(), im.data(), filter_re_.data(), filter_im_.data(), scratch.data());
  for (size_t i = 0; i < re.size(); ++i) {
    filter_re_[i] /= static_cast<T>(size);
    filter_im_[i] /= static_cast<T>(size);
  }
}

template <class T>
int64_t FftPlan<T>::scratch() const {
  if (convolution_) return 4 * convolution_->length() + convolution_->scratch();
  return 2 * length_;
}

template <class T>
void FftPlan<T>::run(const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const {
  if (convolution_) return run_convolution(x_re, x_im, y_re, y_im, scratch);
  if (passes_.empty()) {
    y_re[0] = x_re[0];
    y_im[0] = x_im[0];
    return;
  }
  run_passes(0, x_re, x_im, y_re, y_im, scratch);
}

template <class T>
void FftPlan<T>::run_passes(size_t first, const T* x_re, const T* x_im, T* y_re, T* y_im,
                            T* scratch) const {
  for (size_t i = first; i < passes_.size(); ++i) {
    const bool to_output = (passes_.size() - i) % 2 == 1;
    T* to_re = to_output ? y_re : scratch;
    T* to_im = to_output ? y_im : scratch + length_;
    functions_.pass(passes_[i], x_re, x_im, to_re, to_im);
    x_re = to_re;
    x_im = to_im;
  }
}

template <class T>
void FftPlan<T>::run_pairs(const T* x, T* y_re, T* y_im, T* scratch, T* halves) const {
  const bool to_output = passes_.size() % 2 == 1;
  T* re = to_output ? y_re : scratch;
  T* im = to_output ? y_im : scratch + length_;
  if (!passes_.empty() && functions_.first_of_pairs(passes_[0], x, re, im)) {
    return run_passes(1, re, im, y_re, y_im, scratch);
  }
  functions_.separate(x, length_, halves, halves + length_);
  run(halves, halves + length_, y_re, y_im, scratch);
}

template <class T>
void FftPlan<T>::run_convolution(const T* x_re, const T* x_im, T* y_re, T* y_im, T* scratch) const {
  const int64_t size = convolution_->length();
  T *a_re = scratch, *a_im = a_re + size, *b_re = a_im + size, *b_im = b_re + size;
  T* rest = b_im + size;
  for (int64_t t = 0; t < length_; ++t) {
    const auto i = static_cast<size_t>(t);
    a_re[t] = x_re[t] * chirp_re_[i] - x_im[t] * chirp_im_[i];
    a_im[t] = x_re[t] * chirp_im_[i] + x_im[t] * chirp_re_[i];
  }
  std::fill(a_re + length_, a_re + size, T{0});
  std::fill(a_im + length_, a_im + size, T{0});
  convolution_->run(a_re, a_im, b_re, b_im, rest);
  for (int64_t k = 0; k < size; ++k) {
    const auto i = static_cast<size_t>(k);
    const T re = b_re[k] * filter_re_[i] - b_im[k] * filter_im_[i];
    const T im = b_re[k] * filter_im_[i] + b_im[k] * filter_re_[i];
    b_re[k] = re;
    b_im[k] = im;
  }
  convolution_->run(b_im, b_re, a_im, a_re, rest);
  for (int64_t k = 0; k < length_; ++k) {
    const auto i = static_cast<size_t>(k);
    y_re[k] = a_re[k] * chirp_re_[i] - a_im[k] * chirp_im_[i];
    y_im[k] = a_re[k] * chirp_im_[i] + a_im[k] * chirp_re_[i];
  }
}

template class FftPlan<float>;
template class FftPlan<double>;

}  // namespace danlu::cpu::simd
