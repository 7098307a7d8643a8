#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"

#if defined(__x86_64__) && defined(__linux__)

#include <algorithm>

/// What goes on between products of tiles, whose unit is busy for 16 cycles with each: numbers are
/// fetched and split for the next ones.
namespace danlu::cpu::simd::amx {

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
  void share_out(int64_t turns) { each_ = parts_of(parts_of(length_, kLine) * rows_, turns); }

  void fetch() {
    for (int64_t i = 0; i < each_ && rows_ > 0; ++i) {
      __builtin_prefetch(at_ + column_, 0, 2);
      column_ += kLine;
      if (column_ < length_) continue;
      column_ = 0;
      at_ += row_;
      --rows_;
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char* at_ = nullptr;
  int64_t row_ = 0, length_ = 0;  ///< in bytes
  int64_t rows_ = 0, column_ = 0, each_ = 0;
};

/// The lines that 32 × 32 of a result will be stored to, fetched while it is computed: a store has
/// to wait for its line, and few can wait at once.
class AheadOfStores {
 public:
  AheadOfStores() = default;
  AheadOfStores(float* to, int64_t row, int64_t rows, int64_t turns)
      : at_(to), row_(row), rows_(rows), each_(parts_of(rows, turns)) {}

  void fetch() {
    for (int64_t i = 0; i < each_ && rows_ > 0; ++i, --rows_, at_ += row_) {
      fetch_line(at_);
      fetch_line(at_ + kEdge);
    }
  }

 private:
  static void fetch_line(const float* at) { __asm__ volatile("prefetchw %0" : : "m"(*at)); }

  float* at_ = nullptr;
  int64_t row_ = 0, rows_ = 0, each_ = 0;
};

/// A panel, which is 32 lines of a factor (see Lines) over a depth of any length, made parts: by
/// steps of 32, by parts, by halves. It can be done in pieces.
class Packing {
 public:
  Packing() = default;
  /// `line` and `along`: elements from line to line, and from one element of a line to the next.
  Packing(const float* x, int64_t line, int64_t along, int64_t lines, int64_t depth, bool of_b,
          std::byte* out)
      : x_(x),
        line_(line),
        along_(along),
        lines_(lines),
        depth_(depth),
        turns_((along == 1) == of_b),
        out_(out),
        tiles_(2 * parts_of(depth, kStep)) {}

  /// The next two rows of a tile; false if there are no more.
  bool some() {
    if (tile_ == tiles_) return false;
    split_some();
    return true;
  }
  void rest() {
    while (tile_ < tiles_) split_some();
  }
  /// Whether an element was strange (see split_rows).
  bool is_strange() const { return strange_; }

 private:
  static constexpr int64_t kRows = 2;

  DANLU_AMX [[gnu::noinline]] void split_some() {
    if (row_ == 0) begin_tile();
    const int64_t row = row_;
    std::byte* out = out_ + tile_ / 2 * kStepBytes + tile_ % 2 * kTileBytes + row * 64;
    if (turns_) {
      strange_ |= split_rows<kRows>(
          [&](int64_t i, int64_t half) DANLU_AMX { return turned_[half][row + i]; }, out);
    } else if (whole_) {
      fetch_next(row, row + kRows);
      strange_ |= split_rows<kRows>(
          [&](int64_t i, int64_t half) DANLU_AMX { return from_.load_whole(row + i, half); }, out);
    } else {
      strange_ |= split_rows<kRows>(
          [&](int64_t i, int64_t half) DANLU_AMX { return from_.load(row + i, half); }, out);
    }
    row_ = (row + kRows) % kEdge;
    if (row_ == 0) ++tile_;
  }

  DANLU_AMX void begin_tile() {
    const int64_t first = tile_ % 2 * kEdge, p = tile_ / 2 * kStep;
    from_ = {.x = x_ + (first < lines_ ? first * line_ : 0) + p * along_,
             .stride = along_ == 1 ? line_ : along_,
             .lines = lines_ - first,
             .depth = depth_ - p,
             .along_depth = along_ == 1};
    whole_ = from_.are_whole();
    if (!turns_) return;
    if (whole_) {
      fetch_next(0, kEdge);
      turn([&](int64_t i, int64_t half) DANLU_AMX { return from_.load_whole(i, half); }, turned_);
    } else {
      turn([&](int64_t i, int64_t half) DANLU_AMX { return from_.load(i, half); }, turned_);
    }
  }

  /// Asks for what stands 32 of k behind.
  void fetch_next(int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t half = 0; half < 2; ++half) {
        __builtin_prefetch(from_.at(i, half) + kStep * along_, 0, 3);
      }
    }
  }

  const float* x_ = nullptr;
  int64_t line_ = 0, along_ = 0, lines_ = 0, depth_ = 0;
  bool turns_ = false;  ///< rows of the factor become columns of tiles
  std::byte* out_ = nullptr;
  int64_t tiles_ = 0, tile_ = 0;  ///< of each part
  int64_t row_ = 0;
  Lines from_;  ///< of the current tile
  bool whole_ = false, strange_ = false;
  __m512 turned_[2][kEdge];
};

}  // namespace danlu::cpu::simd::amx

#endif
