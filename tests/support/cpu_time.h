#pragma once

#include <time.h>

#include <algorithm>
#include <functional>

namespace danlu {

/// Least processor seconds of this thread for `work`, out of `repeats`: what other processes do
/// meanwhile is not counted.
inline double cpu_seconds(int repeats, const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    timespec before{}, after{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    work();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    best = std::min(
        best, double(after.tv_sec - before.tv_sec) + 1e-9 * double(after.tv_nsec - before.tv_nsec));
  }
  return best;
}

}  // namespace danlu
