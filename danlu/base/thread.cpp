#include "danlu/base/thread.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "danlu/base/error.h"

#ifndef DANLU_NO_OPENMP
#include <omp.h>
#endif

namespace danlu {
namespace {

std::atomic<bool> forked{false};
std::atomic<int> configured{0};

/// The whole number in an environment variable, in [1, 1024]; 0 if it is unset, −1 if it is none.
int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  return *end != '\0' || n < 1 || n > 1024 ? -1 : static_cast<int>(n);
}

int default_threads() {
  if (const int n = number_in("DANLU_NUM_THREADS"); n != 0) {
    if (n < 0) {
      throw ValueError({.where = "DANLU_NUM_THREADS",
                        .what = "The number of threads is not usable",
                        .expected = "a whole number from 1 to 1024",
                        .received = "'" + std::string(std::getenv("DANLU_NUM_THREADS")) + "'"});
    }
    return n;
  }
  int n = number_in("OMP_NUM_THREADS");
  if (n <= 0) {
    cpu_set_t processors;
    n = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 1;
  }
  const int limit = number_in("OMP_THREAD_LIMIT");
  return limit > 0 ? std::min(n, limit) : n;
}

}  // namespace

int num_threads() {
  int n = configured.load(std::memory_order_relaxed);
  if (n == 0) {
    n = default_threads();
    configured.store(n, std::memory_order_relaxed);
  }
  return n;
}

void set_num_threads(int n) {
  if (n < 1 || n > 1024) {
    throw ValueError({.where = "set_num_threads",
                      .what = "The number of threads is not usable",
                      .expected = "a whole number from 1 to 1024",
                      .received = std::to_string(n)});
  }
  configured.store(n, std::memory_order_relaxed);
}

void check_not_forked() {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
  (void)registered;
  if (forked.load(std::memory_order_relaxed)) {
    throw StateError({.where = "fork",
                      .what = "A child process made by fork cannot run plans",
                      .hint = "start Danlu in a new process, or fork before its first use"});
  }
}

Range chunk_range(long count, int chunks, int chunk, long grain) {
  if (chunks == 1) return {0, count};
  const long grains = (count + grain - 1) / grain;
  const long base = grains / chunks;
  const long extra = grains % chunks;
  const long begin = chunk * base + std::min<long>(chunk, extra);
  const long end = begin + base + (chunk < extra ? 1 : 0);
  return {std::min(count, begin * grain), std::min(count, end * grain)};
}

#ifndef DANLU_NO_OPENMP

ThreadScope::ThreadScope(int n) : previous_(omp_get_max_threads()) {
  if (n != previous_) omp_set_num_threads(n);
}

ThreadScope::~ThreadScope() {
  if (omp_get_max_threads() != previous_) omp_set_num_threads(previous_);
}

#else

ThreadScope::ThreadScope(int n) : previous_(n) {}
ThreadScope::~ThreadScope() = default;

#endif

}  // namespace danlu
