#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace danlu {

/// Philox 4x32-10, the counter-based generator behind every random number in Danlu: block number
/// `counter` of the sequence called `key` is a pure function of the two, so any part of a sequence
/// can be computed by any thread in any order.
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
struct Philox4x32 {
  using Counter = std::array<uint32_t, 4>;
  using Key = std::array<uint32_t, 2>;
  using Block = std::array<uint32_t, 4>;

  static constexpr int kRounds = 10;
  static constexpr uint32_t kMultiplier0 = 0xD2511F53u;
  static constexpr uint32_t kMultiplier1 = 0xCD9E8D57u;
  static constexpr uint32_t kWeyl0 = 0x9E3779B9u;
  static constexpr uint32_t kWeyl1 = 0xBB67AE85u;

  /// Four uniform 32-bit words.
  static constexpr Block block(Counter counter, Key key) {
    for (int round = 0; round < kRounds; ++round) {
      const uint64_t p0 = uint64_t{kMultiplier0} * counter[0];
      const uint64_t p1 = uint64_t{kMultiplier1} * counter[2];
      counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
                 static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
      key[0] += kWeyl0;
      key[1] += kWeyl1;
    }
    return counter;
  }

  /// Block `low + 2^64 high` of the sequence `seed`, all words little end first.
  static constexpr Block block(uint64_t seed, uint64_t low, uint64_t high = 0) {
    return block(Counter{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
                         static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)},
                 Key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  }
};

/// A word as a float in [0, 1): its upper 24 bits times 2^-24.
constexpr float unit_float(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
/// Two words as a double in [0, 1): 53 bits times 2^-53.
constexpr double unit_double(uint32_t low, uint32_t high) {
  return static_cast<double>(((uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
}

/// Uniform in [0, bound) without bias, from the 64-bit words of `source`; `bound` must be positive.
/// Source: Lemire, "Fast random integer generation in an interval" (2019).
template <class Source>
uint64_t uniform_below(Source& source, uint64_t bound) {
  unsigned __int128 product = static_cast<unsigned __int128>(source.next_u64()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = (0 - bound) % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(source.next_u64()) * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}
/// The same from 32-bit words.
template <class Source>
uint32_t uniform_below32(Source& source, uint32_t bound) {
  uint64_t product = uint64_t{source.next_u32()} * bound;
  if (static_cast<uint32_t>(product) < bound) {
    const uint32_t threshold = (0 - bound) % bound;
    while (static_cast<uint32_t>(product) < threshold) {
      product = uint64_t{source.next_u32()} * bound;
    }
  }
  return static_cast<uint32_t>(product >> 32);
}

/// Reads one Philox sequence word by word; for host-side work such as shuffles and made-up data.
/// `stream` selects one of 2^64 independent sequences of the seed (an epoch, a purpose).
class PhiloxStream {
 public:
  explicit PhiloxStream(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t next_u32() {
    if (used_ == 4) {
      block_ = Philox4x32::block(seed_, position_++, stream_);
      used_ = 0;
    }
    return block_[used_++];
  }
  uint64_t next_u64() {
    const uint64_t low = next_u32();
    return low | (uint64_t{next_u32()} << 32);
  }
  /// Uniform in [0, 1).
  double uniform() {
    const uint32_t low = next_u32();
    return unit_double(low, next_u32());
  }
  /// Uniform in [0, bound); `bound` must be positive.
  uint64_t below(uint64_t bound) { return uniform_below(*this, bound); }
  /// The same from one word instead of two.
  uint32_t below32(uint32_t bound) { return uniform_below32(*this, bound); }
  /// Standard normal (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(6.283185307179586476925 * uniform());
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t position_ = 0;
  Philox4x32::Block block_{};
  int used_ = 4;
};

}  // namespace danlu
