#include "danlu/backends/cpu/simd/reduce.h"

#include <algorithm>
#include <type_traits>

#include "danlu/backends/cpu/simd/reduce_rows.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/tile_table.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/half.h"
#include "danlu/base/thread.h"
#include "danlu/ops/reduction/reduction_attrs.h"

namespace danlu::cpu::simd {
namespace {

enum class Where { none, all, leading, trailing, middle, mixed };

/// Which part of the input is reduced: neighbouring axes of which all are reduced, or none, count
/// as one. Axes of length 1 count as either.
struct Split {
  Where where = Where::none;
  int64_t blocks = 1;  ///< before a middle part: as many reductions of a leading one
  int64_t outer = 1, inner = 1;
};

Split split_of(const KernelQuery& query) {
  const Shape& shape = query.inputs[0].shape;
  const auto& axes = query.attrs_as<ReductionAttrs>().axes;
  std::vector<int64_t> lengths;
  bool first_reduced = false, last_reduced = false;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool reduced = std::binary_search(axes.begin(), axes.end(), axis);
    if (lengths.empty()) {
      first_reduced = reduced;
    } else if (reduced == last_reduced) {
      lengths.back() *= shape[axis];
      continue;
    }
    lengths.push_back(shape[axis]);
    last_reduced = reduced;
  }
  if (lengths.size() < 2) {
    return first_reduced ? Split{Where::all, 1, 1, lengths[0]} : Split{};
  }
  if (lengths.size() == 2) {
    return {first_reduced ? Where::leading : Where::trailing, 1, lengths[0], lengths[1]};
  }
  if (lengths.size() == 3 && !first_reduced) {
    return {Where::middle, lengths[0], lengths[1], lengths[2]};
  }
  return {.where = Where::mixed};
}

constexpr int64_t kGroup = 1 << 15;  ///< elements that are summed before float64 is needed

std::string float_refusal(const KernelQuery& query) {
  return query.inputs[0].dtype == DType::float32 ? "" : "only float32 is reduced here";
}

/// Whether whole rows can be added up.
bool adds_rows(const Split& split) {
  const bool rows = split.where == Where::leading || split.where == Where::middle;
  return rows && split.inner >= 16 && split.outer > 0;
}

std::string sum_refusal(const KernelQuery& query) {
  const Split split = split_of(query);
  if (split.where == Where::mixed) return "the reduced axes do not stand together";
  if (split.where == Where::none) return "nothing is reduced";
  if (query.inputs[0].dtype == DType::bfloat16) {
    return adds_rows(split) ? "" : "bfloat16 is summed here only row by row";
  }
  return float_refusal(query);
}

/// Sums of columns: rows added up in groups, which are summed in float32 and collected in float64.
/// Groups of bfloat16 are made float32 first.
template <class T>
struct ColumnSums {
  int64_t columns, group;
  const TileTable& table;

  ColumnSums(const Split& split, Isa isa)
      : columns(split.inner),
        group(std::clamp<int64_t>(kGroup / (kConverts ? 4 : 1) / split.inner, 8, 64)),
        table(tile_table(isa)) {}
  /// For one thread.
  size_t scratch_bytes() const {
    const int64_t floats = kConverts ? (group * columns + 15) / 16 * 16 : 0;
    return static_cast<size_t>((columns + 7) / 8 * 8) * sizeof(double) +
           static_cast<size_t>(floats) * sizeof(float);
  }
  double* run(const T* x, int64_t rows, std::byte* scratch) const {
    auto* sums = reinterpret_cast<double*>(scratch);
    std::fill_n(sums, columns, 0.0);
    for (int64_t row = 0; row < rows; row += group) {
      const auto count = static_cast<size_t>(std::min(group, rows - row));
      const auto width = static_cast<size_t>(columns);
      const T* from = x + row * columns;
      if constexpr (kConverts) {
        auto* wide = reinterpret_cast<float*>(sums + (columns + 7) / 8 * 8);
        table.load[static_cast<size_t>(DType::bfloat16)](from, wide, count * width);
        table.sum_rows(wide, count, width, sums);
      } else {
        table.sum_rows(from, count, width, sums);
      }
    }
    return sums;
  }

 private:
  static constexpr bool kConverts = !std::is_same_v<T, float>;
};

template <class T>
std::unique_ptr<Kernel> prepare_column_sums(const KernelQuery& query, const Split& split) {
  const ColumnSums<T> columns(split, query.isa);
  const int chunks =
      static_cast<int>(std::clamp<int64_t>(split.outer / columns.group, 1, query.threads));
  const size_t each = columns.scratch_bytes();
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(chunks, [&](int chunk) {
          const Range rows = chunk_range(split.outer, chunks, chunk);
          columns.run(args.in<T>(0) + rows.begin * split.inner, rows.end - rows.begin,
                      args.scratch + static_cast<size_t>(chunk) * each);
        });
        for (int64_t i = 0; i < split.inner; ++i) {
          double sum = 0;
          for (int chunk = 0; chunk < chunks; ++chunk) {
            sum += reinterpret_cast<double*>(args.scratch + static_cast<size_t>(chunk) * each)[i];
          }
          args.out<T>(0)[i] = static_cast<T>(static_cast<float>(sum));
        }
      },
      static_cast<size_t>(chunks) * each, chunks);
}

template <class T>
std::unique_ptr<Kernel> prepare_block_sums(const KernelQuery& query, const Split& split) {
  const ColumnSums<T> columns(split, query.isa);
  const int chunks = static_cast<int>(std::clamp<int64_t>(split.blocks, 1, query.threads));
  const size_t each = columns.scratch_bytes();
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(chunks, [&](int chunk) {
          const Range blocks = chunk_range(split.blocks, chunks, chunk);
          for (int64_t i = blocks.begin; i < blocks.end; ++i) {
            const double* sums =
                columns.run(args.in<T>(0) + i * split.outer * split.inner, split.outer,
                            args.scratch + static_cast<size_t>(chunk) * each);
            std::transform(sums, sums + split.inner, args.out<T>(0) + i * split.inner,
                           [](double sum) { return static_cast<T>(static_cast<float>(sum)); });
          }
        });
      },
      static_cast<size_t>(chunks) * each, chunks);
}

template <class T>
std::unique_ptr<Kernel> prepare_row_sums(const KernelQuery& query, const Split& split) {
  return split.where == Where::middle ? prepare_block_sums<T>(query, split)
                                      : prepare_column_sums<T>(query, split);
}

std::unique_ptr<Kernel> prepare_sum(const KernelQuery& query) {
  const Split split = split_of(query);
  if (query.inputs[0].dtype == DType::bfloat16) return prepare_row_sums<bfloat16>(query, split);
  if (adds_rows(split)) return prepare_row_sums<float>(query, split);
  const TileStore store = split.where == Where::all        ? TileStore::sum_all
                          : split.where == Where::trailing ? TileStore::sum_inner
                                                           : TileStore::sum_outer;
  const TileProgram program{.inputs = {{}}, .outputs = {{DType::float32, store, 0}}};
  const bool middle = split.where == Where::middle;
  auto kernel = make_tile_kernel(program, {{split.outer, split.inner}}, middle ? 1 : query.threads,
                                 query.isa);
  if (!middle) return kernel;
  const int threads = static_cast<int>(std::clamp<int64_t>(split.blocks, 1, query.threads));
  const size_t scratch = (kernel->scratch_bytes() + 63) / 64 * 64;
  return simple_kernel(
      [=, block = std::shared_ptr<const Kernel>(std::move(kernel))](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(split.blocks, threads, chunk);
          KernelArgs part = args;
          part.scratch = args.scratch + scratch * static_cast<size_t>(chunk);
          for (int64_t i = range.begin; i < range.end; ++i) {
            const void* in = args.in<float>(0) + i * split.outer * split.inner;
            void* out = args.out<float>(0) + i * split.inner;
            part.inputs = &in;
            part.outputs = &out;
            block->run(part);
          }
        });
      },
      scratch * static_cast<size_t>(threads), threads);
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
