// A plan must be right wherever it runs: whatever team OpenMP grants, nothing stays unwritten.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "danlu/base/thread.h"
#include "danlu/danlu.h"

#ifndef DANLU_NO_OPENMP
#include <omp.h>
#endif

namespace danlu {
namespace {

struct Results {
  std::vector<float> values;
  bool close_to(const Results& other) const {
    if (values.size() != other.values.size()) return false;
    double difference = 0, norm = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      difference += std::pow(double(values[i]) - other.values[i], 2);
      norm += std::pow(other.values[i], 2);
    }
    return std::sqrt(difference) <= 1e-5 * std::sqrt(norm);
  }
};

/// Loss and all gradients of a small convolutional network, large enough for every kernel to want
/// more than one thread.
Results run_network() {
  const Array x = random::normal(Array(std::vector<int64_t>{1, 0}), Shape{16, 28, 28, 1});
  const std::vector<Array> params = {
      random::normal(Array(std::vector<int64_t>{1, 1}), Shape{3, 3, 1, 32}, 0, 0.3),
      random::normal(Array(std::vector<int64_t>{1, 2}), Shape{32}, 0, 0.1),
      random::normal(Array(std::vector<int64_t>{1, 3}), Shape{3, 3, 32, 64}, 0, 0.06),
      random::normal(Array(std::vector<int64_t>{1, 4}), Shape{64}, 0, 0.1),
      random::normal(Array(std::vector<int64_t>{1, 5}), Shape{1600, 128}, 0, 0.03),
      random::normal(Array(std::vector<int64_t>{1, 6}), Shape{128}, 0, 0.1)};
  const auto loss = [&](const std::vector<Array>& p) {
    const Array first = max_pool2d(relu(conv2d(x, p[0]) + p[1]));
    const Array second = max_pool2d(relu(conv2d(first, p[2]) + p[3]));
    const Array dense = matmul(reshape(second, {16, 1600}), p[4]) + p[5];
    return mean(square(softmax(dense) - 0.5));
  };
  const auto [value, grads] = value_and_grad(loss)(params);
  std::vector<Array> all = grads;
  all.push_back(value);
  eval(all);
  Results results;
  for (const Array& array : all) {
    const auto part = array.to_vector();
    results.values.insert(results.values.end(), part.begin(), part.end());
  }
  return results;
}

const Results& expected() {
  static const Results results = [] {
    set_disabled_passes("all");
    const Results reference = run_network();
    set_disabled_passes("");
    return reference;
  }();
  return results;
}

class Threads : public ::testing::Test {
 protected:
  void SetUp() override {
    expected();
    Buffer::set_poison(true);
  }
  void TearDown() override { Buffer::set_poison(false); }
};

TEST_F(Threads, Plain) { EXPECT_TRUE(run_network().close_to(expected())); }

TEST_F(Threads, EightStdThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] { right += run_network().close_to(expected()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
}

TEST_F(Threads, MoreThreadsThanCores) {
  const int before = num_threads();
  set_num_threads(5);
  EXPECT_TRUE(run_network().close_to(expected()));
  set_num_threads(before);
}

TEST_F(Threads, RepeatsBitForBit) { EXPECT_EQ(run_network().values, run_network().values); }

#ifndef DANLU_NO_OPENMP

TEST_F(Threads, InsideAParallelRegion) {
  std::atomic<int> right{0}, members{0};
#pragma omp parallel num_threads(2)
  {
    ++members;
    right += run_network().close_to(expected());
  }
  EXPECT_EQ(right, members);
}

TEST_F(Threads, InsideNestedParallelRegions) {
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(3);
  std::atomic<int> right{0}, members{0};
#pragma omp parallel num_threads(2)
  {
#pragma omp parallel num_threads(2)
    {
      ++members;
      right += run_network().close_to(expected());
    }
  }
  omp_set_max_active_levels(levels);
  EXPECT_EQ(right, members);
}

TEST_F(Threads, OnAPlanBoundForATeamThatIsNoLongerGranted) {
  Variable w(ones(Shape{256, 256}), "w");
  BoundStep step({w}, {}, [&](std::span<const Array>) {
    return std::vector<Array>{matmul(w.value(), w.value())};
  });
  step.run(std::span<const void* const>{});
#pragma omp parallel num_threads(2)
#pragma omp single
  step.run(std::span<const void* const>{});
  for (float x : step.outputs()[0].values<float>()) ASSERT_EQ(x, 256.f);
}

TEST(ThreadLimit, OfOne) {
  const std::string self = program_invocation_name;
  const std::string command = "OMP_THREAD_LIMIT=1 OMP_NUM_THREADS=4 '" + self +
                              "' --gtest_brief=1 --gtest_filter='Threads.*' > /dev/null 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

#endif

TEST(Fork, AChildIsRefused) {
  sum(ones(Shape{3})).eval();
  const pid_t child = fork();
  if (child == 0) {
    try {
      sum(ones(Shape{4})).eval();
    } catch (const StateError&) {
      _exit(7);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace danlu
