// fill_permutation of danlu/data/dataset.h.

#include <algorithm>
#include <array>
#include <numeric>

#include "danlu/base/philox.h"
#include "danlu/data/dataset.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/data/permutation.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace danlu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Words of kBlocks blocks of Philox (danlu/base/philox.h) from block `position` on.
template <size_t kBlocks>
void philox_words(uint64_t seed, uint64_t position, uint64_t stream, uint32_t* words) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t block = 0; block < kBlocks; ++block, words += 4) {
    std::ranges::copy(Philox4x32::block(seed, position + block, stream), words);
  }
#else
  const hn::CappedTag<uint64_t, 8> d;
  const hn::Repartition<uint32_t, decltype(d)> d32;
  static_assert(kBlocks % hn::MaxLanes(d) == 0);
  // Of each lane the lower half counts; what is in the upper one never gets into it.
  const auto product = [&](auto x, uint32_t factor) HWY_ATTR {
    return hn::MulEven(hn::BitCast(d32, x), hn::Set(d32, factor));
  };
  const auto low = hn::Set(d, 0xffffffffu);
  for (size_t block = 0; block < kBlocks; block += hn::Lanes(d), words += 4 * hn::Lanes(d)) {
    auto c0 = hn::Iota(d, position + block);
    auto c1 = hn::ShiftRight<32>(c0);
    auto c2 = hn::Set(d, stream);
    auto c3 = hn::ShiftRight<32>(c2);
    auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < Philox4x32::kRounds; ++round) {
      const auto p0 = product(c0, Philox4x32::kMultiplier0);
      const auto p1 = product(c2, Philox4x32::kMultiplier1);
      c0 = hn::Xor3(hn::ShiftRight<32>(p1), c1, hn::Set(d, key0));
      c2 = hn::Xor3(hn::ShiftRight<32>(p0), c3, hn::Set(d, key1));
      c1 = p1;
      c3 = p0;
      key0 += Philox4x32::kWeyl0;
      key1 += Philox4x32::kWeyl1;
    }
    const auto first = hn::Or(hn::And(c0, low), hn::ShiftLeft<32>(c1));
    const auto second = hn::Or(hn::And(c2, low), hn::ShiftLeft<32>(c3));
    hn::StoreInterleaved2(first, second, d, reinterpret_cast<uint64_t*>(words));
  }
#endif
}

/// A Philox sequence, many blocks at a time.
class Words {
 public:
  Words(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}
  uint32_t next_u32() {
    if (used_ == words_.size()) {
      philox_words<kBlocks>(seed_, position_, stream_, words_.data());
      position_ += kBlocks;
      used_ = 0;
    }
    return words_[used_++];
  }
  uint64_t next_u64() {
    const uint64_t first = next_u32();
    return first | (uint64_t{next_u32()} << 32);
  }

 private:
  static constexpr size_t kBlocks = 16;
  uint64_t seed_, stream_, position_ = 0;
  alignas(64) std::array<uint32_t, 4 * kBlocks> words_;
  size_t used_ = words_.size();
};

void shuffle(std::span<int64_t> order, uint64_t seed, uint64_t stream) {
  std::iota(order.begin(), order.end(), int64_t{0});
  Words words(seed, stream);
  for (size_t i = order.size(); i > 1; --i) {
    const bool small = i <= UINT32_MAX;  // half as many words, and they are what costs
    const uint64_t other =
        small ? uniform_below32(words, static_cast<uint32_t>(i)) : uniform_below(words, i);
    std::swap(order[i - 1], order[other]);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu {

HWY_EXPORT(shuffle);

void fill_permutation(std::span<int64_t> order, uint64_t seed, int64_t epoch) {
  // Keeps shuffles apart from other uses of the same seed.
  constexpr uint64_t kShuffleStreams = uint64_t{0x5348} << 48;
  HWY_DYNAMIC_DISPATCH(shuffle)(order, seed, kShuffleStreams + static_cast<uint64_t>(epoch));
}

}  // namespace danlu
#endif  // HWY_ONCE
