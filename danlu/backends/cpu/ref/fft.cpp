#include "danlu/backends/cpu/ref/fft.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fft/fft_attrs.h"

namespace danlu::cpu::ref {
namespace {

using Complex = std::complex<double>;

/// exp(2πi k/n) for k in [0, n).
std::vector<Complex> roots_of_unity(int64_t n) {
  std::vector<Complex> roots(static_cast<size_t>(n));
  for (size_t k = 0; k < roots.size(); ++k) {
    roots[k] =
        std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  }
  return roots;
}

/// Σ over the n inputs that `x(t)` gives.
template <class X>
Complex transform(const std::vector<Complex>& roots, int64_t k, bool backward, X x) {
  const auto n = static_cast<int64_t>(roots.size());
  Complex sum = 0;
  for (int64_t t = 0; t < n; ++t) {
    const Complex root = roots[static_cast<size_t>(k * t % n)];
    sum += x(t) * (backward ? root : std::conj(root));
  }
  return sum;
}

int64_t rows_of(const TensorSpec& spec) { return spec.shape.num_elements() / spec.shape[-1]; }

template <class T>
Complex at(const KernelArgs& args, int64_t i) {
  return {static_cast<double>(args.in<T>(0)[i]), static_cast<double>(args.in<T>(1)[i])};
}

std::unique_ptr<Kernel> prepare_fft(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1], rows = rows_of(q.inputs[0]);
  const bool backward = q.attrs_as<FftAttrs>().backward;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel([=, roots = roots_of_unity(n)](const KernelArgs& args) {
      for (int64_t i = 0; i < rows * n; ++i) {
        const Complex y = transform(roots, i % n, backward,
                                    [&](int64_t t) { return at<T>(args, i / n * n + t); });
        args.out<T>(0)[i] = static_cast<T>(y.real());
        args.out<T>(1)[i] = static_cast<T>(y.imag());
      }
    });
  });
}

std::unique_ptr<Kernel> prepare_rfft(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1], half = n / 2 + 1, rows = rows_of(q.inputs[0]);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel([=, roots = roots_of_unity(n)](const KernelArgs& args) {
      for (int64_t i = 0; i < rows * half; ++i) {
        const Complex y = transform(roots, i % half, false, [&](int64_t t) {
          return Complex(static_cast<double>(args.in<T>(0)[i / half * n + t]));
        });
        args.out<T>(0)[i] = static_cast<T>(y.real());
        // Numbers that are their own conjugates are real.
        const int64_t k = i % half;
        args.out<T>(1)[i] = k == 0 || 2 * k == n ? T(0) : static_cast<T>(y.imag());
      }
    });
  });
}

std::unique_ptr<Kernel> prepare_irfft(const KernelQuery& q) {
  const int64_t n = q.outputs[0].shape[-1], half = n / 2 + 1, rows = rows_of(q.outputs[0]);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel([=, roots = roots_of_unity(n)](const KernelArgs& args) {
      for (int64_t i = 0; i < rows * n; ++i) {
        const Complex y = transform(roots, i % n, true, [&](int64_t k) {
          const int64_t row = i / n * half;
          if (k == 0 || 2 * k == n) return Complex(at<T>(args, row + k).real());
          return k < half ? at<T>(args, row + k) : std::conj(at<T>(args, row + n - k));
        });
        args.out<T>(0)[i] = static_cast<T>(y.real());
      }
    });
  });
}

}  // namespace

KernelDef fft() { return {"ref", takes_everything, prepare_fft}; }
KernelDef rfft() { return {"ref", takes_everything, prepare_rfft}; }
KernelDef irfft() { return {"ref", takes_everything, prepare_irfft}; }

}  // namespace danlu::cpu::ref
