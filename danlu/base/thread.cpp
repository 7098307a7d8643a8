#include "danlu/base/thread.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "danlu/base/error.h"

#ifndef DANLU_NO_OPENMP
#include <omp.h>
#endif

namespace danlu {
namespace {

std::atomic<bool> forked{false};
std::atomic<int> configured{0};

int default_threads() {
  if (const char* text = std::getenv("DANLU_NUM_THREADS"); text != nullptr && *text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end != '\0' || n < 1 || n > 1024) {
      throw ValueError({.where = "DANLU_NUM_THREADS",
                        .what = "The number of threads is not usable",
                        .expected = "a whole number from 1 to 1024",
                        .received = "'" + std::string(text) + "'"});
    }
    return static_cast<int>(n);
  }
#ifdef DANLU_NO_OPENMP
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#else
  return omp_get_max_threads();
#endif
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
  const long grains = (count + grain - 1) / grain;
  const long base = grains / chunks;
  const long extra = grains % chunks;
  const long begin = chunk * base + std::min<long>(chunk, extra);
  const long end = begin + base + (chunk < extra ? 1 : 0);
  return {std::min(count, begin * grain), std::min(count, end * grain)};
}

#ifndef DANLU_NO_OPENMP

int effective_threads() {
  const int wanted = std::min(num_threads(), omp_get_thread_limit());
  if (wanted <= 1 || omp_in_parallel()) return 1;
  thread_local int probed_for = 0;
  thread_local int granted = 1;
  if (probed_for != wanted) {
    int team = 1;
#pragma omp parallel num_threads(wanted)
    {
#pragma omp single
      team = omp_get_num_threads();
    }
    granted = team;
    probed_for = wanted;
  }
  return granted;
}

namespace internal {

void run_chunks(int chunks, void (*body)(void*, int), void* data) {
#pragma omp parallel num_threads(chunks)
  {
    const int team = omp_get_num_threads();
    for (int chunk = omp_get_thread_num(); chunk < chunks; chunk += team) body(data, chunk);
  }
}

}  // namespace internal

ThreadScope::ThreadScope(int n) : previous_(omp_get_max_threads()) {
  if (n != previous_) omp_set_num_threads(n);
}

ThreadScope::~ThreadScope() {
  if (omp_get_max_threads() != previous_) omp_set_num_threads(previous_);
}

#else

namespace {
thread_local bool inside_region = false;
}

int effective_threads() { return inside_region ? 1 : num_threads(); }

namespace internal {

void run_chunks(int chunks, void (*body)(void*, int), void* data) {
  std::atomic<int> next{0};
  auto work = [&] {
    const bool nested = std::exchange(inside_region, true);
    for (int chunk = next++; chunk < chunks; chunk = next++) body(data, chunk);
    inside_region = nested;
  };
  std::vector<std::thread> team;
  if (!inside_region) {
    for (int i = 1; i < chunks; ++i) team.emplace_back(work);
  }
  work();
  for (std::thread& thread : team) thread.join();
}

}  // namespace internal

ThreadScope::ThreadScope(int n) : previous_(n) {}
ThreadScope::~ThreadScope() = default;

#endif

}  // namespace danlu
