#include "danlu/backends/cpu/simd/transpose.h"

#include <algorithm>
#include <optional>

#include "danlu/backends/cpu/simd/transpose_block.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu::cpu::simd {
namespace {

/// (batch, rows, columns) → (batch, columns, rows).
struct Matrices {
  int64_t batch = 1, rows = 1, columns = 1;
};

std::optional<Matrices> matrices_of(const KernelQuery& query) {
  const Shape& shape = query.inputs[0].shape;
  std::vector<int> axes;  // those longer than 1, in the output's order
  for (const int64_t axis : query.attrs_as<TransposeAttrs>().axes) {
    if (shape[static_cast<int>(axis)] != 1) axes.push_back(static_cast<int>(axis));
  }
  std::vector<int> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  Matrices result;
  size_t i = 0;
  for (; i < axes.size() && axes[i] == sorted[i]; ++i) result.batch *= shape[axes[i]];
  // What is left must be `sorted` rotated: the columns' axes, then the rows'.
  const auto rest = sorted.begin() + static_cast<std::ptrdiff_t>(i);
  size_t j = i;
  for (; j < axes.size() && (j == i || axes[j] > axes[j - 1]); ++j)
    result.columns *= shape[axes[j]];
  std::rotate(rest, sorted.end() - static_cast<std::ptrdiff_t>(j - i), sorted.end());
  if (sorted != axes) return std::nullopt;
  for (; j < axes.size(); ++j) result.rows *= shape[axes[j]];
  return result;
}

/// Columns [begin, end) of one matrix. Panels of 16 columns use whole cache lines of the input, and
/// the lines of the output they touch stay in the first-level cache.
void transpose_columns(const float* in, const Matrices& m, int64_t begin, int64_t end, float* out) {
  constexpr int64_t kPanel = 16;
  for (int64_t c0 = begin; c0 < end; c0 += kPanel) {
    const int64_t c1 = std::min(c0 + kPanel, end);
    int64_t r = 0;
    for (; r + 4 <= m.rows; r += 4) {
      int64_t c = c0;
      for (; c + 4 <= c1; c += 4) {
        transpose_block(in + r * m.columns + c, m.columns, out + c * m.rows + r, m.rows);
      }
      for (; c < c1; ++c) {
        for (int64_t k = r; k < r + 4; ++k) out[c * m.rows + k] = in[k * m.columns + c];
      }
    }
    for (; r < m.rows; ++r) {
      for (int64_t c = c0; c < c1; ++c) out[c * m.rows + r] = in[r * m.columns + c];
    }
  }
}

std::string refusal(const KernelQuery& query) {
  if (size_of(query.inputs[0].dtype) != sizeof(float)) return "elements are not 4 bytes long";
  if (!matrices_of(query)) return "the permutation is no batch of matrix transposes";
  return "";
}

std::unique_ptr<Kernel> prepare(const KernelQuery& query) {
  const Matrices m = *matrices_of(query);
  const int64_t work = m.batch * m.columns;
  const int chunks = static_cast<int>(std::clamp<int64_t>(work / 16, 1, query.threads));
  return simple_kernel(
      [m, work, chunks](const KernelArgs& args) {
        const float* in = args.in<float>(0);
        float* out = args.out<float>(0);
        parallel_chunks(chunks, [&](int chunk) {
          const Range range = chunk_range(work, chunks, chunk, 16);
          for (int64_t at = range.begin; at < range.end;) {
            const int64_t batch = at / m.columns, begin = at % m.columns;
            const int64_t end = std::min<int64_t>(m.columns, begin + range.end - at);
            const int64_t offset = batch * m.rows * m.columns;
            transpose_columns(in + offset, m, begin, end, out + offset);
            at += end - begin;
          }
        });
      },
      0, chunks);
}

}  // namespace

KernelDef transpose() { return {"simd", refusal, prepare}; }

}  // namespace danlu::cpu::simd
