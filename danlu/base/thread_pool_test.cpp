#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "danlu/base/thread.h"

namespace danlu {
namespace {

TEST(ThreadPool, RunsEveryChunkOnce) {
  for (int chunks : {1, 2, 3, 7, 63, 64, 65, 200, 70'000}) {
    std::vector<std::atomic<int>> runs(static_cast<size_t>(chunks));
    parallel_chunks(chunks, [&](int chunk) { ++runs[static_cast<size_t>(chunk)]; });
    for (const auto& count : runs) ASSERT_EQ(count, 1) << chunks;
  }
}

TEST(ThreadPool, TheFirstChunkStaysWithTheCaller) {
  const auto caller = std::this_thread::get_id();
  for (int loop = 0; loop < 2000; ++loop) {
    std::thread::id first;
    parallel_chunks(3, [&](int chunk) {
      if (chunk == 0) first = std::this_thread::get_id();
    });
    ASSERT_EQ(first, caller);
  }
}

TEST(ThreadPool, LoopsFromManyThreadsAndInsideLoopsEnd) {
  std::atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int loop = 0; loop < 500; ++loop) {
        parallel_chunks(3, [&](int outer) {
          parallel_chunks(2, [&](int inner) { sum += 2 * outer + inner; });
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 4 * 500 * 15);
}

// A loop now and then: workers sleep in between, and must wake.
TEST(ThreadPool, AWorkerComesAfterASleep) {
  const auto caller = std::this_thread::get_id();
  const auto stop = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int helped = 0;
  while (helped < 20 && std::chrono::steady_clock::now() < stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<bool> came{false};
    parallel_chunks(2, [&](int chunk) {
      if (std::this_thread::get_id() != caller) came = true;
      // The caller gives the worker 100 ms.
      for (int i = 0; i < 1000 && chunk == 0 && !came; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
    helped += came;
  }
  EXPECT_EQ(helped, 20);
}

#ifdef __linux__

TEST(ThreadPool, WorkersMayNotRunWhereTheCallerDoes) {
  cpu_set_t allowed;
  ASSERT_EQ(pthread_getaffinity_np(pthread_self(), sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2) GTEST_SKIP() << "one processor";
  const auto caller = std::this_thread::get_id();
  const auto stop = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool apart = false;
  // The caller may move between the two looks at it: once is enough.
  while (!apart && std::chrono::steady_clock::now() < stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const int processor = sched_getcpu();
    cpu_set_t may;
    std::atomic<bool> came{false};
    parallel_chunks(2, [&](int chunk) {
      if (std::this_thread::get_id() != caller) {
        pthread_getaffinity_np(pthread_self(), sizeof may, &may);
        came = true;
      }
      for (int i = 0; i < 1000 && chunk == 0 && !came; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
    apart = came && CPU_ISSET(processor, &may) == 0 && CPU_COUNT(&may) + 1 == CPU_COUNT(&allowed);
  }
  EXPECT_TRUE(apart);
}

#endif

}  // namespace
}  // namespace danlu
