#include "danlu/backends/cpu/simd/cumulative.h"

#include <algorithm>

#include "danlu/backends/cpu/rows.h"
#include "danlu/backends/cpu/simd/running_sum.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/reduction/cumulative_attrs.h"

namespace danlu::cpu::simd {
namespace {

constexpr int64_t kLongRow = 1 << 15;

std::string refusal(const KernelQuery& q) {
  if (q.attrs_as<CumulativeAttrs>().kind != CumulativeKind::sum) return "only sums are run here";
  return q.inputs[0].dtype == DType::float32 ? "" : "only float32 is summed here";
}

/// Rows of neighbours, shared out as they are.
std::unique_ptr<Kernel> rows_kernel(const KernelQuery& q, const Rows& rows) {
  const auto& [kind, axis, reverse, exclusive] = q.attrs_as<CumulativeAttrs>();
  const auto loop = running_sum_loops(q.isa).row;
  const int threads = static_cast<int>(std::clamp<int64_t>(rows.outer, 1, q.threads));
  return simple_kernel(
      [=, reverse = reverse, exclusive = exclusive](const KernelArgs& args) {
        for_each_row(rows, threads, [&](int64_t row, int) {
          const int64_t at = row * rows.length;
          loop(args.in<float>(0) + at, rows.length, 0, reverse, exclusive, args.out<float>(0) + at);
        });
      },
      0, threads);
}

/// Few long rows: each in parts, of which the totals come first.
std::unique_ptr<Kernel> parts_kernel(const KernelQuery& q, const Rows& rows) {
  const auto& [kind, axis, reverse, exclusive] = q.attrs_as<CumulativeAttrs>();
  const RunningSumLoops& loops = running_sum_loops(q.isa);
  const int parts = q.threads;
  return simple_kernel(
      [=, &loops, reverse = reverse, exclusive = exclusive](const KernelArgs& args) {
        auto* totals = reinterpret_cast<double*>(args.scratch);
        for (int64_t row = 0; row < rows.outer; ++row) {
          const float* x = args.in<float>(0) + row * rows.length;
          float* y = args.out<float>(0) + row * rows.length;
          const auto part = [&](int chunk) {
            return chunk_range(rows.length, parts, reverse ? parts - 1 - chunk : chunk);
          };
          parallel_chunks(parts, [&](int chunk) {
            const Range range = part(chunk);
            totals[chunk] = loops.total(x + range.begin, range.end - range.begin);
          });
          parallel_chunks(parts, [&](int chunk) {
            const Range range = part(chunk);
            double start = 0;
            for (int before = 0; before < chunk; ++before) start += totals[before];
            loops.row(x + range.begin, range.end - range.begin, start, reverse, exclusive,
                      y + range.begin);
          });
        }
      },
      static_cast<size_t>(parts) * sizeof(double), parts);
}

/// Columns side by side, shared out in blocks.
std::unique_ptr<Kernel> columns_kernel(const KernelQuery& q, const Rows& rows) {
  const auto& [kind, axis, reverse, exclusive] = q.attrs_as<CumulativeAttrs>();
  const auto step = running_sum_loops(q.isa).step;
  constexpr int64_t kBlock = 1024;
  const int64_t blocks = (rows.stride + kBlock - 1) / kBlock;
  const int threads = static_cast<int>(std::clamp<int64_t>(rows.outer * blocks, 1, q.threads));
  return simple_kernel(
      [=, reverse = reverse, exclusive = exclusive](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          auto* sums = reinterpret_cast<double*>(args.scratch) + chunk * kBlock;
          const Range range = chunk_range(rows.outer * blocks, threads, chunk);
          for (int64_t block = range.begin; block < range.end; ++block) {
            const int64_t column = block % blocks * kBlock;
            const int64_t width = std::min(kBlock, rows.stride - column);
            std::fill_n(sums, width, 0.0);
            for (int64_t k = 0; k < rows.length; ++k) {
              const int64_t line = reverse ? rows.length - 1 - k : k;
              const int64_t at = (block / blocks * rows.length + line) * rows.stride + column;
              step(args.in<float>(0) + at, width, exclusive, sums, args.out<float>(0) + at);
            }
          }
        });
      },
      static_cast<size_t>(threads * kBlock) * sizeof(double), threads);
}

std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const Rows rows(q.inputs[0].shape, q.attrs_as<CumulativeAttrs>().axis);
  if (rows.stride > 1) return columns_kernel(q, rows);
  const bool few = q.threads > 1 && rows.outer < q.threads && rows.length >= kLongRow;
  return few ? parts_kernel(q, rows) : rows_kernel(q, rows);
}

}  // namespace

KernelDef cumulative() { return {"simd", refusal, prepare}; }

}  // namespace danlu::cpu::simd
