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
/// Where all of b is kept packed, a's rows come in smaller blocks: nothing is multiplied while the
/// first one is packed.
constexpr size_t kKeptBytes = 512 * 1024;
constexpr int64_t kFewRows = 256;
constexpr int64_t kProducts = 6;  ///< of parts
constexpr size_t kPackBytes = kMostDepth / kStep * kStepBytes;

/// 32 × 32 of c while it is added up, row by row.
constexpr size_t kSumBytes = kBlock * kBlock * sizeof(float);

int64_t depths_of(int64_t k) { return parts_of(k, kMostDepth); }
int64_t panels_of(int64_t n, int64_t k) { return parts_of(n, kBlock) * depths_of(k); }

/// The panels of b in the order of their use: by depths, and by columns.
class ColumnPanels {
 public:
  ColumnPanels(const MatmulBlock& t, int64_t b_column)
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

/// A block of a over one depth: panel by panel made parts, in pieces.
class RowPanels {
 public:
  RowPanels() = default;
  /// `t` outlives this.
  RowPanels(const MatmulBlock& t, int64_t begin, std::byte* to)
      : t_(&t),
        begin_(begin),
        depth_(std::min(kMostDepth, t.k - begin)),
        to_(to),
        panels_(parts_of(t.m, kBlock)) {}

  void some() {
    if (packing_.some()) return;
    if (next_ == panels_) return;
    strange_ |= packing_.is_strange();
    const int64_t row = next_ * kBlock;
    packing_ = Packing(t_->a + row * t_->a_row + begin_ * t_->a_column, t_->a_row, t_->a_column,
                       std::min(kBlock, t_->m - row), depth_, false, to_ + next_ * kPackBytes);
    ++next_;
    packing_.some();
  }
  void rest() {
    while (next_ < panels_) {
      packing_.rest();
      some();
    }
    packing_.rest();
  }
  bool is_strange() const { return strange_ || packing_.is_strange(); }

  /// Parts [from, to) of `parts` of it.
  Ahead ahead(int64_t from, int64_t to, int64_t parts) const {
    if (t_ == nullptr) return {};
    const bool along = t_->a_column == 1;
    const int64_t count = along ? t_->m : depth_;
    const int64_t first = count * from / parts, rows = count * to / parts - first;
    const float* at = t_->a + begin_ * t_->a_column + first * (along ? t_->a_row : t_->a_column);
    return along ? Ahead(at, t_->a_row, depth_, rows) : Ahead(at, t_->a_column, t_->m, rows);
  }

 private:
  const MatmulBlock* t_ = nullptr;
  int64_t begin_ = 0, depth_ = 0;
  std::byte* to_ = nullptr;
  int64_t panels_ = 0, next_ = 0;
  Packing packing_;
  bool strange_ = false;
};

/// What goes on while tiles multiply.
struct Meanwhile {
  Ahead ahead_a, ahead_b;
  AheadOfStores ahead_c;
  Packing next_b;     ///< panel
  RowPanels* next_a;  ///< for the next depth or the next block
  RowTaker* taker;    ///< may be null

  void some() {
    ahead_a.fetch();
    ahead_b.fetch();
    ahead_c.fetch();
    if (!next_b.some()) next_a->some();
    if (taker != nullptr) taker->some();
  }
};

/// What is done with one panel of a and one of b.
struct Step {
  const std::byte *a, *b;
  int64_t steps;
  bool first;         ///< else the products are added to `sum`
  const float* bias;  ///< of 32 columns, which the first products are added to, or null
  float *sum, *to;    ///< `to` may be `sum`
  int64_t to_row;
};

/// to (32 × 32, or its upper half) = the product of packed a and b.
template <bool kTall>
DANLU_AMX void multiply(const Step& s, Meanwhile& meanwhile) {
  constexpr size_t kRow = kBlock * sizeof(float);
  if (s.first && s.bias != nullptr) {
    _tile_loadd(0, s.bias, 0);
    _tile_loadd(1, s.bias + kEdge, 0);
    _tile_loadd(2, s.bias, 0);
    _tile_loadd(3, s.bias + kEdge, 0);
  } else if (s.first) {
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

/// Memory: a word that says whether b is strange, panels of b, two blocks of a, a block of c. While
/// c is added up it is here: its rows' halves belong to two threads, whose caches would fetch the
/// ends of each other's over and over.
struct Layout {
  size_t b = kHeadBytes, a, a_bytes, c, end;
  Layout(int64_t m, int64_t n, int64_t k, bool keeps) {
    a = b + kPackBytes * static_cast<size_t>(keeps ? panels_of(n, k) : 2);
    const auto rows = static_cast<size_t>(parts_of(std::min(m, kRowBlock), kBlock));
    const auto columns = static_cast<size_t>(parts_of(std::min(n, kColumnBlock), kBlock));
    a_bytes = std::max(kPanelBytes, kPackBytes * rows);
    c = a + 2 * a_bytes;
    end = c + kSumBytes * (k > kMostDepth ? rows * columns : 1);
  }
};

bool is_kept(int64_t n, int64_t k) {
  return static_cast<size_t>(panels_of(n, k)) * kPackBytes <= kKeptBytes;
}
int64_t rows_of(int64_t n, int64_t k) { return is_kept(n, k) ? kFewRows : kRowBlock; }

size_t scratch_bytes(int64_t m, int64_t n, int64_t k, bool keeps) {
  return Layout(std::min(m, rows_of(n, k)), n, k, keeps || is_kept(n, k)).end;
}

/// Part of a block of c, at most 32 × 32, and what follows when it is complete.
struct Part {
  float* c;
  int64_t rows, columns, c_row;
  const float* bias;
  FusedActivation activation;
  EpilogueFunction epilogue;
};

void finish(const Part& p, const float* bias, const float* sum) {
  if (sum != nullptr) {
    const size_t bytes = static_cast<size_t>(p.columns) * sizeof(float);
    for (int64_t r = 0; r < p.rows; ++r) std::memcpy(p.c + r * p.c_row, sum + r * kBlock, bytes);
  }
  if (bias != nullptr || p.activation != FusedActivation::none) {
    p.epilogue(p.c, p.rows, p.columns, p.c_row, bias, p.activation);
  }
}

/// A product, block of rows by block of rows.
class Product {
 public:
  Product(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue, int64_t rows,
          const PackedPanels& packed, RowTaker* taker)
      : t_(t),
        b_column_(b_column),
        epilogue_(epilogue),
        rows_(rows),
        keeps_(packed.keeps || is_kept(t.n, t.k)),
        at_(std::min(rows, t.m), t.n, t.k, keeps_),
        memory_(reinterpret_cast<std::byte*>(packed.memory)),
        ready_(packed.ready),
        taker_(taker) {}

  DANLU_AMX void run() {
    static const TileConfig config;
    static const BlockedMatmul plain = blocked_matmul_function(Isa::avx512);
    bool& strange = *reinterpret_cast<bool*>(memory_);
    if (!ready_) strange = false;
    _tile_loadconfig(&config);
    MatmulBlock block = part(0, 0);
    for (int64_t row = 0; row < t_.m; row += rows_) {
      MatmulBlock whole = t_;
      whole.a += row * t_.a_row;
      whole.m = std::min(rows_, t_.m - row);
      whole.c =
          taker_ == nullptr ? t_.c + row * t_.c_row : taker_->begin(row, whole.m, turns(whole));
      kept_ = 0;
      for (int64_t column = 0; column < t_.n && !strange; column += kColumnBlock) {
        const bool more = column + kColumnBlock < t_.n;
        const int64_t next_row = more ? row : row + rows_;
        const MatmulBlock next = part(next_row, more ? column + kColumnBlock : 0);
        block.c = whole.c + column;
        strange |= compute(block, next_row < t_.m ? &next : nullptr);
        block = next;
      }
      if (strange) {
        plain.run(whole, b_column_, epilogue_, {reinterpret_cast<float*>(memory_ + at_.a)});
      }
      ready_ = keeps_;
    }
    _tile_release();
  }

 private:
  static int64_t turns(const MatmulBlock& t) {
    return parts_of(t.m, kBlock) * parts_of(t.n, kBlock) * parts_of(t.k, kStep) * kProducts;
  }

  MatmulBlock part(int64_t row, int64_t column) const {
    MatmulBlock part = t_;
    part.m = std::min(rows_, t_.m - row);
    part.n = std::min(kColumnBlock, t_.n - column);
    part.a += row * t_.a_row;
    part.b += column * b_column_;
    if (part.bias != nullptr) part.bias += column;
    return part;
  }

  std::byte* rows_memory(bool next) const {
    return memory_ + at_.a + (next != second_ ? at_.a_bytes : 0);
  }

  /// Depth by depth and panel by panel; true if a factor is strange. `next`: what follows, or null.
  bool compute(const MatmulBlock& t, const MatmulBlock* next) {
    const int64_t blocks = parts_of(t.m, kBlock), wide = parts_of(t.n, kBlock);
    const ColumnPanels panels(t, b_column_);
    std::byte* first_panel = memory_ + at_.b + kept_ * kPackBytes;
    const auto panel = [&](int64_t i) { return first_panel + (keeps_ ? i : i % 2) * kPackBytes; };
    if (keeps_) kept_ += static_cast<size_t>(panels.count());
    bool strange = false;
    if (!ready_) {
      Packing first = panels.packing(0, panel(0));
      first.rest();
      strange |= first.is_strange();
    }
    if (!has_rows_) {
      RowPanels first(t, 0, rows_memory(false));
      first.rest();
      strange |= first.is_strange();
    }
    int64_t current = 0;
    for (int64_t begin = 0; begin < t.k; begin += kMostDepth) {
      const int64_t depth = std::min(kMostDepth, t.k - begin), steps = parts_of(depth, kStep);
      const int64_t turns = blocks * steps * kProducts;
      const bool last_depth = begin + depth == t.k;
      RowPanels rows;
      if (!last_depth) rows = RowPanels(t, begin + depth, rows_memory(true));
      if (last_depth && next != nullptr) rows = RowPanels(*next, 0, rows_memory(true));
      auto* sum = reinterpret_cast<float*>(memory_ + at_.c);
      for (int64_t column = 0; column < wide; ++column, ++current) {
        Meanwhile meanwhile{.next_a = &rows, .taker = taker_};
        meanwhile.ahead_a =
            rows.ahead(column == 0 ? 0 : column + 1, std::min(column + 2, wide), wide);
        if (!ready_) {
          if (const int64_t following = current + 1; following < panels.count()) {
            meanwhile.next_b = panels.packing(following, panel(following));
          }
          if (current + 2 < panels.count()) meanwhile.ahead_b = panels.ahead(current + 2);
        }
        meanwhile.ahead_a.share_out(turns);
        meanwhile.ahead_b.share_out(turns);
        for (int64_t i = 0; i < blocks; ++i) {
          const int64_t row = i * kBlock;
          const Part part = part_of(t, row, column * kBlock);
          const bool whole = (part.rows == kBlock || part.rows == kEdge) && part.columns == kBlock;
          const bool direct = last_depth && whole;
          const bool with_bias = whole && part.bias != nullptr;
          if (direct)
            meanwhile.ahead_c = AheadOfStores(part.c, part.c_row, part.rows, turns / blocks);
          const auto function = part.rows <= kEdge ? multiply<false> : multiply<true>;
          function({.a = rows_memory(false) + i * kPackBytes,
                    .b = panel(current),
                    .steps = steps,
                    .first = begin == 0,
                    .bias = with_bias ? part.bias : nullptr,
                    .sum = sum,
                    .to = direct ? part.c : sum,
                    .to_row = direct ? part.c_row : kBlock},
                   meanwhile);
          if (last_depth) finish(part, with_bias ? nullptr : part.bias, direct ? nullptr : sum);
          if (t.k > kMostDepth) sum += kBlock * kBlock;
        }
        meanwhile.next_b.rest();
        strange |= meanwhile.next_b.is_strange();
      }
      rows.rest();
      strange |= rows.is_strange();
      second_ = !second_;
    }
    has_rows_ = next != nullptr;
    return strange;
  }

  Part part_of(const MatmulBlock& t, int64_t row, int64_t column) const {
    return {.c = t.c + row * t.c_row + column,
            .rows = std::min(kBlock, t.m - row),
            .columns = std::min(kBlock, t.n - column),
            .c_row = t.c_row,
            .bias = t.bias == nullptr ? nullptr : t.bias + column,
            .activation = t.activation,
            .epilogue = epilogue_};
  }

  const MatmulBlock& t_;
  int64_t b_column_;
  EpilogueFunction epilogue_;
  int64_t rows_;
  bool keeps_;
  Layout at_;
  std::byte* memory_;
  bool ready_;
  RowTaker* taker_;
  size_t kept_ = 0;        ///< panels of b, of blocks of columns before
  bool has_rows_ = false;  ///< the block of a was packed during the one before
  bool second_ = false;    ///< which memory it is in
};

void run(const MatmulBlock& t, int64_t b_column, EpilogueFunction epilogue, PackedPanels packed) {
  Product(t, b_column, epilogue, rows_of(t.n, t.k), packed, nullptr).run();
}

void run_by_rows(const MatmulBlock& t, int64_t b_column, int64_t rows, RowTaker& taker,
                 float* memory) {
  Product(t, b_column, nullptr, rows, {memory, true}, &taker).run();
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
          .run = run,
          .run_by_rows = run_by_rows};
}

}  // namespace danlu::cpu::simd

#else

namespace danlu::cpu::simd {

bool has_amx() { return false; }
BlockedMatmul amx_matmul_function() { return blocked_matmul_function(Isa::baseline); }

}  // namespace danlu::cpu::simd

#endif
