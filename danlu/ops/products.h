#pragma once

#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

/// Sums of products over axes: all come down to `matmul`.
namespace danlu {

/// Of vectors the inner product, of matrices the matrix product; else the sum over the last axis of
/// `a` and the last but one of `b`. With a scalar, multiply.
Array dot(const Array& a, const Array& b);
/// The sum over the last axis of both; with a scalar, multiply.
Array inner(const Array& a, const Array& b);
/// All products of elements. Shapes: any of m and n elements → (m, n).
Array outer(const Array& a, const Array& b);
/// The inner product of the flattened inputs, a scalar.
Array vdot(const Array& a, const Array& b);
/// The sum over `axes_a` of a and `axes_b` of b, pair by pair; what is left of a stands first.
/// Errors: ShapeError when the axes do not match.
Array tensordot(const Array& a, const Array& b, const std::vector<int64_t>& axes_a,
                const std::vector<int64_t>& axes_b);
/// Over the last `axes` axes of a and the first of b.
Array tensordot(const Array& a, const Array& b, int64_t axes = 2);
/// Einstein's sum convention, as in NumPy: "ij,jk->ik", "...ij->...ji", "ii", …. The operands are
/// multiplied pair by pair, the cheapest pair first. Errors: ValueError for subscripts that are no
/// sum; ShapeError when they do not fit the operands.
Array einsum(const std::string& subscripts, const std::vector<Array>& operands);
/// Kronecker product: each element of a times all of b.
Array kron(const Array& a, const Array& b);

struct CrossOptions {
  int64_t axisa = -1;
  int64_t axisb = -1;
  int64_t axisc = -1;
  std::optional<int64_t> axis = {};  ///< instead of the three others
};
/// Cross product of vectors of 2 or 3 components along an axis; of two plane vectors only the third
/// component is left.
Array cross(const Array& a, const Array& b, const CrossOptions& options = {});
/// Σ a[n + k] v[n] for every k that `mode` asks for: "valid", "same" or "full". Shapes: vectors.
Array correlate(const Array& x1, const Array& x2, const std::string& mode = "valid");
/// Pearson's correlation of the rows of a matrix. Shapes: (variables, n) → (variables, variables).
Array corrcoef(const Array& x);
/// The integral of y by the trapezoidal rule along `axis`, at points x or `dx` apart.
Array trapezoid(const Array& y, const std::optional<Array>& x = {}, double dx = 1,
                int64_t axis = -1);

}  // namespace danlu
