#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"

/// What the records of matrix decompositions share.
namespace danlu::linalg {

/// Rows and columns of the matrices of input `input`. Errors: DTypeError unless float32 or float64,
/// ShapeError for fewer than two axes.
std::pair<int64_t, int64_t> matrix(const InferContext& context, int input = 0);
/// The order of square matrices. Errors: ShapeError too.
int64_t square(const InferContext& context, int input = 0);
/// The axes before the last two.
Shape batch_of(const Shape& shape);
/// `batch` with further axes.
Shape with_axes(const Shape& batch, std::initializer_list<int64_t> axes);
/// n³ times `factor` per matrix.
std::function<double(const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec>)>
flops_cubed(double factor);

/// Which matrices samples are filled with.
enum class Kind : uint8_t { general, square, symmetric, definite };
/// One matrix, a batch, a large one, none, of 1 × 1; square ones unless `kind` is general.
std::vector<OpSample> samples(Kind kind, AttrsPtr attrs = nullptr);
/// Matrices far from singular, with distinct eigenvalues and singular values.
void fill(Kind kind, int64_t rows, int64_t columns, std::span<double> values);

// --- in ops --------------------------------------------------------------------------------------

Array transposed(const Array& x);
/// The lower (row ≥ column) or upper triangle; `strict`: without the diagonal.
Array triangle(const Array& x, bool lower, bool strict = false);
/// (…, n) → (…, 1, n): what multiplies columns. As (…, n, 1): rows.
Array by_column(const Array& x);
Array by_row(const Array& x);
Array symmetric(const Array& x);
/// 1/x, and 0 where x is 0.
Array safe_reciprocal(const Array& x);

}  // namespace danlu::linalg
