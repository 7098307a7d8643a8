#pragma once

#include <pthread.h>

#include <chrono>
#include <vector>

namespace danlu {

/// Keeps the workers of a pool off the processor of the thread that gives them work: there they
/// could only take turns with it. A scheduler that would rather fill one processor than wake
/// another (one that packs virtual ones, or that puts whoever is woken beside its waker) leaves
/// both together for many milliseconds.
class ThreadPlacement {
 public:
  void add(pthread_t worker);
  /// To be called by whoever is about to give work. A system call only where it has moved.
  void keep_off_caller();

 private:
  void keep_off(int processor);

  std::vector<pthread_t> workers_;
  int kept_off_ = -1;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace danlu
