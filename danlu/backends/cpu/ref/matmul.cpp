#include "danlu/backends/cpu/ref/matmul.h"

#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
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

KernelDef matmul() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const MatmulGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape,
                                   q.attrs_as<MatmulAttrs>());
            return dispatch(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              using Sum = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    Sum* sums = reinterpret_cast<Sum*>(args.scratch);
                    T* out = args.out<T>(0);
                    for (size_t i = 0; i < g.a_offsets.size(); ++i) {
                      for (int64_t row = 0; row < g.m; ++row, out += g.n) {
                        matmul_row(g, args.in<T>(0) + g.a_offsets[i],
                                   args.in<T>(1) + g.b_offsets[i], row, sums);
                        for (int64_t j = 0; j < g.n; ++j) out[j] = static_cast<T>(sums[j]);
                      }
                    }
                  },
                  static_cast<size_t>(g.n) * sizeof(Sum));
            });
          }};
}

}  // namespace danlu::cpu::ref
