#include "danlu/core/arrival.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/host_tensor.h"

namespace danlu {
namespace {

constexpr size_t kBytes = 10, kStep = 4;

/// Ten bytes 0 … 9 in steps of four, each after a permit; throws instead of step `bad`.
struct Source {
  explicit Source(int bad = -1)
      : bytes(Buffer::allocate(kBytes)),
        arrival(std::make_shared<Arrival>(bytes, kStep, [this, bad](void* to, size_t count) {
          permits.acquire();
          if (steps++ == bad) throw std::runtime_error("no more");
          for (size_t i = 0; i < count; ++i) static_cast<uint8_t*>(to)[i] = next++;
        })) {}

  HostTensor tensor() const { return HostTensor(DType::uint8, Shape{kBytes}, bytes, arrival); }

  std::counting_semaphore<> permits{0};
  std::atomic<int> steps{0};
  uint8_t next = 0;
  std::shared_ptr<Buffer> bytes;
  std::shared_ptr<Arrival> arrival;
};

TEST(Arrival, WhatIsThereCanBeReadBeforeTheRest) {
  Source source;
  const HostTensor all = source.tensor();
  source.permits.release();
  EXPECT_EQ(all.slice(1, 4).to_vector<uint8_t>(), (std::vector<uint8_t>{1, 2, 3}));
  const int64_t items[] = {2, 0, 3};
  EXPECT_EQ(static_cast<const uint8_t*>(all.data_of_items(items))[3], 3);
  std::atomic<bool> complete{false};
  std::thread reader([&] {
    EXPECT_EQ(all.values<uint8_t>()[9], 9);
    EXPECT_TRUE(complete);
  });
  source.permits.release();
  EXPECT_EQ(all.slice(4, 8).values<uint8_t>()[3], 7);
  complete = true;
  source.permits.release();
  reader.join();
  EXPECT_EQ(all.buffer(), source.bytes);
}

TEST(Arrival, AFailureReachesEveryReader) {
  Source source(1);
  const HostTensor all = source.tensor();
  source.permits.release(2);
  for (int attempt = 0; attempt < 2; ++attempt) EXPECT_THROW(all.data(), std::runtime_error);
  // From here on the first part is refused too: what it belongs to is no whole.
  EXPECT_THROW(all.slice(0, 4).clone(), std::runtime_error);
  EXPECT_NO_THROW(all.slice(0, 4).reshape({2, 2}));
}

TEST(Arrival, EndsWhenNobodyWantsIt) {
  Source source;
  source.permits.release();
  EXPECT_EQ(source.tensor().slice(0, 1).values<uint8_t>()[0], 0);
  std::thread drop([&] { source.arrival.reset(); });
  source.permits.release(3);
  drop.join();
  EXPECT_LE(source.steps, 3);
  const Arrival nothing(Buffer::allocate(0), 1, [](void*, size_t) { ADD_FAILURE(); });
}

#ifndef __SANITIZE_THREAD__
TEST(Arrival, AForkedChildDoesNotWaitForEver) {
  Source source;
  const HostTensor all = source.tensor();
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      all.data();
    } catch (const StateError& e) {
      ::_exit(std::strstr(e.what(), "a child made by fork") ? 0 : 1);
    }
    ::_exit(2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  source.permits.release(3);
}
#endif

}  // namespace
}  // namespace danlu
