#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

/// Linear algebra of matrices that stand in the last two axes; the axes before them are a batch.
/// float32 and float64 (integers become float32). With LAPACK on the machine (Debian:
/// libopenblas0-openmp or liblapack3), which is looked for when it is first needed, its kernels
/// compute; without it, slower ones of Danlu's own.
///
/// Errors of all: ShapeError for too few axes or a matrix that is not square where it must be,
/// DTypeError for bfloat16; at run time, ValueError for a singular or indefinite matrix.
namespace danlu {

/// Lower triangular L with x = L Lᵀ (`upper`: Lᵀ) of a symmetric positive definite matrix, which is
/// taken as (x + xᵀ)/2.
Array cholesky(const Array& x, bool upper = false);
/// The inverse of L Lᵀ, given L (`upper`: given Lᵀ).
Array cholesky_inverse(const Array& x, bool upper = false);
/// L (below the diagonal, its own being 1) and U in one matrix, and the rows (int32) that were
/// exchanged with row 0, 1, …. Source: Gaussian elimination with partial pivoting.
std::pair<Array, Array> lu_factor(const Array& x);
/// Orthogonal Q and upper triangular R with x = Q R. `mode` "reduced": (…, m, k) and (…, k, n) with
/// k = min(m, n); "complete": (…, m, m) and (…, m, n). Householder's signs.
/// Errors: ValueError for another mode; UnsupportedError for the derivative of a complete Q with
/// m > n, which is not unique.
std::pair<Array, Array> qr(const Array& x, const std::string& mode = "reduced");

struct SvdResult {
  Array u, s, vh;
};
/// x = u · diag(s) · vh with orthonormal columns of u and rows of vh, s descending; the greatest
/// component of each column of u (the first of equals) is positive. `full_matrices`: u and vh are
/// square.
/// Shapes: (…, m, n) → (…, m, k), (…, k), (…, k, n) with k = min(m, n).
SvdResult svd(const Array& x, bool full_matrices = true);
/// The singular values alone, descending.
Array svdvals(const Array& x);
/// Eigenvalues, ascending, and orthonormal eigenvectors (columns; the greatest component, the first
/// of equals, is positive) of a symmetric matrix, which is taken as (x + xᵀ)/2.
std::pair<Array, Array> eigh(const Array& x);

/// Eigenvalues and eigenvectors (columns of length 1 whose greatest component, the first of equals,
/// is real and positive) of any square matrix, both complex64. They ascend by real parts, and where
/// those are equal but for rounding by imaginary parts. The derivative of an eigenvector exists
/// where its eigenvalue is a single one.
/// Shapes: (…, n, n) → (…, n), (…, n, n).
std::pair<Array, Array> eig(const Array& x);

/// The X with a X = b. Shapes: (…, n, n), (…, n) or (…, n, k) → b's; b is a vector where it has one
/// axis less than a.
Array solve(const Array& a, const Array& b);
/// The same for a triangular `a`, of which the other triangle is not read.
Array solve_triangular(const Array& a, const Array& b, bool lower = false);
Array inv(const Array& x);
Array det(const Array& x);
/// Sign and log |det|; 0 and −∞ for a singular matrix.
std::pair<Array, Array> slogdet(const Array& x);
Array logdet(const Array& x);

/// The x of least ‖x‖ that minimizes ‖a x − b‖. Singular values up to `rcond` times the greatest
/// count as 0; without it, ε max(m, n).
/// Shapes: (m, n), (m,) or (m, k) → (n,) or (n, k).
Array lstsq(const Array& a, const Array& b, std::optional<double> rcond = {});
/// The Moore-Penrose inverse; `rcond` as in lstsq, without it 10 ε max(m, n).
Array pinv(const Array& x, std::optional<double> rcond = {});
/// The number (int32) of singular values above `tol`; without it, ε max(m, n) times the greatest.
Array matrix_rank(const Array& x, std::optional<double> tol = {});
/// x multiplied by itself n − 1 times; 0: the identity, negative: of the inverse.
Array matrix_power(const Array& x, int64_t n);

struct NormOptions {
  /// "" (the 2-norm of all elements or of vectors, Frobenius' of matrices), "fro", "nuc", or a
  /// number: "1", "-1", "2", "inf", "-inf", "0", "3.5", ….
  std::string ord = "";
  std::vector<int64_t> axis = {};  ///< one axis: vectors; two: matrices; none: all of x
  bool keepdims = false;
};
/// Errors: ValueError for an order that vectors or matrices do not have.
Array norm(const Array& x, const NormOptions& options = {});

}  // namespace danlu
