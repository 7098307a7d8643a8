#include "danlu/backends/cpu/lapack/linalg.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/eigenpairs.h"
#include "danlu/backends/cpu/lapack/library.h"
#include "danlu/backends/cpu/linalg_geometry.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/linalg/linalg_attrs.h"

namespace danlu::cpu::lapack {
namespace {

std::string refusal(const KernelQuery& q) {
  for (const TensorSpec& spec : q.inputs) {
    const Matrices a(spec.shape);
    // Workspaces are a few squares.
    constexpr int64_t kLongest = 10'000;
    if (std::max(a.rows, a.columns) > kLongest) return "a matrix is too large";
    if (spec.shape.num_elements() == 0) return "there is nothing to compute";
  }
  return missing();
}

Int as_int(int64_t n) { return static_cast<Int>(n); }

/// Calls `one(args, i, work)` for each matrix with the library to itself; `work` holds `elements`
/// elements of T, then `integers`.
template <class T, class One>
std::unique_ptr<Kernel> matrix_kernel(const KernelQuery& q, int64_t elements, int64_t integers,
                                      One one) {
  const int64_t count = Matrices(q.inputs[0].shape).count;
  const int threads = q.threads;
  return simple_kernel(
      [=](const KernelArgs& args) {
        T* work = reinterpret_cast<T*>(args.scratch);
        Int* whole = reinterpret_cast<Int*>(work + elements);
        const std::lock_guard lock(entrance());
        const ThreadScope scope(threads);
        for (int64_t i = 0; i < count; ++i) one(args, i, work, whole);
      },
      static_cast<size_t>(elements) * sizeof(T) + static_cast<size_t>(integers) * sizeof(Int),
      threads);
}

/// The size of workspace that `query(work, lwork, info)` asks for.
template <class T, class Query>
int64_t work_size(Query query) {
  T wanted = 0;
  const Int ask = -1;
  Int info = 0;
  query(&wanted, &ask, &info);
  return static_cast<int64_t>(wanted) + 1;
}

// A row-major matrix is the transpose of the column-major one in the same memory.

std::unique_ptr<Kernel> prepare_cholesky(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel<T>(q, 0, 0, [a](const KernelArgs& args, int64_t i, T*, Int*) {
      T* l = args.out<T>(0) + i * a.size();
      symmetrize(l, args.in<T>(0) + i * a.size(), a.rows);
      const Int n = as_int(a.rows);
      Int info = 0;
      routines<T>().potrf("U", &n, l, &n, &info, 1);
      if (info > 0) args.fault(info - 1);
      for (int64_t r = 0; r < a.rows; ++r)
        std::fill(l + r * a.rows + r + 1, l + (r + 1) * a.rows, T{0});
    });
  });
}

std::unique_ptr<Kernel> prepare_solve(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), b(q.inputs[1].shape);
  const bool transpose = q.attrs_as<SolveAttrs>().transpose;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel<T>(
        q, a.size() + b.size(), a.rows, [=](const KernelArgs& args, int64_t i, T* lu, Int* pivots) {
          T* x = lu + a.size();
          const Int n = as_int(a.rows), k = as_int(b.columns);
          transpose_into(lu, args.in<T>(0) + i * a.size(), a.rows, a.rows);
          transpose_into(x, args.in<T>(1) + i * b.size(), b.rows, b.columns);
          Int info = 0;
          routines<T>().getrf(&n, &n, lu, &n, pivots, &info);
          if (info > 0) args.fault(info - 1);
          Int unused = 0;
          routines<T>().getrs(transpose ? "T" : "N", &n, &k, lu, &n, pivots, x, &n, &unused, 1);
          transpose_into(args.out<T>(0) + i * b.size(), x, b.columns, b.rows);
        });
  });
}

std::unique_ptr<Kernel> prepare_solve_triangular(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), b(q.inputs[1].shape);
  const auto [lower, transpose] = q.attrs_as<SolveTriangularAttrs>();
  return dispatch_native(q.inputs[0].dtype, [&, lower = lower, transpose = transpose](auto tag) {
    using T = decltype(tag);
    return matrix_kernel<T>(q, 0, 0, [=](const KernelArgs& args, int64_t i, T*, Int*) {
      const T* triangle = args.in<T>(0) + i * a.size();
      T* x = args.out<T>(0) + i * b.size();
      std::copy_n(args.in<T>(1) + i * b.size(), b.size(), x);
      for (int64_t r = 0; r < a.rows; ++r) {
        if (triangle[r * a.rows + r] == 0) return args.fault(r);
      }
      // Xᵀ Aᵀ = Bᵀ.
      const Int n = as_int(a.rows), k = as_int(b.columns);
      const T one = 1;
      routines<T>().trsm("R", lower ? "U" : "L", transpose ? "T" : "N", "N", &k, &n, &one, triangle,
                         &n, x, &k, 1, 1, 1, 1);
    });
  });
}

std::unique_ptr<Kernel> prepare_lu_factor(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel<T>(q, a.size(), 0, [a](const KernelArgs& args, int64_t i, T* lu, Int*) {
      auto* pivots = args.out<int32_t>(1) + i * a.rows;
      transpose_into(lu, args.in<T>(0) + i * a.size(), a.rows, a.rows);
      const Int n = as_int(a.rows);
      Int info = 0;
      routines<T>().getrf(&n, &n, lu, &n, pivots, &info);
      for (Int row = 0; row < n; ++row) --pivots[row];
      order_of_pivots(pivots, args.out<int32_t>(2) + i * a.rows, a.rows);
      transpose_into(args.out<T>(0) + i * a.size(), lu, a.rows, a.rows);
    });
  });
}

/// `result(args, i, lu, sign)`; the determinant of the transpose is the same.
template <class Result>
std::unique_ptr<Kernel> determinant_kernel(const KernelQuery& q, Result result) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel<T>(q, a.size(), a.rows,
                            [=](const KernelArgs& args, int64_t i, T* lu, Int* pivots) {
                              std::copy_n(args.in<T>(0) + i * a.size(), a.size(), lu);
                              const Int n = as_int(a.rows);
                              Int info = 0;
                              routines<T>().getrf(&n, &n, lu, &n, pivots, &info);
                              double sign = 1;
                              for (Int row = 0; row < n; ++row) {
                                if (pivots[row] != row + 1) sign = -sign;
                              }
                              result(args, i, lu, a.rows, sign);
                            });
  });
}

std::unique_ptr<Kernel> prepare_det(const KernelQuery& q) {
  return determinant_kernel(
      q, []<class T>(const KernelArgs& args, int64_t i, const T* lu, int64_t n, double product) {
        for (int64_t row = 0; row < n; ++row) product *= static_cast<double>(lu[row * n + row]);
        args.out<T>(0)[i] = static_cast<T>(product);
      });
}

std::unique_ptr<Kernel> prepare_slogdet(const KernelQuery& q) {
  return determinant_kernel(
      q, []<class T>(const KernelArgs& args, int64_t i, const T* lu, int64_t n, double sign) {
        double log = 0;
        for (int64_t row = 0; row < n; ++row) {
          const auto pivot = static_cast<double>(lu[row * n + row]);
          sign *= pivot < 0 ? -1 : pivot == 0 ? 0 : 1;
          log += std::log(std::abs(pivot));
        }
        args.out<T>(0)[i] = static_cast<T>(sign);
        args.out<T>(1)[i] = static_cast<T>(log);
      });
}

std::unique_ptr<Kernel> prepare_qr(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), basis(q.outputs[0].shape), r(q.outputs[1].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const Int m = as_int(a.rows), n = as_int(a.columns), wide = as_int(basis.columns);
    const int64_t size =
        std::max(work_size<T>([&](T* work, const Int* ask, Int* info) {
                   routines<T>().geqrf(&m, &n, nullptr, &m, nullptr, work, ask, info);
                 }),
                 work_size<T>([&](T* work, const Int* ask, Int* info) {
                   routines<T>().orgqr(&m, &wide, &n, nullptr, &m, nullptr, work, ask, info);
                 }));
    // The columns of Q, of which the first n hold the decomposition.
    return matrix_kernel<T>(
        q, basis.size() + a.columns + size, 0, [=](const KernelArgs& args, int64_t i, T* x, Int*) {
          T *tau = x + basis.size(), *work = tau + a.columns;
          const Int length = as_int(size);
          Int info = 0;
          transpose_into(x, args.in<T>(0) + i * a.size(), a.rows, a.columns);
          routines<T>().geqrf(&m, &n, x, &m, tau, work, &length, &info);
          T* upper = args.out<T>(1) + i * r.size();
          for (int64_t row = 0; row < r.rows; ++row) {
            for (int64_t s = 0; s < r.columns; ++s) {
              upper[row * r.columns + s] = row <= s ? x[s * a.rows + row] : T{0};
            }
          }
          routines<T>().orgqr(&m, &wide, &n, x, &m, tau, work, &length, &info);
          transpose_into(args.out<T>(0) + i * basis.size(), x, basis.columns, basis.rows);
        });
  });
}

constexpr int64_t kNotConverged = -1;

std::unique_ptr<Kernel> prepare_svd(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  const bool vectors = q.outputs.size() > 1;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    // The library sees the transpose, whose left vectors are our right ones.
    const Int m = as_int(a.columns), n = as_int(a.rows), k = as_int(a.smaller());
    const char* job = vectors ? "S" : "N";
    const int64_t size = work_size<T>([&](T* work, const Int* ask, Int* info) {
      Int none = 0;
      routines<T>().gesdd(job, &m, &n, nullptr, &m, nullptr, nullptr, &m, nullptr, &k, work, ask,
                          &none, info, 1);
    });
    return matrix_kernel<T>(q, a.size() + size, 8 * a.smaller(),
                            [=](const KernelArgs& args, int64_t i, T* x, Int* whole) {
                              std::copy_n(args.in<T>(0) + i * a.size(), a.size(), x);
                              const int64_t order = a.smaller();
                              T* s = args.out<T>(vectors ? 1 : 0) + i * order;
                              T* u = vectors ? args.out<T>(0) + i * a.rows * order : nullptr;
                              T* vh = vectors ? args.out<T>(2) + i * order * a.columns : nullptr;
                              const Int length = as_int(size);
                              Int info = 0;
                              routines<T>().gesdd(job, &m, &n, x, &m, s, vh, &m, u, &k,
                                                  x + a.size(), &length, whole, &info, 1);
                              if (info > 0) args.fault(kNotConverged);
                              if (vectors) fix_signs(u, vh, a.rows, a.columns, order);
                            });
  });
}

std::unique_ptr<Kernel> prepare_eigh(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const Int n = as_int(a.rows);
    Int integers = 0;
    const int64_t size = work_size<T>([&](T* work, const Int* ask, Int* info) {
      routines<T>().syevd("V", "U", &n, nullptr, &n, nullptr, work, ask, &integers, ask, info, 1,
                          1);
    });
    return matrix_kernel<T>(
        q, a.size() + size, integers, [=](const KernelArgs& args, int64_t i, T* x, Int* whole) {
          symmetrize(x, args.in<T>(0) + i * a.size(), a.rows);
          const Int length = as_int(size);
          Int info = 0;
          routines<T>().syevd("V", "U", &n, x, &n, args.out<T>(0) + i * a.rows, x + a.size(),
                              &length, whole, &integers, &info, 1, 1);
          if (info > 0) args.fault(kNotConverged);
          for (int64_t j = 0; j < a.rows; ++j) {
            T* column = x + j * a.rows;
            scale(column, a.rows, 1, sign_of_greatest(column, a.rows, 1));
          }
          transpose_into(args.out<T>(1) + i * a.size(), x, a.rows, a.rows);
        });
  });
}

std::unique_ptr<Kernel> prepare_eig(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const Int n = as_int(a.rows), one = 1;
    const int64_t size = work_size<T>([&](T* work, const Int* ask, Int* info) {
      routines<T>().geev("N", "V", &n, nullptr, &n, nullptr, nullptr, nullptr, &one, nullptr, &n,
                         work, ask, info, 1, 1);
    });
    const int64_t pairs =
        Eigenpairs::size(a.rows) * static_cast<int64_t>(sizeof(double) / sizeof(T));
    return matrix_kernel<T>(
        q, pairs + 2 * a.size() + 2 * a.rows + size, 0,
        [=](const KernelArgs& args, int64_t i, T* work, Int*) {
          Eigenpairs found(a.rows, reinterpret_cast<double*>(work));
          T *x = work + pairs, *v = x + a.size(), *re = v + a.size(), *im = re + a.rows;
          const Int length = as_int(size), none = 1;
          Int info = 0;
          transpose_into(x, args.in<T>(0) + i * a.size(), a.rows, a.rows);
          routines<T>().geev("N", "V", &n, x, &n, re, im, nullptr, &none, v, &n, im + a.rows,
                             &length, &info, 1, 1);
          if (info > 0) args.fault(kNotConverged);
          for (int64_t j = 0; j < a.rows; ++j) {
            // A pair of conjugates has its real part in one column, the imaginary one in the next.
            const T* real = im[j] < 0 && j > 0 ? v + (j - 1) * a.rows : v + j * a.rows;
            const T* imaginary = real + a.rows;
            const double sign = im[j] > 0 ? 1 : im[j] < 0 ? -1 : 0;
            found.values()[j] = {static_cast<double>(re[j]), static_cast<double>(im[j])};
            for (int64_t k = 0; k < a.rows; ++k) {
              found.vector(j)[k] = {static_cast<double>(real[k]),
                                    sign == 0 ? 0 : sign * static_cast<double>(imaginary[k])};
            }
          }
          found.store(args.out<complex64>(0) + i * a.rows, args.out<complex64>(1) + i * a.size());
        });
  });
}

}  // namespace

KernelDef cholesky() { return {"lapack", refusal, prepare_cholesky}; }
KernelDef solve() { return {"lapack", refusal, prepare_solve}; }
KernelDef solve_triangular() { return {"lapack", refusal, prepare_solve_triangular}; }
KernelDef lu_factor() { return {"lapack", refusal, prepare_lu_factor}; }
KernelDef det() { return {"lapack", refusal, prepare_det}; }
KernelDef slogdet() { return {"lapack", refusal, prepare_slogdet}; }
KernelDef qr() { return {"lapack", refusal, prepare_qr}; }
KernelDef svd() { return {"lapack", refusal, prepare_svd}; }
KernelDef svdvals() { return {"lapack", refusal, prepare_svd}; }
KernelDef eigh() { return {"lapack", refusal, prepare_eigh}; }
KernelDef eig() { return {"lapack", refusal, prepare_eig}; }

}  // namespace danlu::cpu::lapack
