#include "danlu/backends/cpu/ref/resample.h"

#include <algorithm>

#include "danlu/backends/cpu/resample_plan.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const ResamplePlan plan(q);
  const int64_t line = plan.columns.to * plan.channels;
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [plan, line](const KernelArgs& args) {
          const Taps &rows = plan.rows, &columns = plan.columns;
          const int64_t c = plan.channels;
          auto* narrow = reinterpret_cast<double*>(args.scratch);  // (rows.from, columns.to, c)
          double* sum = narrow + rows.from * line;
          const T* x = args.in<T>(0);
          T* y = args.out<T>(0);
          for (int64_t image = 0; image < plan.images; ++image) {
            for (int64_t row = 0; row < rows.from; ++row, x += columns.from * c) {
              for (int64_t i = 0; i < line; ++i) {
                const int64_t column = i / c;
                double total = 0;
                for (int64_t t = 0; t < columns.width; ++t) {
                  const auto at = static_cast<size_t>(column);
                  total += columns.weights[at * static_cast<size_t>(columns.width) +
                                           static_cast<size_t>(t)] *
                           static_cast<double>(x[(columns.first[at] + t) * c + i % c]);
                }
                narrow[row * line + i] = total;
              }
            }
            for (int64_t row = 0; row < rows.to; ++row, y += line) {
              std::fill_n(sum, line, 0.0);
              for (int64_t t = 0; t < rows.width; ++t) {
                const auto at = static_cast<size_t>(row);
                const double weight =
                    rows.weights[at * static_cast<size_t>(rows.width) + static_cast<size_t>(t)];
                const double* from = narrow + (rows.first[at] + t) * line;
                for (int64_t i = 0; i < line; ++i) sum[i] += weight * from[i];
              }
              std::transform(sum, sum + line, y, [](double v) { return static_cast<T>(v); });
            }
          }
        },
        static_cast<size_t>((plan.rows.from + 1) * line) * sizeof(double));
  });
}

}  // namespace

KernelDef resample() { return {"ref", takes_everything, prepare}; }

}  // namespace danlu::cpu::ref
