#include "danlu/backends/cpu/ref/fused.h"

#include <cmath>

#include "danlu/backends/cpu/ref/conv.h"
#include "danlu/backends/cpu/ref/matmul.h"
#include "danlu/backends/cpu/ref/pool.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/fused_attrs.h"

namespace danlu::cpu::ref {
namespace {

size_t doubles(int64_t count) { return static_cast<size_t>(count) * sizeof(double); }
double* scratch(const KernelArgs& args) { return reinterpret_cast<double*>(args.scratch); }

double activate(double x, FusedActivation activation) {
  switch (activation) {
    case FusedActivation::relu:
      return x <= 0 ? 0 : x;  // NaN stays
    case FusedActivation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case FusedActivation::tanh:
      return std::tanh(x);
    case FusedActivation::none:
      break;
  }
  return x;
}

// activation(values + bias) in place; rows of `channels`; no bias if null.
template <class T>
void finish(double* values, int64_t count, int64_t channels, const T* bias,
            FusedActivation activation) {
  for (int64_t i = 0; i < count; i += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const double b = bias != nullptr ? static_cast<double>(bias[c]) : 0;
      values[i + c] = activate(values[i + c] + b, activation);
    }
  }
}

template <class T>
const T* bias_of(const KernelArgs& args, bool has_bias) {
  return has_bias ? args.in<T>(2) : nullptr;
}

}  // namespace

KernelDef fused_matmul() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<FusedMatmulAttrs>();
            const MatmulGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape,
                                   attrs.matmul);
            const bool has_bias = q.inputs.size() > 2;
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g, has_bias, activation = attrs.activation](const KernelArgs& args) {
                    double* sums = scratch(args);
                    T* out = args.out<T>(0);
                    for (size_t i = 0; i < g.a_offsets.size(); ++i) {
                      for (int64_t row = 0; row < g.m; ++row, out += g.n) {
                        matmul_row(g, args.in<T>(0) + g.a_offsets[i],
                                   args.in<T>(1) + g.b_offsets[i], row, sums);
                        finish(sums, g.n, g.n, bias_of<T>(args, has_bias), activation);
                        copy_rounded(sums, g.n, out);
                      }
                    }
                  },
                  doubles(g.n));
            });
          }};
}

KernelDef fused_conv2d() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<FusedConv2DAttrs>();
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
            const bool has_bias = q.inputs.size() > 2;
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g, has_bias, activation = attrs.activation](const KernelArgs& args) {
                    double* image = scratch(args);
                    conv_forward(g, args.in<T>(0), args.in<T>(1), image);
                    finish(image, g.out_size(), g.filters, bias_of<T>(args, has_bias), activation);
                    copy_rounded(image, g.out_size(), args.out<T>(0));
                  },
                  doubles(g.out_size()));
            });
          }};
}

KernelDef conv2d_pool() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, attrs.conv);
            const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool);
            const bool has_bias = q.inputs.size() > 2;
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [=, activation = attrs.activation](const KernelArgs& args) {
                    double* image = scratch(args);
                    conv_forward(g, args.in<T>(0), args.in<T>(1), image);
                    finish(image, g.out_size(), g.filters, bias_of<T>(args, has_bias), activation);
                    double* pooled = image + g.out_size();
                    max_pool_forward(pool, image, pooled, args.out<uint8_t>(1));
                    copy_rounded(pooled, pool.out_size(), args.out<T>(0));
                  },
                  doubles(g.out_size() + pool.out_size()));
            });
          }};
}

KernelDef conv2d_pool_backward_kernel() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, attrs.conv);
            const PoolGeometry pool({g.batch, g.out_h, g.out_w, g.filters}, attrs.pool);
            const int64_t sets = q.outputs[0].shape.num_elements() / g.kernel_size();
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [=](const KernelArgs& args) {
                    double* spread = scratch(args);
                    double* dk = spread + g.out_size();
                    for (int64_t i = 0; i < sets; ++i) {
                      const int64_t pooled = i * pool.out_size();
                      max_pool_backward(pool, args.in<T>(1) + pooled, args.in<uint8_t>(2) + pooled,
                                        spread);
                      conv_backward_kernel(g, args.in<T>(0) + i * g.in_size(), spread, dk);
                      copy_rounded(dk, g.kernel_size(), args.out<T>(0) + i * g.kernel_size());
                    }
                  },
                  doubles(g.out_size() + g.kernel_size()));
            });
          }};
}

KernelDef conv2d_pool_backward_input() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<Conv2DPoolAttrs>();
            const ConvGeometry g(q.outputs[0].shape, q.inputs[2].shape, attrs.conv);
            const PoolGeometry pool(attrs.pool.result, attrs.pool);
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [=](const KernelArgs& args) {
                    double* spread = scratch(args);
                    double* dx = spread + g.out_size();
                    max_pool_backward(pool, args.in<T>(0), args.in<uint8_t>(1), spread);
                    conv_backward_input(g, spread, args.in<T>(2), dx);
                    copy_rounded(dx, g.in_size(), args.out<T>(0));
                  },
                  doubles(g.out_size() + g.in_size()));
            });
          }};
}

}  // namespace danlu::cpu::ref
