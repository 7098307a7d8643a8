#include "danlu/backends/cpu/ref/layer_norm.h"

#include <cmath>
#include <vector>

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

std::unique_ptr<Kernel> prepare_backward(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1], rows = q.inputs[2].shape.num_elements();
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel([=](const KernelArgs& args) {
      const auto in = [&](int input, int64_t i) {
        return static_cast<double>(args.in<T>(input)[i]);
      };
      std::vector<double> gamma_grad(static_cast<size_t>(n)), beta_grad(static_cast<size_t>(n));
      for (int64_t row = 0; row < rows; ++row) {
        const double mean = in(2, row), factor = in(3, row);
        const auto normalized = [&](int64_t i) { return (in(0, row * n + i) - mean) * factor; };
        const auto inner = [&](int64_t i) { return in(4, row * n + i) * in(1, i); };
        double constant = 0, along = 0;
        for (int64_t i = 0; i < n; ++i) {
          const double g = in(4, row * n + i);
          constant += inner(i) / static_cast<double>(n);
          along += inner(i) * normalized(i) / static_cast<double>(n);
          gamma_grad[static_cast<size_t>(i)] += g * normalized(i);
          beta_grad[static_cast<size_t>(i)] += g;
        }
        for (int64_t i = 0; i < n; ++i) {
          args.out<T>(0)[row * n + i] =
              static_cast<T>(factor * (inner(i) - constant - normalized(i) * along));
        }
      }
      for (int64_t i = 0; i < n; ++i) {
        args.out<T>(1)[i] = static_cast<T>(gamma_grad[static_cast<size_t>(i)]);
        args.out<T>(2)[i] = static_cast<T>(beta_grad[static_cast<size_t>(i)]);
      }
    });
  });
}

}  // namespace

KernelDef layer_norm() { return {"ref", takes_everything, prepare}; }
KernelDef layer_norm_backward() { return {"ref", takes_everything, prepare_backward}; }

}  // namespace danlu::cpu::ref
