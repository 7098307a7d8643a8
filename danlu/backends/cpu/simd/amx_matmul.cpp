#include "danlu/backends/cpu/simd/amx_matmul.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

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

/// Asks for rows [begin, end) of a matrix, for the first-level cache or the second.
template <int kLocality>
void fetch(const float* x, int64_t row, int64_t length, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t j = 0; j < length; j += 16) __builtin_prefetch(x + i * row + j, 0, kLocality);
  }
}

/// 32 lines over the depth of a panel: by steps of 32, by parts, by halves.
template <bool kOfB>
DANLU_AMX bool pack(const float* x, int64_t line, int64_t along, int64_t lines, int64_t depth,
                    std::byte* out) {
  bool strange = false;
  for (int64_t p = 0; p < depth; p += kStep, out += kStepBytes) {
    const int64_t next = p + kStep, more = std::min(kStep, depth - next);
    if (along == 1) {
      fetch<3>(x + next, line, more, 0, lines);
    } else {
      fetch<3>(x + next * along, along, lines, 0, more);
    }
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t count = std::min(kEdge, lines - half * kEdge);
      std::byte* tile = out + static_cast<size_t>(half) * kTileBytes;
      if (count <= 0) {
        for (int i = 0; i < kParts; ++i) std::memset(tile + 2 * i * kTileBytes, 0, kTileBytes);
      } else if (const float* at = x + half * kEdge * line + p * along; along == 1) {
        strange |= split<true, kOfB>(at, line, count, depth - p, tile);
      } else {
        strange |= split<false, kOfB>(at, along, count, depth - p, tile);
      }
    }
  }
  return strange;
}

/// Lines of a matrix that are fetched into the second-level cache while tiles multiply, few at a
/// time: loads of tiles would wait behind a whole panel of them.
class Ahead {
 public:
  Ahead() = default;
  Ahead(const float* x, int64_t row, int64_t length, int64_t rows)
      : at_(reinterpret_cast<const char*>(x)),
        row_(row * static_cast<int64_t>(sizeof(float))),
        length_(length * static_cast<int64_t>(sizeof(float))),
        rows_(rows) {}

  /// Cuts what there is into `turns`.
  void share_out(int64_t turns) { each_ = parts_of(parts_of(length_, kPair) * rows_, turns); }

  void fetch() {
    for (int64_t i = 0; i < each_ && rows_ > 0; ++i) {
      __builtin_prefetch(at_ + column_, 0, 2);
      column_ += kPair;
      if (column_ < length_) continue;
      column_ = 0;
      at_ += row_;
      --rows_;
    }
  }

 private:
  /// A line's neighbour comes with it.
  static constexpr int64_t kPair = 128;
  const char* at_ = nullptr;
  int64_t row_ = 0, length_ = 0;  ///< in bytes
  int64_t rows_ = 0, column_ = 0, each_ = 0;
};

/// 32 × 32 of c while it is added up, row by row.
constexpr size_t kSumBytes = kBlock * kBlock * sizeof(float);

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
DANLU_AMX void multiply(const Step& s, Ahead& ahead) {
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
    amx::add_products<kTall, true>(a, 2 * kTileBytes, b, [&] { ahead.fetch(); });
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

/// Memory: a word that says whether b is strange, panels of b, a block of a, a block of c. While c
/// is added up it is here: its rows' halves belong to two threads, whose caches would fetch the
/// ends of each other's over and over.
struct Layout {
  size_t b = kHeadBytes, a, c, end;
  Layout(int64_t m, int64_t n, int64_t k, bool keeps) {
    a = b + kPackBytes * static_cast<size_t>(keeps ? panels_of(n, k) : 1);
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

/// A block of c, depth by depth and panel by panel; true if a factor is strange.
bool compute(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue, const Layout& at,
             std::byte* memory, PackedPanels packed, size_t& kept) {
  bool strange = false;
  const int64_t blocks = parts_of(t.m, kBlock);
  for (int64_t begin = 0; begin < t.k; begin += kMostDepth) {
    const int64_t depth = std::min(kMostDepth, t.k - begin), steps = parts_of(depth, kStep);
    const bool last_depth = begin + depth == t.k;
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * kBlock;
      strange |= pack<false>(t.a + row * t.a_row + begin * t.a_column, t.a_row, t.a_column,
                             std::min(kBlock, t.m - row), depth, memory + at.a + i * kPackBytes);
    }
    auto* sum = reinterpret_cast<float*>(memory + at.c);
    for (int64_t column = 0; column < t.n; column += kBlock) {
      std::byte* b = memory + at.b + (packed.keeps ? kept++ * kPackBytes : 0);
      const int64_t columns = std::min(kBlock, t.n - column);
      Ahead ahead;
      if (!packed.ready) {
        strange |= pack<true>(t.b + column * b_column + begin * t.b_row, b_column, t.b_row, columns,
                              depth, b);
        const bool last = column + kBlock >= t.n;
        const int64_t next_begin = last ? begin + kMostDepth : begin;
        const int64_t next_column = last ? 0 : column + kBlock;
        const float* next = t.b + next_column * b_column + next_begin * t.b_row;
        const int64_t lines = std::min(kBlock, t.n - next_column);
        const int64_t length = std::min(kMostDepth, t.k - next_begin);
        if (length > 0) {
          ahead = b_column == 1 ? Ahead(next, t.b_row, lines, length)
                                : Ahead(next, b_column, length, lines);
          ahead.share_out(blocks * steps * kProducts);
        }
      }
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
                  .b = b,
                  .steps = steps,
                  .first = begin == 0,
                  .sum = sum,
                  .to = direct ? part.c : sum,
                  .to_row = direct ? part.c_row : kBlock},
                 ahead);
        if (last_depth) finish(part, direct ? nullptr : sum);
        if (t.k > kMostDepth) sum += kBlock * kBlock;
      }
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
