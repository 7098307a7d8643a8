#include "danlu/backends/cpu/ref/matmul.h"

#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
KernelDef matmul() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const MatmulGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape,
                                   q.attrs_as<MatmulAttrs>());
            return dispatch(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              using Sum = std::conditional_t<
                  std::is_integral_v<T>, uint64_t,
                  std::conditional_t<is_complex_type<T>, std::complex<double>, double>>;
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
