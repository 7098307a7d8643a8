#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "danlu/base/thread.h"

namespace danlu::cpu {

/// `count` items cut into one run of neighbours per thread, and each run into batches of at most
/// `most`. What a chunk gets depends on these numbers alone.
struct BatchPlan {
  int64_t count = 0;
  int threads = 1;
  int64_t most = 1;

  BatchPlan(int64_t item_count, int max_threads, int64_t largest)
      : count(item_count),
        threads(static_cast<int>(std::clamp<int64_t>(item_count, 1, std::max(1, max_threads)))),
        most(std::max<int64_t>(1, largest)) {}

  /// Every size a batch may have, largest first.
  std::vector<int64_t> sizes() const {
    std::vector<int64_t> all;
    for (int chunk = 0; chunk < threads; ++chunk) {
      for_each_batch(chunk, [&](int64_t, int64_t size) { all.push_back(size); });
    }
    std::sort(all.begin(), all.end(), std::greater<>());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }
  /// Calls f(begin, size) for the batches of one chunk, in order.
  template <class F>
  void for_each_batch(int chunk, F&& f) const {
    const Range range = chunk_range(count, threads, chunk);
    for (int64_t begin = range.begin; begin < range.end; begin += most) {
      f(begin, std::min<int64_t>(most, range.end - begin));
    }
  }
};

}  // namespace danlu::cpu
