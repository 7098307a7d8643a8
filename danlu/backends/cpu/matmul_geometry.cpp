#include "danlu/backends/cpu/matmul_geometry.h"

namespace danlu::cpu {
namespace {

// Where each matrix of a broadcast batch begins.
std::vector<int64_t> batch_offsets(const Shape& in, const Shape& out) {
  const int batch_rank = out.rank() - 2;
  const int missing = out.rank() - in.rank();
  std::vector<int64_t> strides(static_cast<size_t>(batch_rank), 0);
  int64_t stride = in[-1] * in[-2];
  for (int axis = batch_rank - 1; axis >= missing; --axis) {
    const int64_t length = in[axis - missing];
    strides[static_cast<size_t>(axis)] = length == 1 ? 0 : stride;
    stride *= length;
  }
  std::vector<int64_t> offsets = {0};
  for (int axis = 0; axis < batch_rank; ++axis) {
    std::vector<int64_t> longer;
    longer.reserve(offsets.size() * static_cast<size_t>(out[axis]));
    for (const int64_t base : offsets) {
      for (int64_t i = 0; i < out[axis]; ++i) {
        longer.push_back(base + i * strides[static_cast<size_t>(axis)]);
      }
    }
    offsets = std::move(longer);
  }
  return offsets;
}

}  // namespace

MatmulGeometry::MatmulGeometry(const Shape& a, const Shape& b, const Shape& out,
                               const MatmulAttrs& attrs)
    : m(out[-2]), n(out[-1]), k(a[attrs.transpose_a ? -2 : -1]) {
  a_row = attrs.transpose_a ? 1 : a[-1];
  a_column = attrs.transpose_a ? a[-1] : 1;
  b_row = attrs.transpose_b ? 1 : b[-1];
  b_column = attrs.transpose_b ? b[-1] : 1;
  a_offsets = batch_offsets(a, out);
  b_offsets = batch_offsets(b, out);
}

}  // namespace danlu::cpu
