// The loops of simd/blocked_matmul.h.

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/backends/cpu/simd/blocked_matmul.h"
#include "danlu/backends/cpu/simd/transpose_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/blocked_matmul_loops.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The widest panel, in vectors, and the rows of c whose sums fit the registers beside `vectors`
// vectors of b and one of a.
constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 4 : 2;
constexpr int most_rows(int vectors) {
  constexpr int kSums = HWY_MAX_BYTES >= 64 ? 24 : 12;
  return std::min(12, kSums / vectors);
}
constexpr int kMostRows = most_rows(1);
/// A block of c that stays in the second-level cache while all of k is added to it.
constexpr int64_t kRowBlock = 480, kColumnBlock = 512;
constexpr int64_t kWidest = kVectors * int64_t{hn::MaxLanes(D())};
constexpr int64_t kPanelFloats = kPanelBytes / sizeof(float);

int64_t depths_of(int64_t k) {
  constexpr int64_t kMostDepth = kPanelFloats / kWidest;
  return std::max<int64_t>(1, (k + kMostDepth - 1) / kMostDepth);
}
int64_t panels(int64_t n, int64_t k) { return (n + kWidest - 1) / kWidest * depths_of(k); }

size_t scratch_bytes(int64_t, int64_t n, int64_t k, bool keeps) {
  return kPanelBytes * static_cast<size_t>(keeps ? panels(n, k) : 1);
}

/// A part of b, and what its product with a's rows adds to.
struct Panel {
  const float* b;
  int64_t b_row, b_column;
  int64_t depth, columns;
  const float* bias;  ///< what sums begin with, or null
  bool adds;          ///< to what c holds
  size_t last;        ///< columns of the last vector
  const float* a;
  int64_t a_row, a_column;
  float* c;
  int64_t c_row;
};

/// Where a block finds its panel's rows.
enum class Source : uint8_t {
  packed,  ///< one after another, whole vectors
  matrix,  ///< in b itself
  copied,  ///< in b itself, and they are packed for the next blocks
};

template <int kR, int kV, Source kSource>
void block(const Panel& t, const float* a, float* c, float* packed) {
  const D d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  V sums[kR][kV];
#pragma GCC unroll 4
  for (int v = 0; v < kV; ++v) {
    const bool whole = v + 1 < kV || t.last == kLanes;
    V start = hn::Zero(d);
    if (t.bias != nullptr) {
      const float* bias = t.bias + v * kLanes;
      start = whole ? hn::LoadU(d, bias) : load_some(d, bias, t.last);
    }
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const float* at = c + r * t.c_row + v * kLanes;
      sums[r][v] = !t.adds ? start : whole ? hn::LoadU(d, at) : load_some(d, at, t.last);
    }
  }
  const int64_t a_row = t.a_row, a_column = t.a_column;
  const int64_t b_row = kSource == Source::packed ? kV * kLanes : t.b_row;
  const float* b = kSource == Source::packed ? packed : t.b;
  const auto step = [&](const float* x, const float* y) HWY_ATTR {
    V row[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      const float* at = y + v * kLanes;
      if constexpr (kSource == Source::packed) {
        row[v] = hn::Load(d, at);
      } else {
        row[v] = v + 1 < kV || t.last == kLanes ? hn::LoadU(d, at) : load_some(d, at, t.last);
      }
      if constexpr (kSource == Source::copied) hn::Store(row[v], d, packed + v * kLanes);
    }
    if constexpr (kSource == Source::copied) packed += kV * kLanes;
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const V factor = hn::Set(d, x[r * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sums[r][v] = hn::MulAdd(factor, row[v], sums[r][v]);
    }
  };
  int64_t p = 0;
  for (; p + 2 <= t.depth; p += 2, a += 2 * a_column, b += 2 * b_row) {
    step(a, b);
    step(a + a_column, b + b_row);
  }
  if (p < t.depth) step(a, b);
#pragma GCC unroll 12
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      float* at = c + r * t.c_row + v * kLanes;
      if (v + 1 < kV || t.last == kLanes) {
        hn::StoreU(sums[r][v], d, at);
      } else {
        store_some(d, sums[r][v], at, t.last);
      }
    }
  }
}

using BlockFunction = void (*)(const Panel&, const float* a, float* c, float* packed);
/// By vectors and rows, each less one.
using BlockTable = std::array<std::array<BlockFunction, kMostRows>, kVectors>;

template <Source kSource, int kV, int... kR>
constexpr std::array<BlockFunction, kMostRows> blocks_of(std::integer_sequence<int, kR...>) {
  return {block<kR + 1, kV, kSource>...};
}
template <Source kSource, int... kV>
constexpr BlockTable block_table(std::integer_sequence<int, kV...>) {
  return {blocks_of<kSource, kV + 1>(std::make_integer_sequence<int, most_rows(kV + 1)>())...};
}
constexpr BlockTable kBlocks[] = {
    block_table<Source::packed>(std::make_integer_sequence<int, kVectors>()),
    block_table<Source::matrix>(std::make_integer_sequence<int, kVectors>()),
    block_table<Source::copied>(std::make_integer_sequence<int, kVectors>()),
};

/// out[p, j] = b[p, j] in rows of `width`, zeros beyond the columns; any strides.
void pack(const Panel& t, int64_t width, float* out) {
  for (int64_t j = t.columns; j < width; ++j) {
    for (int64_t p = 0; p < t.depth; ++p) out[p * width + j] = 0;
  }
  const int64_t fours = t.b_row == 1 ? t.columns / 4 * 4 : 0;
  constexpr int64_t kLine = 16;
  for (int64_t p = 0; p < t.depth; p += kLine) {
    const int64_t end = std::min(t.depth, p + kLine);
    for (int64_t j = 0; j < fours; j += 4) {
      const float* from = t.b + j * t.b_column;
      int64_t q = p;
      for (; q + 4 <= end; q += 4) {
        transpose_block(from + q, t.b_column, out + q * width + j, width);
      }
      for (; q < end; ++q) {
        for (int64_t i = 0; i < 4; ++i) out[q * width + j + i] = from[i * t.b_column + q];
      }
    }
    for (int64_t q = p; q < end; ++q) {
      for (int64_t j = fours; j < t.columns; ++j) {
        out[q * width + j] = t.b[q * t.b_row + j * t.b_column];
      }
    }
  }
}

/// Asks for part `i` of `parts` of the panel.
void fetch(const Panel& t, int64_t i, int64_t parts) {
  constexpr int64_t kLine = 16;
  const bool by_rows = t.b_column == 1;
  const int64_t lines = by_rows ? t.depth : t.columns, length = by_rows ? t.columns : t.depth;
  const int64_t stride = by_rows ? t.b_row : t.b_column;
  for (int64_t row = lines * i / parts; row < lines * (i + 1) / parts; ++row) {
    for (int64_t j = 0; j < length; j += kLine) __builtin_prefetch(t.b + row * stride + j, 0, 2);
  }
}

/// The product of a panel with `rows` rows of a, in blocks of nearly equal height, while `next`
/// comes nearer.
void add_panel(const Panel& panel, const Panel* next, int64_t rows, const PackedPanels& packed) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t vectors = (panel.columns + kLanes - 1) / kLanes;
  const int64_t most = most_rows(static_cast<int>(vectors));
  const int64_t blocks = (rows + most - 1) / most;
  Source source = blocks == 1 && !packed.keeps ? Source::matrix : Source::copied;
  if (packed.ready) source = Source::packed;
  if (panel.b_column != 1 && !packed.ready) {
    pack(panel, vectors * kLanes, packed.memory);
    source = Source::packed;
  }
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t begin = rows * i / blocks, end = rows * (i + 1) / blocks;
    if (next != nullptr && !packed.ready) fetch(*next, i, blocks);
    const BlockFunction function =
        kBlocks[static_cast<size_t>(source)][static_cast<size_t>(vectors - 1)]
               [static_cast<size_t>(end - begin - 1)];
    function(panel, panel.a + begin * panel.a_row, panel.c + begin * panel.c_row, packed.memory);
    source = Source::packed;
  }
}

/// A block of c, depth by depth and panel by panel.
void add_products(const MatmulBlock& t, int64_t b_column, PackedPanels packed) {
  constexpr auto kLanes = static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t depths = depths_of(t.k), count = panels(t.n, t.k), across = count / depths;
  const auto panel_at = [&](int64_t i) {
    const int64_t depth = i / across, column = i % across * kWidest;
    const int64_t begin = t.k * depth / depths, end = t.k * (depth + 1) / depths;
    const int64_t columns = std::min(kWidest, t.n - column);
    return Panel{.b = t.b + begin * t.b_row + column * b_column,
                 .b_row = t.b_row,
                 .b_column = b_column,
                 .depth = end - begin,
                 .columns = columns,
                 .bias = t.bias != nullptr ? t.bias + column : nullptr,
                 .adds = t.adds || depth > 0,
                 .last = static_cast<size_t>((columns - 1) % kLanes + 1),
                 .a = t.a + begin * t.a_column,
                 .a_row = t.a_row,
                 .a_column = t.a_column,
                 .c = t.c + column,
                 .c_row = t.c_row};
  };
  Panel panel = panel_at(0);
  for (int64_t i = 1; i < count; ++i) {
    const Panel next = panel_at(i);
    add_panel(panel, &next, t.m, packed);
    panel = next;
    if (packed.keeps) packed.memory += kPanelFloats;
  }
  add_panel(panel, nullptr, t.m, packed);
}

void run(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue, PackedPanels packed) {
  float* const first = packed.memory;
  for (int64_t row = 0; row < t.m; row += kRowBlock) {
    for (int64_t column = 0; column < t.n; column += kColumnBlock) {
      MatmulBlock part = t;
      part.m = std::min(kRowBlock, t.m - row);
      part.n = std::min(kColumnBlock, t.n - column);
      part.a += row * t.a_row;
      part.b += column * b_column;
      part.c += row * t.c_row + column;
      if (t.bias != nullptr) part.bias += column;
      add_products(part, b_column, packed);
      if (packed.keeps) packed.memory += panels(part.n, t.k) * kPanelFloats;
      if (t.activation != FusedActivation::none) {
        epilogue(part.c, part.m, part.n, part.c_row, nullptr, t.activation);
      }
    }
    packed.memory = first;
    packed.ready = packed.keeps;
  }
}

}  // namespace

BlockedMatmul blocked_choice() {
  return {.rows = 6,
          .columns = static_cast<int64_t>(hn::Lanes(D())),
          .pack_rows = 16,
          .scratch_bytes = scratch_bytes,
          .run = run};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

BlockedMatmul blocked_matmul_function(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::blocked_choice();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::blocked_choice();
#endif
  (void)isa;
  return HWY_STATIC_DISPATCH(blocked_choice)();
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
