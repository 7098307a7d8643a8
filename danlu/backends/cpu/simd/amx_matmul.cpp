#include "danlu/backends/cpu/simd/amx_matmul.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "danlu/backends/cpu/simd/amx_packing.h"
#include "danlu/backends/cpu/simd/amx_tiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

namespace danlu::cpu::simd {
namespace {

using namespace amx;

constexpr int64_t kMostDepth = 128;  ///< so that a panel of b stays in the first-level cache
/// A block of c that stays in the second-level cache while all of k is added to it.
constexpr int64_t kRowBlock = 480, kColumnBlock = 512;
constexpr int64_t kProducts = 6;  ///< of parts
constexpr size_t kPackBytes = kMostDepth / kStep * kStepBytes;

/// 32 × 32 of c while it is added up, row by row.
constexpr size_t kSumBytes = kBlock * kBlock * sizeof(float);

/// What goes on while tiles multiply.
struct Meanwhile {
  Ahead a, b;
  Packing packing;  ///< of the next panel of b

  void some() {
    a.fetch();
    b.fetch();
    packing.some();
  }
};

/// What is done with one panel of a and one of b.
struct Step {
  const std::byte *a, *b;
  int64_t steps;
  bool first;       ///< else the products are added to `sum`
  float *sum, *to;  ///< `to` may be `sum`
  int64_t to_row;
};

/// to (32 × 32, or its upper half) = the product of packed a and b.
template <bool kTall>
DANLU_AMX void multiply(const Step& s, Meanwhile& meanwhile) {
  constexpr size_t kRow = kBlock * sizeof(float);
  if (s.first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, s.sum, kRow);
    _tile_loadd(1, s.sum + kEdge, kRow);
    if constexpr (kTall) {
      _tile_loadd(2, s.sum + kEdge * kBlock, kRow);
      _tile_loadd(3, s.sum + kEdge * kBlock + kEdge, kRow);
    }
  }
  const std::byte *a = s.a, *b = s.b;
  for (int64_t i = 0; i < s.steps; ++i, a += kStepBytes, b += kStepBytes) {
    amx::add_products<kTall, true>(a, 2 * kTileBytes, b, [&] { meanwhile.some(); });
  }
  const size_t row = static_cast<size_t>(s.to_row) * sizeof(float);
  _tile_stored(0, s.to, row);
  _tile_stored(1, s.to + kEdge, row);
  if constexpr (kTall) {
    float* const below = s.to + kEdge * s.to_row;
    _tile_stored(2, below, row);
    _tile_stored(3, below + kEdge, row);
  }
}

int64_t depths_of(int64_t k) { return parts_of(k, kMostDepth); }
int64_t panels_of(int64_t n, int64_t k) { return parts_of(n, kBlock) * depths_of(k); }

/// The panels of b in the order of their use: by depths, and by columns.
class Panels {
 public:
  Panels(const MatmulBlock& t, int64_t b_column)
      : t_(t), b_column_(b_column), wide_(parts_of(t.n, kBlock)) {}

  int64_t count() const { return wide_ * depths_of(t_.k); }
  Packing packing(int64_t i, std::byte* to) const {
    return {at(i), b_column_, t_.b_row, lines(i), depth(i), true, to};
  }
  Ahead ahead(int64_t i) const {
    return b_column_ == 1 ? Ahead(at(i), t_.b_row, lines(i), depth(i))
                          : Ahead(at(i), b_column_, depth(i), lines(i));
  }

 private:
  int64_t column(int64_t i) const { return i % wide_ * kBlock; }
  int64_t row(int64_t i) const { return i / wide_ * kMostDepth; }
  int64_t lines(int64_t i) const { return std::min(kBlock, t_.n - column(i)); }
  int64_t depth(int64_t i) const { return std::min(kMostDepth, t_.k - row(i)); }
  const float* at(int64_t i) const { return t_.b + column(i) * b_column_ + row(i) * t_.b_row; }

  const MatmulBlock& t_;
  int64_t b_column_, wide_;
};

/// Part `i` of `parts` of a block of a, from `begin` of k on.
Ahead rows_ahead(const MatmulBlock& t, int64_t begin, int64_t i, int64_t parts) {
  const int64_t depth = std::min(kMostDepth, t.k - begin);
  const bool along = t.a_column == 1;
  const int64_t count = along ? t.m : depth;
  const int64_t first = count * i / parts, rows = count * (i + 1) / parts - first;
  const float* at = t.a + begin * t.a_column + first * (along ? t.a_row : t.a_column);
  return along ? Ahead(at, t.a_row, depth, rows) : Ahead(at, t.a_column, t.m, rows);
}

/// Memory: a word that says whether b is strange, panels of b, a block of a, a block of c. While c
/// is added up it is here: its rows' halves belong to two threads, whose caches would fetch the
/// ends of each other's over and over.
struct Layout {
  size_t b = kHeadBytes, a, c, end;
  Layout(int64_t m, int64_t n, int64_t k, bool keeps) {
    a = b + kPackBytes * static_cast<size_t>(keeps ? panels_of(n, k) : 2);
    const auto rows = static_cast<size_t>(parts_of(std::min(m, kRowBlock), kBlock));
    const auto columns = static_cast<size_t>(parts_of(std::min(n, kColumnBlock), kBlock));
    c = a + std::max(kPanelBytes, kPackBytes * rows);
    end = c + kSumBytes * (k > kMostDepth ? rows * columns : 1);
  }
};

size_t scratch_bytes(int64_t m, int64_t n, int64_t k, bool keeps) {
  return Layout(m, n, k, keeps).end;
}

/// Part of a block of c, at most 32 × 32, and what follows when it is complete.
struct Part {
  float* c;
  int64_t rows, columns, c_row;
  const float* bias;
  FusedActivation activation;
  EpilogueFunction epilogue;
};

void finish(const Part& p, const float* sum) {
  if (sum != nullptr) {
    const size_t bytes = static_cast<size_t>(p.columns) * sizeof(float);
    for (int64_t r = 0; r < p.rows; ++r) std::memcpy(p.c + r * p.c_row, sum + r * kBlock, bytes);
  }
  if (p.bias != nullptr || p.activation != FusedActivation::none) {
    p.epilogue(p.c, p.rows, p.columns, p.c_row, p.bias, p.activation);
  }
}

/// A block of c, depth by depth and panel by panel; true if a factor is strange. `kept` counts the
/// panels of b that are kept.
bool compute(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue, const Layout& at,
             std::byte* memory, PackedPanels packed, size_t& kept) {
  bool strange = false;
  const int64_t blocks = parts_of(t.m, kBlock), wide = parts_of(t.n, kBlock);
  const Panels panels(t, b_column);
  std::byte* first_panel = memory + at.b + (packed.keeps ? kept * kPackBytes : 0);
  const auto panel = [&](int64_t i) {
    return first_panel + (packed.keeps ? i : i % 2) * kPackBytes;
  };
  if (packed.keeps) kept += static_cast<size_t>(panels.count());
  if (!packed.ready) {
    Packing packing = panels.packing(0, panel(0));
    packing.rest();
    strange |= packing.is_strange();
  }
  int64_t current = 0;
  for (int64_t begin = 0; begin < t.k; begin += kMostDepth) {
    const int64_t depth = std::min(kMostDepth, t.k - begin), steps = parts_of(depth, kStep);
    const int64_t turns = blocks * steps * kProducts;
    const bool last_depth = begin + depth == t.k;
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * kBlock;
      Packing packing(t.a + row * t.a_row + begin * t.a_column, t.a_row, t.a_column,
                      std::min(kBlock, t.m - row), depth, false, memory + at.a + i * kPackBytes);
      packing.rest();
      strange |= packing.is_strange();
    }
    auto* sum = reinterpret_cast<float*>(memory + at.c);
    for (int64_t column = 0; column < t.n; column += kBlock, ++current) {
      const int64_t columns = std::min(kBlock, t.n - column);
      Meanwhile meanwhile;
      if (!last_depth) meanwhile.a = rows_ahead(t, begin + depth, column / kBlock, wide);
      if (!packed.ready) {
        if (const int64_t next = current + 1; next < panels.count()) {
          meanwhile.packing = panels.packing(next, panel(next));
        }
        if (current + 2 < panels.count()) meanwhile.b = panels.ahead(current + 2);
      }
      meanwhile.a.share_out(turns);
      meanwhile.b.share_out(turns);
      for (int64_t i = 0; i < blocks; ++i) {
        const int64_t row = i * kBlock;
        const Part part{.c = t.c + row * t.c_row + column,
                        .rows = std::min(kBlock, t.m - row),
                        .columns = columns,
                        .c_row = t.c_row,
                        .bias = t.bias == nullptr ? nullptr : t.bias + column,
                        .activation = t.activation,
                        .epilogue = epilogue};
        const bool whole = (part.rows == kBlock || part.rows == kEdge) && columns == kBlock;
        const bool direct = last_depth && whole;
        const auto function = part.rows <= kEdge ? multiply<false> : multiply<true>;
        function({.a = memory + at.a + i * kPackBytes,
                  .b = panel(current),
                  .steps = steps,
                  .first = begin == 0,
                  .sum = sum,
                  .to = direct ? part.c : sum,
                  .to_row = direct ? part.c_row : kBlock},
                 meanwhile);
        if (last_depth) finish(part, direct ? nullptr : sum);
        if (t.k > kMostDepth) sum += kBlock * kBlock;
      }
      meanwhile.packing.rest();
      strange |= meanwhile.packing.is_strange();
    }
  }
  return strange;
}

DANLU_AMX void run(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue,
                   PackedPanels packed) {
  static const TileConfig config;
  static const BlockedMatmul plain = blocked_matmul_function(Isa::avx512);
  const Layout at(t.m, t.n, t.k, packed.keeps);
  auto* memory = reinterpret_cast<std::byte*>(packed.memory);
  bool& strange = *reinterpret_cast<bool*>(memory);
  if (!packed.ready) strange = false;
  bool any_strange = strange;
  _tile_loadconfig(&config);
  for (int64_t row = 0; row < t.m && !any_strange; row += kRowBlock) {
    size_t kept = 0;
    for (int64_t column = 0; column < t.n; column += kColumnBlock) {
      MatmulBlock part = t;
      part.m = std::min(kRowBlock, t.m - row);
      part.n = std::min(kColumnBlock, t.n - column);
      part.a += row * t.a_row;
      part.b += column * b_column;
      part.c += row * t.c_row + column;
      if (part.bias != nullptr) part.bias += column;
      any_strange |= compute(part, b_column, epilogue, at, memory, packed, kept);
    }
    packed.ready = packed.keeps;
  }
  _tile_release();
  if (!any_strange) return;
  strange = true;
  plain.run(t, b_column, epilogue, {reinterpret_cast<float*>(memory + at.a)});
}

bool system_grants_tiles() {
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512bw")) {
    return false;
  }
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const bool tiles = (d >> 24 & 1) != 0, bfloat16 = (d >> 22 & 1) != 0;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return tiles && bfloat16 && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_amx() {
  static const bool has = [] {
    const char* limit = std::getenv("DANLU_ISA");
    const bool limited = limit != nullptr && *limit != '\0' && std::string_view(limit) != "amx";
    return !limited && cpu_isa() >= Isa::avx512 && system_grants_tiles();
  }();
  return has;
}

BlockedMatmul amx_matmul_function() {
  return {.rows = kEdge,
          .columns = kBlock,
          .pack_rows = 64,
          .scratch_bytes = scratch_bytes,
          .run = run};
}

}  // namespace danlu::cpu::simd

#else

namespace danlu::cpu::simd {

bool has_amx() { return false; }
BlockedMatmul amx_matmul_function() { return blocked_matmul_function(Isa::baseline); }

}  // namespace danlu::cpu::simd

#endif
