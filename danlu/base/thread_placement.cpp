#include "danlu/base/thread_placement.h"

#include <sched.h>

namespace danlu {
namespace {

/// Callers that take turns on several processors may not move the workers at every loop.
constexpr std::chrono::milliseconds kBetweenMoves{1};

}  // namespace

void ThreadPlacement::add(pthread_t worker) {
  workers_.push_back(worker);
  kept_off_ = -1;
  last_ = {};
}

void ThreadPlacement::keep_off_caller() {
  const int processor = sched_getcpu();
  if (processor == kept_off_ || processor < 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kBetweenMoves) return;
  last_ = now;
  keep_off(processor);
}

void ThreadPlacement::keep_off(int processor) {
  kept_off_ = processor;
  cpu_set_t others;
  if (pthread_getaffinity_np(pthread_self(), sizeof others, &others) != 0) return;
  CPU_CLR(processor, &others);
  // More workers than other processors: the rest may run anywhere. Where the system refuses,
  // workers stay where they are.
  const auto count = static_cast<size_t>(CPU_COUNT(&others));
  for (size_t i = 0; i < workers_.size() && i < count; ++i) {
    pthread_setaffinity_np(workers_[i], sizeof others, &others);
  }
}

}  // namespace danlu
