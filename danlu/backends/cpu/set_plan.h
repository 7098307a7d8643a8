#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "danlu/backends/cpu/batch_plan.h"

namespace danlu::cpu {

/// Sets of items with a result each: many sets go to the threads whole, the items of a single one
/// do.
struct SetPlan {
  int64_t sets;
  int set_threads;
  BatchPlan batch;  ///< the items of one set

  SetPlan(int64_t set_count, int64_t items, int max_threads, int64_t largest)
      : sets(set_count),
        set_threads(static_cast<int>(std::clamp<int64_t>(set_count, 1, std::max(1, max_threads)))),
        batch(items, set_count == 1 ? max_threads : 1, largest) {}

  int threads() const { return set_threads * batch.threads; }
  /// Calls f(set, its scratch of `bytes`) for every set.
  template <class F>
  void for_each_set(std::byte* scratch, size_t bytes, F&& f) const {
    parallel_chunks(set_threads, [&](int chunk) {
      const Range range = chunk_range(sets, set_threads, chunk);
      for (int64_t set = range.begin; set < range.end; ++set) {
        f(set, scratch + bytes * static_cast<size_t>(chunk));
      }
    });
  }
};

}  // namespace danlu::cpu
