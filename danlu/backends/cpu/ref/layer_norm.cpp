#include "danlu/backends/cpu/ref/layer_norm.h"

#include <cmath>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/nn/layer_norm_attrs.h"

namespace danlu::cpu::ref {
namespace {

std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1];
  const int64_t rows = q.outputs[1].shape.num_elements();
  const double epsilon = q.attrs_as<LayerNormAttrs>().epsilon;
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel([=](const KernelArgs& args) {
      const T *x = args.in<T>(0), *gamma = args.in<T>(1), *beta = args.in<T>(2);
      T* y = args.out<T>(0);
      for (int64_t row = 0; row < rows; ++row, x += n, y += n) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < n; ++i) mean += static_cast<double>(x[i]);
        mean /= static_cast<double>(n);
        for (int64_t i = 0; i < n; ++i) {
          const double off = static_cast<double>(x[i]) - mean;
          variance += off * off;
        }
        const double factor = 1 / std::sqrt(variance / static_cast<double>(n) + epsilon);
        for (int64_t i = 0; i < n; ++i) {
          y[i] = static_cast<T>((static_cast<double>(x[i]) - mean) * factor *
                                    static_cast<double>(gamma[i]) +
                                static_cast<double>(beta[i]));
        }
        args.out<T>(1)[row] = static_cast<T>(mean);
        args.out<T>(2)[row] = static_cast<T>(factor);
      }
    });
  });
}

}  // namespace

KernelDef layer_norm() { return {"ref", takes_everything, prepare}; }

}  // namespace danlu::cpu::ref
