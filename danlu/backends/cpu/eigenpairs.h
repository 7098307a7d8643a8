#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>

#include "danlu/core/dtype.h"

namespace danlu::cpu {

/// Eigenvalues of one matrix of order n and its eigenvectors, in memory of the caller's, put into
/// the order and form that the op `eig` promises.
class Eigenpairs {
 public:
  using Complex = std::complex<double>;

  /// Doubles that it needs.
  static int64_t size(int64_t n) { return 2 * n + 2 * n * n + n; }

  Eigenpairs(int64_t n, double* memory)
      : n_(n),
        values_(reinterpret_cast<Complex*>(memory)),
        vectors_(values_ + n),
        order_(reinterpret_cast<int64_t*>(vectors_ + n * n)) {}

  Complex* values() { return values_; }
  /// The n components of eigenvector j.
  Complex* vector(int64_t j) { return vectors_ + j * n_; }

  void store(complex64* values, complex64* vectors) {
    sort();
    for (int64_t j = 0; j < n_; ++j) {
      const Complex* v = vector(order_[j]);
      const Complex factor = normalizer(v);
      values[j] = complex64(values_[order_[j]]);
      for (int64_t i = 0; i < n_; ++i) vectors[i * n_ + j] = complex64(v[i] * factor);
    }
  }

 private:
  /// By real parts; those that rounding to float32 may have parted, by imaginary parts.
  void sort() {
    double greatest = 0;
    for (int64_t j = 0; j < n_; ++j) {
      order_[j] = j;
      greatest = std::max(greatest, std::abs(values_[j]));
    }
    const auto by = [this](double (*part)(const Complex&), int64_t begin, int64_t end) {
      std::sort(order_ + begin, order_ + end, [this, part](int64_t a, int64_t b) {
        const double x = part(values_[a]), y = part(values_[b]);
        return x != y ? x < y : a < b;
      });
    };
    by([](const Complex& z) { return z.real(); }, 0, n_);
    for (int64_t begin = 0, end = 0; begin < n_; begin = end) {
      const double first = values_[order_[begin]].real();
      while (end < n_ && !(values_[order_[end]].real() - first > 1e-5 * greatest)) ++end;
      by([](const Complex& z) { return z.imag(); }, begin, end);
    }
  }

  /// What gives a vector length 1 and a real, positive greatest component.
  Complex normalizer(const Complex* v) const {
    double length = 0, greatest = 0;
    for (int64_t i = 0; i < n_; ++i) {
      length += std::norm(v[i]);
      greatest = std::max(greatest, std::abs(v[i]));
    }
    if (!(greatest > 0)) return 1;
    const Complex* first = std::find_if(
        v, v + n_, [&](const Complex& z) { return std::abs(z) >= (1 - 1e-4) * greatest; });
    return std::conj(*first) / (std::abs(*first) * std::sqrt(length));
  }

  int64_t n_;
  Complex *values_, *vectors_;
  int64_t* order_;
};

}  // namespace danlu::cpu
