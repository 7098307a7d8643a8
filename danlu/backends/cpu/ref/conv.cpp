#include "danlu/backends/cpu/ref/conv.h"

#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

size_t doubles(int64_t count) { return static_cast<size_t>(count) * sizeof(double); }
double* scratch(const KernelArgs& args) { return reinterpret_cast<double*>(args.scratch); }

}  // namespace

KernelDef conv2d() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const ConvGeometry g(q.inputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    conv_forward(g, args.in<T>(0), args.in<T>(1), scratch(args));
                    copy_rounded(scratch(args), g.out_size(), args.out<T>(0));
                  },
                  doubles(g.out_size()));
            });
          }};
}

KernelDef conv2d_backward_input() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const ConvGeometry g(q.outputs[0].shape, q.inputs[1].shape, q.attrs_as<Conv2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    conv_backward_input(g, args.in<T>(0), args.in<T>(1), scratch(args));
                    copy_rounded(scratch(args), g.in_size(), args.out<T>(0));
                  },
                  doubles(g.in_size()));
            });
          }};
}

KernelDef conv2d_backward_kernel() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto g = ConvGeometry::of_one_set(q.inputs[0].shape, q.attrs_as<Conv2DAttrs>());
            const int64_t count = q.outputs[0].shape.num_elements();
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g, count](const KernelArgs& args) {
                    const T *x = args.in<T>(0), *grad = args.in<T>(1);
                    T* out = args.out<T>(0);
                    for (T* end = out + count; out < end; out += g.kernel_size()) {
                      conv_backward_kernel(g, x, grad, scratch(args));
                      copy_rounded(scratch(args), g.kernel_size(), out);
                      x += g.in_size();
                      grad += g.out_size();
                    }
                  },
                  doubles(g.kernel_size()));
            });
          }};
}

}  // namespace danlu::cpu::ref
