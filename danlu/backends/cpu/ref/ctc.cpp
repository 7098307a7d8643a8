#include "danlu/backends/cpu/ref/ctc.h"

#include "danlu/backends/cpu/ctc_lattice.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

std::unique_ptr<Kernel> prepare_loss(const KernelQuery& q) {
  const CtcGeometry g(q);
  return dispatch_float(q.inputs[1].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [g](const KernelArgs& args) {
          auto* work = reinterpret_cast<double*>(args.scratch);
          for (int64_t i = 0; i < g.batch; ++i) {
            const auto sample = g.sample<T>(args, i);
            args.out<T>(0)[i] = static_cast<T>(ctc::Lattice<T>(g, sample, work, 2).loss());
          }
        },
        static_cast<size_t>(ctc::Lattice<T>::size(g, 2)) * sizeof(double));
  });
}

std::unique_ptr<Kernel> prepare_gradient(const KernelQuery& q) {
  const CtcGeometry g(q);
  return dispatch_float(q.inputs[1].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [g](const KernelArgs& args) {
          for (int64_t i = 0; i < g.batch; ++i) {
            ctc::gradient(g, g.sample<T>(args, i), reinterpret_cast<double*>(args.scratch),
                          args.out<T>(0) + i * g.steps * g.classes);
          }
        },
        static_cast<size_t>(ctc::gradient_size(g)) * sizeof(double));
  });
}

}  // namespace

KernelDef ctc_loss() { return {"ref", takes_everything, prepare_loss}; }
KernelDef ctc_loss_gradient() { return {"ref", takes_everything, prepare_gradient}; }

}  // namespace danlu::cpu::ref
