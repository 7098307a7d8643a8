#pragma once

#include <cstdint>

/// Dense linear algebra in double on row-major matrices: what the `ref` kernels consist of.
namespace danlu::cpu::dense {

/// The lower triangle of `a` (n, n) becomes L, the upper one 0. The row whose pivot is not
/// positive, or −1.
int64_t cholesky(double* a, int64_t n);
/// `a` (n, n) becomes L and U; pivots[i] is the row exchanged with row i. A pivot may be 0.
void lu(double* a, int32_t* pivots, int64_t n);
/// b (n, k) becomes op(a)⁻¹ b for a triangle of `a` (n, n) (`unit`: with ones on the diagonal). The
/// row whose diagonal is 0, or −1.
int64_t solve_triangular(const double* a, double* b, int64_t n, int64_t k, bool lower,
                         bool transpose, bool unit);
/// `a` (m, n), m ≥ n, becomes R above zeros; q (m, columns) the first columns of Q. `tau`: n.
void qr(double* a, double* q, double* tau, int64_t m, int64_t n, int64_t columns);
/// `a` (n, n), symmetric, is destroyed; w ascends, v (n, n) holds eigenvectors as columns.
void eigh(double* a, double* w, double* v, int64_t n);
/// `a` (m, n), m ≥ n, becomes U (m, n); s descends, v (n, n) holds the right vectors as columns.
void svd(double* a, double* s, double* v, int64_t m, int64_t n);

}  // namespace danlu::cpu::dense
