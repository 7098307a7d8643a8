#include "danlu/backends/cpu/simd/reduce.h"

#include <algorithm>

#include "danlu/backends/cpu/simd/reduce_rows.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/reduction/reduction_attrs.h"

namespace danlu::cpu::simd {
namespace {

enum class Where { none, all, leading, trailing, mixed };

struct Split {
  Where where = Where::none;
  int64_t outer = 1, inner = 1;
};

/// Which part of the input is reduced. Axes of length 1 count as either.
Split split_of(const KernelQuery& query) {
  const Shape& shape = query.inputs[0].shape;
  const auto& axes = query.attrs_as<ReductionAttrs>().axes;
  Split split;
  bool first = true, first_reduced = false, changed = false;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool reduced = std::binary_search(axes.begin(), axes.end(), axis);
    if (first) first_reduced = reduced;
    first = false;
    if (changed && reduced == first_reduced) return {.where = Where::mixed};
    changed = changed || reduced != first_reduced;
    (changed ? split.inner : split.outer) *= shape[axis];
  }
  if (changed) {
    split.where = first_reduced ? Where::leading : Where::trailing;
  } else if (first_reduced) {
    split = {Where::all, 1, split.outer};
  }
  return split;
}

std::string float_refusal(const KernelQuery& query) {
  return query.inputs[0].dtype == DType::float32 ? "" : "only float32 is reduced here";
}

std::string sum_refusal(const KernelQuery& query) {
  const Where where = split_of(query).where;
  if (where == Where::mixed) return "the reduced axes stand neither first nor last";
  if (where == Where::none) return "nothing is reduced";
  return float_refusal(query);
}

std::unique_ptr<Kernel> prepare_sum(const KernelQuery& query) {
  const Split split = split_of(query);
  const TileStore store = split.where == Where::all       ? TileStore::sum_all
                          : split.where == Where::leading ? TileStore::sum_outer
                                                          : TileStore::sum_inner;
  const TileProgram program{.inputs = {{}}, .outputs = {{DType::float32, store, 0}}};
  return make_tile_kernel(program, {{split.outer, split.inner}}, query.threads, query.isa);
}

std::string rows_refusal(const KernelQuery& query) {
  const Where where = split_of(query).where;
  if (where != Where::all && where != Where::trailing) return "the reduced axes do not stand last";
  return float_refusal(query);
}

/// Rows [begin, end) of each chunk; `loop` writes one Out per row.
template <class Out>
std::unique_ptr<Kernel> prepare_rows(const KernelQuery& query,
                                     void (*loop)(const float*, size_t, size_t, Out*)) {
  const Split split = split_of(query);
  const int chunks = static_cast<int>(std::clamp<int64_t>(split.outer, 1, query.threads));
  return simple_kernel(
      [split, chunks, loop](const KernelArgs& args) {
        parallel_chunks(chunks, [&](int chunk) {
          const Range rows = chunk_range(split.outer, chunks, chunk);
          loop(args.in<float>(0) + rows.begin * split.inner,
               static_cast<size_t>(rows.end - rows.begin), static_cast<size_t>(split.inner),
               args.out<Out>(0) + rows.begin);
        });
      },
      0, chunks);
}

}  // namespace

KernelDef sum() { return {"simd", sum_refusal, prepare_sum}; }
KernelDef max() {
  return {"simd", rows_refusal,
          [](const KernelQuery& q) { return prepare_rows(q, row_loops(q.isa).max); }};
}
KernelDef min() {
  return {"simd", rows_refusal,
          [](const KernelQuery& q) { return prepare_rows(q, row_loops(q.isa).min); }};
}
KernelDef argmax() {
  return {"simd", rows_refusal,
          [](const KernelQuery& q) { return prepare_rows(q, row_loops(q.isa).argmax); }};
}
KernelDef argmin() {
  return {"simd", rows_refusal,
          [](const KernelQuery& q) { return prepare_rows(q, row_loops(q.isa).argmin); }};
}

}  // namespace danlu::cpu::simd
