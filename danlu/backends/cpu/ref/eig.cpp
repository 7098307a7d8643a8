#include <cmath>
#include <complex>

#include "danlu/backends/cpu/eigenpairs.h"
#include "danlu/backends/cpu/linalg_geometry.h"
#include "danlu/backends/cpu/ref/linalg.h"
#include "danlu/backends/cpu/simple_kernel.h"

// Eigenvalues by the QR algorithm with single shifts on the Hessenberg form, in complex numbers;
// eigenvectors from the triangular form that it ends with. Source: G. H. Golub, C. F. Van Loan,
// Matrix Computations (4th edition, 2013), chapter 7.

namespace danlu::cpu::ref {
namespace {

using Complex = std::complex<double>;

constexpr double kTiny = 1e-300;
constexpr double kRounding = 2.3e-16;

class Schur {
 public:
  /// Doubles that it needs.
  static int64_t size(int64_t n) { return 4 * n * n + 6 * n; }

  Schur(int64_t n, double* memory)
      : n_(n),
        t_(reinterpret_cast<Complex*>(memory)),
        z_(t_ + n * n),
        cosines_(z_ + n * n),
        sines_(cosines_ + n),
        x_(sines_ + n) {}

  /// The matrix (row-major), which decompose() turns into its triangular form.
  Complex& t(int64_t i, int64_t j) { return t_[i * n_ + j]; }

  /// False when it does not converge.
  bool decompose() {
    for (int64_t i = 0; i < n_ * n_; ++i) z_[i] = i / n_ == i % n_ ? 1 : 0;
    for (int64_t k = 0; k + 2 < n_; ++k) reflect(k);
    int turns = 0;
    for (int64_t high = n_ - 1; high > 0;) {
      const int64_t low = start_of_block(high);
      if (low == high) {
        --high;
        turns = 0;
      } else if (++turns > 100) {
        return false;
      } else {
        turn(low, high, turns % 11 == 10);
      }
    }
    return true;
  }

  /// Eigenvector k of the triangular form, brought back.
  void vector(int64_t k, Complex* to) {
    double greatest = kTiny;
    for (int64_t i = 0; i < n_; ++i) greatest = std::max(greatest, std::abs(t(i, i)));
    x_[k] = 1;
    for (int64_t i = k - 1; i >= 0; --i) {
      Complex sum = 0;
      for (int64_t j = i + 1; j <= k; ++j) sum += t(i, j) * x_[j];
      Complex gap = t(i, i) - t(k, k);
      if (std::abs(gap) < kRounding * greatest) gap = kRounding * greatest;
      x_[i] = -sum / gap;
    }
    for (int64_t i = 0; i < n_; ++i) {
      to[i] = 0;
      for (int64_t j = 0; j <= k; ++j) to[i] += z_[i * n_ + j] * x_[j];
    }
  }

 private:
  /// Zeros below the first subdiagonal of column k.
  void reflect(int64_t k) {
    double length = 0;
    for (int64_t i = k + 1; i < n_; ++i) length += std::norm(t(i, k));
    length = std::sqrt(length);
    if (length < kTiny) return;
    const Complex first = t(k + 1, k);
    const Complex phase = std::abs(first) > 0 ? first / std::abs(first) : Complex(1);
    double norm = 0;
    for (int64_t i = k + 1; i < n_; ++i) {
      x_[i] = t(i, k) + (i == k + 1 ? phase * length : Complex(0));
      norm += std::norm(x_[i]);
    }
    const auto from_right = [&](Complex* rows) {
      for (int64_t i = 0; i < n_; ++i) {
        Complex sum = 0;
        for (int64_t j = k + 1; j < n_; ++j) sum += rows[i * n_ + j] * x_[j];
        for (int64_t j = k + 1; j < n_; ++j) rows[i * n_ + j] -= 2 / norm * sum * std::conj(x_[j]);
      }
    };
    for (int64_t j = k; j < n_; ++j) {
      Complex sum = 0;
      for (int64_t i = k + 1; i < n_; ++i) sum += std::conj(x_[i]) * t(i, j);
      for (int64_t i = k + 1; i < n_; ++i) t(i, j) -= 2 / norm * sum * x_[i];
    }
    from_right(t_);
    from_right(z_);
  }

  int64_t start_of_block(int64_t high) {
    int64_t low = high;
    for (; low > 0; --low) {
      const double around = std::abs(t(low, low)) + std::abs(t(low - 1, low - 1));
      if (std::abs(t(low, low - 1)) > kRounding * std::max(around, kTiny)) continue;
      t(low, low - 1) = 0;
      break;
    }
    return low;
  }

  /// The eigenvalue of the last 2 × 2 block that is nearer to its last element.
  Complex shift(int64_t high, bool unusual) {
    const Complex d = t(high, high), c = t(high, high - 1);
    if (unusual) return d + std::abs(c);
    const Complex half = 0.5 * (t(high - 1, high - 1) - d);
    const Complex root = std::sqrt(half * half + t(high - 1, high) * c);
    const Complex far = std::abs(half + root) > std::abs(half - root) ? half + root : half - root;
    return std::abs(far) > 0 ? d - t(high - 1, high) * c / far : d;
  }

  void turn(int64_t low, int64_t high, bool unusual) {
    const Complex s = shift(high, unusual);
    for (int64_t i = low; i <= high; ++i) t(i, i) -= s;
    for (int64_t k = low; k < high; ++k) {
      const Complex a = t(k, k), b = t(k + 1, k);
      const double r = std::hypot(std::abs(a), std::abs(b));
      cosines_[k] = r > 0 ? a / r : Complex(1);
      sines_[k] = r > 0 ? b / r : Complex(0);
      for (int64_t j = k; j < n_; ++j) {
        const Complex x = t(k, j), y = t(k + 1, j);
        t(k, j) = std::conj(cosines_[k]) * x + std::conj(sines_[k]) * y;
        t(k + 1, j) = cosines_[k] * y - sines_[k] * x;
      }
    }
    const auto from_right = [&](Complex* rows, int64_t k, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        Complex &x = rows[i * n_ + k], &y = rows[i * n_ + k + 1];
        const Complex before = x;
        x = before * cosines_[k] + y * sines_[k];
        y = y * std::conj(cosines_[k]) - before * std::conj(sines_[k]);
      }
    };
    for (int64_t k = low; k < high; ++k) {
      from_right(t_, k, std::min(k + 2, high) + 1);
      from_right(z_, k, n_);
    }
    for (int64_t i = low; i <= high; ++i) t(i, i) += s;
  }

  int64_t n_;
  Complex *t_, *z_, *cosines_, *sines_, *x_;
};

std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  const size_t doubles = static_cast<size_t>(Schur::size(a.rows) + Eigenpairs::size(a.rows));
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [a](const KernelArgs& args) {
          auto* work = reinterpret_cast<double*>(args.scratch);
          Schur schur(a.rows, work);
          Eigenpairs found(a.rows, work + Schur::size(a.rows));
          for (int64_t m = 0; m < a.count; ++m) {
            const T* x = args.in<T>(0) + m * a.size();
            bool finite = true;
            for (int64_t i = 0; i < a.size(); ++i) {
              schur.t(i / a.rows, i % a.rows) = static_cast<double>(x[i]);
              finite &= std::isfinite(x[i]);
            }
            if (!finite || !schur.decompose()) args.fault(-1);
            for (int64_t k = 0; k < a.rows; ++k) {
              found.values()[k] = schur.t(k, k);
              schur.vector(k, found.vector(k));
            }
            found.store(args.out<complex64>(0) + m * a.rows, args.out<complex64>(1) + m * a.size());
          }
        },
        doubles * sizeof(double));
  });
}

}  // namespace

KernelDef eig() { return {"ref", takes_everything, prepare}; }

}  // namespace danlu::cpu::ref
