#include "danlu/backends/cpu/ref/softmax.h"

#include <cmath>

#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

// Rows of x − max, and the sum of their exponentials. A row with +inf or NaN gives NaN.
template <bool kLog>
std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const int64_t classes = q.inputs[0].shape[-1];
  const int64_t rows = classes == 0 ? 0 : q.inputs[0].shape.num_elements() / classes;
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [classes, rows](const KernelArgs& args) {
          const T* x = args.in<T>(0);
          T* y = args.out<T>(0);
          auto* terms = reinterpret_cast<double*>(args.scratch);
          for (int64_t row = 0; row < rows; ++row, x += classes, y += classes) {
            auto top = static_cast<double>(x[0]);
            for (int64_t c = 1; c < classes; ++c) {
              top = std::max(top, static_cast<double>(x[c]));
            }
            double sum = 0;
            for (int64_t c = 0; c < classes; ++c) {
              const double shifted = static_cast<double>(x[c]) - top;
              const double e = std::exp(shifted);
              sum += e;
              terms[c] = kLog ? shifted : e;
            }
            const double log_sum = std::log(sum);
            for (int64_t c = 0; c < classes; ++c) {
              y[c] = static_cast<T>(kLog ? terms[c] - log_sum : terms[c] / sum);
            }
          }
        },
        static_cast<size_t>(classes) * sizeof(double));
  });
}

}  // namespace

KernelDef softmax() { return {"ref", takes_everything, prepare<false>}; }
KernelDef log_softmax() { return {"ref", takes_everything, prepare<true>}; }

}  // namespace danlu::cpu::ref
