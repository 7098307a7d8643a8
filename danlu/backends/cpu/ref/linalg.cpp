#include "danlu/backends/cpu/ref/linalg.h"

#include <limits>

#include "danlu/backends/cpu/linalg_geometry.h"
#include "danlu/backends/cpu/ref/dense.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/linalg/linalg_attrs.h"

namespace danlu::cpu::ref {
namespace {

/// A kernel that calls `one(args, i, work)` for each matrix, `work` holding `doubles` numbers.
template <class One>
std::unique_ptr<Kernel> matrix_kernel(const Matrices& a, int64_t doubles, One one) {
  return simple_kernel(
      [=](const KernelArgs& args) {
        auto* work = reinterpret_cast<double*>(args.scratch);
        for (int64_t i = 0; i < a.count; ++i) one(args, i, work);
      },
      static_cast<size_t>(doubles) * sizeof(double));
}

template <class T>
void store(T* to, const double* from, int64_t n) {
  std::transform(from, from + n, to, [](double x) { return static_cast<T>(x); });
}

std::unique_ptr<Kernel> prepare_cholesky(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(a, a.size(), [a](const KernelArgs& args, int64_t i, double* l) {
      symmetrize(l, args.in<T>(0) + i * a.size(), a.rows);
      const int64_t bad = dense::cholesky(l, a.rows);
      if (bad >= 0) args.fault(bad);
      store(args.out<T>(0) + i * a.size(), l, a.size());
    });
  });
}

std::unique_ptr<Kernel> prepare_solve(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), b(q.inputs[1].shape);
  const bool transpose = q.attrs_as<SolveAttrs>().transpose;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const int64_t work = a.size() + 2 * b.size() + a.rows;
    return matrix_kernel(a, work, [=](const KernelArgs& args, int64_t i, double* lu) {
      double *x = lu + a.size(), *permuted = x + b.size();
      auto* pivots = reinterpret_cast<int32_t*>(permuted + b.size());
      const int64_t n = b.rows, k = b.columns;
      std::copy_n(args.in<T>(0) + i * a.size(), a.size(), lu);
      std::copy_n(args.in<T>(1) + i * b.size(), b.size(), x);
      dense::lu(lu, pivots, n);
      int64_t bad = -1;
      const auto exchange = [&](int64_t row) {
        std::swap_ranges(x + row * k, x + (row + 1) * k, x + pivots[row] * k);
      };
      // P a = L U.
      if (transpose) {
        bad = dense::solve_triangular(lu, x, n, k, false, true, false);
        dense::solve_triangular(lu, x, n, k, true, true, true);
        for (int64_t row = n - 1; row >= 0; --row) {
          if (pivots[row] != row) exchange(row);
        }
      } else {
        for (int64_t row = 0; row < n; ++row) {
          if (pivots[row] != row) exchange(row);
        }
        dense::solve_triangular(lu, x, n, k, true, false, true);
        bad = dense::solve_triangular(lu, x, n, k, false, false, false);
      }
      if (bad >= 0) args.fault(bad);
      store(args.out<T>(0) + i * b.size(), x, b.size());
    });
  });
}

std::unique_ptr<Kernel> prepare_solve_triangular(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), b(q.inputs[1].shape);
  const auto [lower, transpose] = q.attrs_as<SolveTriangularAttrs>();
  return dispatch_native(q.inputs[0].dtype, [&, lower = lower, transpose = transpose](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(
        a, a.size() + b.size(), [=](const KernelArgs& args, int64_t i, double* triangle) {
          double* x = triangle + a.size();
          std::copy_n(args.in<T>(0) + i * a.size(), a.size(), triangle);
          std::copy_n(args.in<T>(1) + i * b.size(), b.size(), x);
          const int64_t bad =
              dense::solve_triangular(triangle, x, b.rows, b.columns, lower, transpose, false);
          if (bad >= 0) args.fault(bad);
          store(args.out<T>(0) + i * b.size(), x, b.size());
        });
  });
}

std::unique_ptr<Kernel> prepare_lu_factor(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(a, a.size(), [a](const KernelArgs& args, int64_t i, double* lu) {
      auto* pivots = args.out<int32_t>(1) + i * a.rows;
      std::copy_n(args.in<T>(0) + i * a.size(), a.size(), lu);
      dense::lu(lu, pivots, a.rows);
      order_of_pivots(pivots, args.out<int32_t>(2) + i * a.rows, a.rows);
      store(args.out<T>(0) + i * a.size(), lu, a.size());
    });
  });
}

/// `result(args, i, lu, sign)` of each factorized matrix; sign: of the permutation.
template <class Result>
std::unique_ptr<Kernel> determinant_kernel(const KernelQuery& q, Result result) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(a, a.size() + a.rows, [=](const KernelArgs& args, int64_t i, double* lu) {
      auto* pivots = reinterpret_cast<int32_t*>(lu + a.size());
      std::copy_n(args.in<T>(0) + i * a.size(), a.size(), lu);
      dense::lu(lu, pivots, a.rows);
      double sign = 1;
      for (int64_t row = 0; row < a.rows; ++row) {
        if (pivots[row] != row) sign = -sign;
      }
      result(T{}, args, i, lu, a.rows, sign);
    });
  });
}

std::unique_ptr<Kernel> prepare_det(const KernelQuery& q) {
  return determinant_kernel(q, [](auto tag, const KernelArgs& args, int64_t i, const double* lu,
                                  int64_t n, double product) {
    for (int64_t row = 0; row < n; ++row) product *= lu[row * n + row];
    args.out<decltype(tag)>(0)[i] = static_cast<decltype(tag)>(product);
  });
}

std::unique_ptr<Kernel> prepare_slogdet(const KernelQuery& q) {
  return determinant_kernel(
      q, [](auto tag, const KernelArgs& args, int64_t i, const double* lu, int64_t n, double sign) {
        double log = 0;
        for (int64_t row = 0; row < n; ++row) {
          const double pivot = lu[row * n + row];
          sign *= pivot < 0 ? -1 : pivot == 0 ? 0 : 1;
          log += std::log(std::abs(pivot));
        }
        args.out<decltype(tag)>(0)[i] = static_cast<decltype(tag)>(sign);
        args.out<decltype(tag)>(1)[i] = static_cast<decltype(tag)>(log);
      });
}

std::unique_ptr<Kernel> prepare_qr(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape), basis(q.outputs[0].shape), r(q.outputs[1].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(a, a.size() + basis.size() + a.columns,
                         [=](const KernelArgs& args, int64_t i, double* reduced) {
                           double* columns = reduced + a.size();
                           std::copy_n(args.in<T>(0) + i * a.size(), a.size(), reduced);
                           dense::qr(reduced, columns, columns + basis.size(), a.rows, a.columns,
                                     basis.columns);
                           store(args.out<T>(0) + i * basis.size(), columns, basis.size());
                           store(args.out<T>(1) + i * r.size(), reduced, r.size());
                         });
  });
}

/// Both forms; without vectors the only output is s.
std::unique_ptr<Kernel> prepare_svd(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  const bool vectors = q.outputs.size() > 1;
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    const int64_t m = std::max(a.rows, a.columns), n = a.smaller();
    return matrix_kernel(
        a, 2 * a.size() + 2 * n * n + n, [=](const KernelArgs& args, int64_t i, double* left) {
          double *right = left + a.size(), *turned = right + n * n, *s = turned + n * n;
          const T* from = args.in<T>(0) + i * a.size();
          // A wide matrix is the transpose of a high one.
          const bool wide = a.rows < a.columns;
          if (wide) {
            transpose_into(left, from, a.rows, a.columns);
          } else {
            std::copy_n(from, a.size(), left);
          }
          dense::svd(left, s, right, m, n);
          store(args.out<T>(vectors ? 1 : 0) + i * n, s, n);
          if (!vectors) return;
          double* u = left;
          double* vh = turned;
          if (wide) {
            u = right;
            vh = s + n;
            transpose_into(vh, left, m, n);
          } else {
            transpose_into(vh, right, n, n);
          }
          fix_signs(u, vh, a.rows, a.columns, n);
          store(args.out<T>(0) + i * a.rows * n, u, a.rows * n);
          store(args.out<T>(2) + i * n * a.columns, vh, n * a.columns);
        });
  });
}

std::unique_ptr<Kernel> prepare_eigh(const KernelQuery& q) {
  const Matrices a(q.inputs[0].shape);
  return dispatch_native(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return matrix_kernel(a, 2 * a.size() + a.rows,
                         [a](const KernelArgs& args, int64_t i, double* x) {
                           double *v = x + a.size(), *w = v + a.size();
                           const int64_t n = a.rows;
                           symmetrize(x, args.in<T>(0) + i * a.size(), n);
                           dense::eigh(x, w, v, n);
                           for (int64_t j = 0; j < n; ++j) {
                             scale(v + j, n, n, sign_of_greatest(v + j, n, n));
                           }
                           store(args.out<T>(0) + i * n, w, n);
                           store(args.out<T>(1) + i * a.size(), v, a.size());
                         });
  });
}

}  // namespace

KernelDef cholesky() { return {"ref", takes_everything, prepare_cholesky}; }
KernelDef solve() { return {"ref", takes_everything, prepare_solve}; }
KernelDef solve_triangular() { return {"ref", takes_everything, prepare_solve_triangular}; }
KernelDef lu_factor() { return {"ref", takes_everything, prepare_lu_factor}; }
KernelDef det() { return {"ref", takes_everything, prepare_det}; }
KernelDef slogdet() { return {"ref", takes_everything, prepare_slogdet}; }
KernelDef qr() { return {"ref", takes_everything, prepare_qr}; }
KernelDef svd() { return {"ref", takes_everything, prepare_svd}; }
KernelDef svdvals() { return {"ref", takes_everything, prepare_svd}; }
KernelDef eigh() { return {"ref", takes_everything, prepare_eigh}; }

}  // namespace danlu::cpu::ref
