#include "danlu/backends/cpu/simd/fft.h"

#include <algorithm>

#include "danlu/backends/cpu/simd/fft_plan.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fft/fft_attrs.h"

namespace danlu::cpu::simd {
namespace {

/// A kernel that calls `one(args, row, work)` for each row; `elements` of T per thread.
template <class T, class One>
std::unique_ptr<Kernel> row_kernel(const KernelQuery& q, int64_t elements, One one) {
  const Shape& shape = q.inputs[0].shape;
  const int64_t rows = shape.num_elements() / shape[-1];
  const int threads = static_cast<int>(std::clamp<int64_t>(rows, 1, q.threads));
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          T* work = reinterpret_cast<T*>(args.scratch) + chunk * elements;
          const Range range = chunk_range(rows, threads, chunk);
          for (int64_t row = range.begin; row < range.end; ++row) one(args, row, work);
        });
      },
      static_cast<size_t>(threads * elements) * sizeof(T), threads);
}

std::unique_ptr<Kernel> prepare_fft(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1];
  const bool backward = q.attrs_as<FftAttrs>().backward;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const auto plan = std::make_shared<const FftPlan<T>>(n, q.isa);
    return row_kernel<T>(q, plan->scratch(), [=](const KernelArgs& args, int64_t row, T* work) {
      // The conjugates of conjugates: real and imaginary parts change places.
      const int re = backward ? 1 : 0, im = 1 - re;
      plan->run(args.in<T>(re) + row * n, args.in<T>(im) + row * n, args.out<T>(re) + row * n,
                args.out<T>(im) + row * n, work);
    });
  });
}

/// exp(−2πi k/n) for k ≤ n/4, which halves of a real transform are joined with.
template <class T>
struct JoiningRoots {
  std::vector<T> re, im;

  explicit JoiningRoots(int64_t n) {
    for (int64_t k = 0; k <= n / 4; ++k) {
      const auto [c, s] = unit_root(-k, n);
      re.push_back(static_cast<T>(c));
      im.push_back(static_cast<T>(s));
    }
  }
};

/// An even length: neighbours as one complex number, half as many.
template <class T>
std::unique_ptr<Kernel> even_rfft(const KernelQuery& q, int64_t n) {
  const int64_t h = n / 2;
  const auto plan = std::make_shared<const FftPlan<T>>(h, q.isa);
  return row_kernel<T>(
      q, 4 * h + plan->scratch(),
      [=, roots = JoiningRoots<T>(n)](const KernelArgs& args, int64_t row, T* work) {
        const T* x = args.in<T>(0) + row * n;
        T *halves = work, *z_re = halves + 2 * h, *z_im = z_re + h;
        plan->run_pairs(x, z_re, z_im, z_im + h, halves);
        plan->functions().join({h, z_re, z_im, roots.re.data(), roots.im.data()},
                               args.out<T>(0) + row * (h + 1), args.out<T>(1) + row * (h + 1));
      });
}

template <class T>
std::unique_ptr<Kernel> odd_rfft(const KernelQuery& q, int64_t n) {
  const auto plan = std::make_shared<const FftPlan<T>>(n, q.isa);
  return row_kernel<T>(q, 3 * n + plan->scratch(),
                       [=](const KernelArgs& args, int64_t row, T* work) {
                         T *zero = work, *z_re = zero + n, *z_im = z_re + n;
                         std::fill_n(zero, n, T{0});
                         plan->run(args.in<T>(0) + row * n, zero, z_re, z_im, z_im + n);
                         const int64_t half = n / 2 + 1;
                         std::copy_n(z_re, half, args.out<T>(0) + row * half);
                         std::copy_n(z_im, half, args.out<T>(1) + row * half);
                         args.out<T>(1)[row * half] = 0;
                       });
}

std::unique_ptr<Kernel> prepare_rfft(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1];
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return n % 2 == 0 ? even_rfft<T>(q, n) : odd_rfft<T>(q, n);
  });
}

template <class T>
std::unique_ptr<Kernel> even_irfft(const KernelQuery& q, int64_t n) {
  const int64_t h = n / 2;
  const auto plan = std::make_shared<const FftPlan<T>>(h, q.isa);
  return row_kernel<T>(
      q, 4 * h + plan->scratch(),
      [=, roots = JoiningRoots<T>(n)](const KernelArgs& args, int64_t row, T* work) {
        const T* x_re = args.in<T>(0) + row * (h + 1);
        const T* x_im = args.in<T>(1) + row * (h + 1);
        T *z_re = work, *z_im = z_re + h, *even = z_im + h, *odd = even + h;
        z_re[0] = x_re[0] + x_re[h];
        z_im[0] = x_re[0] - x_re[h];
        for (int64_t k = 1; 2 * k <= h; ++k) {
          // E = X_k + X̄_{h−k}, O = (X_k − X̄_{h−k}) w^−k, Z_k = E + iO, Z_{h−k} = Ē + iŌ.
          const T e_re = x_re[k] + x_re[h - k], e_im = x_im[k] - x_im[h - k];
          const T d_re = x_re[k] - x_re[h - k], d_im = x_im[k] + x_im[h - k];
          const T w_re = roots.re[static_cast<size_t>(k)];
          const T w_im = -roots.im[static_cast<size_t>(k)];
          const T o_re = d_re * w_re - d_im * w_im, o_im = d_re * w_im + d_im * w_re;
          z_re[k] = e_re - o_im;
          z_im[k] = e_im + o_re;
          z_re[h - k] = e_re + o_im;
          z_im[h - k] = o_re - e_im;
        }
        plan->run(z_im, z_re, odd, even, odd + h);
        T* y = args.out<T>(0) + row * n;
        for (int64_t t = 0; t < h; ++t) {
          y[2 * t] = even[t];
          y[2 * t + 1] = odd[t];
        }
      });
}

template <class T>
std::unique_ptr<Kernel> odd_irfft(const KernelQuery& q, int64_t n) {
  const auto plan = std::make_shared<const FftPlan<T>>(n, q.isa);
  return row_kernel<T>(q, 3 * n + plan->scratch(),
                       [=](const KernelArgs& args, int64_t row, T* work) {
                         const int64_t half = n / 2 + 1;
                         const T* x_re = args.in<T>(0) + row * half;
                         const T* x_im = args.in<T>(1) + row * half;
                         T *z_re = work, *z_im = z_re + n, *unused = z_im + n;
                         z_re[0] = x_re[0];
                         z_im[0] = 0;
                         for (int64_t k = 1; k < half; ++k) {
                           z_re[k] = z_re[n - k] = x_re[k];
                           z_im[k] = x_im[k];
                           z_im[n - k] = -x_im[k];
                         }
                         plan->run(z_im, z_re, unused, args.out<T>(0) + row * n, unused + n);
                       });
}

std::unique_ptr<Kernel> prepare_irfft(const KernelQuery& q) {
  const int64_t n = q.outputs[0].shape[-1];
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return n % 2 == 0 ? even_irfft<T>(q, n) : odd_irfft<T>(q, n);
  });
}

std::string refusal(const KernelQuery& q) {
  // Plans hold tables of the length.
  constexpr int64_t kLongest = int64_t{1} << 28;
  const auto longest = std::max(q.inputs[0].shape[-1], q.outputs[0].shape[-1]);
  return longest > kLongest ? "the rows are too long" : "";
}

}  // namespace

KernelDef fft() { return {"simd", refusal, prepare_fft}; }
KernelDef rfft() { return {"simd", refusal, prepare_rfft}; }
KernelDef irfft() { return {"simd", refusal, prepare_irfft}; }

}  // namespace danlu::cpu::simd
