#include "danlu/backends/cpu/ref/pool.h"

#include "danlu/backends/cpu/ref/conv.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

size_t doubles(int64_t count) { return static_cast<size_t>(count) * sizeof(double); }
double* scratch(const KernelArgs& args) { return reinterpret_cast<double*>(args.scratch); }

}  // namespace

KernelDef max_pool2d() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            return dispatch_real(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel([g](const KernelArgs& args) {
                max_pool_forward(g, args.in<T>(0), args.out<T>(0), args.out<uint8_t>(1));
              });
            });
          }};
}

KernelDef max_pool2d_backward() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const PoolGeometry g(q.outputs[0].shape, q.attrs_as<Pool2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    max_pool_backward(g, args.in<T>(0), args.in<uint8_t>(1), scratch(args));
                    copy_rounded(scratch(args), g.in_size(), args.out<T>(0));
                  },
                  doubles(g.in_size()));
            });
          }};
}

KernelDef max_pool2d_gather() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel([g](const KernelArgs& args) {
                const T* x = args.in<T>(0);
                const auto* index = args.in<uint8_t>(1);
                T* y = args.out<T>(0);
                g.for_each_window([&](int64_t out, const PoolGeometry::Window& window) {
                  for (int64_t c = 0; c < g.channels; ++c) {
                    const int64_t in = window.offset(index[out + c]);
                    y[out + c] = in >= 0 ? x[in + c] : static_cast<T>(0.0f);
                  }
                });
              });
            });
          }};
}

KernelDef average_pool2d() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const PoolGeometry g(q.inputs[0].shape, q.attrs_as<Pool2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    const T* x = args.in<T>(0);
                    T* y = args.out<T>(0);
                    double* sums = scratch(args);  // (channels)
                    g.for_each_window([&](int64_t out, const PoolGeometry::Window& window) {
                      std::fill(sums, sums + g.channels, 0.0);
                      int64_t count = 0;
                      window.for_each([&](int64_t in, int64_t) {
                        for (int64_t c = 0; c < g.channels; ++c) {
                          sums[c] += static_cast<double>(x[in + c]);
                        }
                        ++count;
                      });
                      for (int64_t c = 0; c < g.channels; ++c) {
                        y[out + c] = static_cast<T>(sums[c] / static_cast<double>(count));
                      }
                    });
                  },
                  doubles(g.channels));
            });
          }};
}

KernelDef average_pool2d_backward() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const PoolGeometry g(q.outputs[0].shape, q.attrs_as<Pool2DAttrs>());
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) {
                    const T* grad = args.in<T>(0);
                    double* dx = scratch(args);
                    std::fill(dx, dx + g.in_size(), 0.0);
                    g.for_each_window([&](int64_t out, const PoolGeometry::Window& window) {
                      int64_t count = 0;
                      window.for_each([&](int64_t, int64_t) { ++count; });
                      window.for_each([&](int64_t in, int64_t) {
                        for (int64_t c = 0; c < g.channels; ++c) {
                          dx[in + c] +=
                              static_cast<double>(grad[out + c]) / static_cast<double>(count);
                        }
                      });
                    });
                    copy_rounded(dx, g.in_size(), args.out<T>(0));
                  },
                  doubles(g.in_size()));
            });
          }};
}

}  // namespace danlu::cpu::ref
