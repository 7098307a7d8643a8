#include "danlu/core/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "danlu/base/error.h"

namespace danlu {
namespace {

TEST(Buffer, IsAlignedAndCounted) {
  const int64_t live = Buffer::live_bytes();
  const int64_t made = Buffer::allocations();
  for (size_t bytes : {0, 1, 63, 64, 65, 100000}) {
    auto buffer = Buffer::allocate(bytes);
    ASSERT_NE(buffer->data(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % Buffer::kAlignment, 0u);
    EXPECT_EQ(buffer->bytes(), bytes);
    EXPECT_TRUE(buffer->owns_memory());
    std::memset(buffer->data(), 7, bytes);
    EXPECT_EQ(Buffer::live_bytes(), live + static_cast<int64_t>(bytes));
  }
  EXPECT_EQ(Buffer::live_bytes(), live);
  EXPECT_EQ(Buffer::allocations(), made + 6);
}

TEST(Buffer, WrapHoldsTheOwnerAndIsNotCounted) {
  const int64_t made = Buffer::allocations();
  auto owner = std::make_shared<std::vector<float>>(10, 1.f);
  std::weak_ptr<std::vector<float>> watch = owner;
  auto buffer = Buffer::wrap(owner->data(), 10 * sizeof(float), owner);
  EXPECT_EQ(buffer->data(), owner->data());
  EXPECT_FALSE(buffer->owns_memory());
  owner.reset();
  EXPECT_FALSE(watch.expired());
  buffer.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(Buffer::allocations(), made);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// Bytes of memory that the process occupies.
size_t resident() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0, pages = 0;
  file >> total >> pages;
  return pages * 4096;
}

TEST(Buffer, LargeBlocksComeBackAsTheyAre) {
  constexpr size_t kBytes = (size_t{64} << 20) - 100;
  const bool poison = Buffer::poison();
  Buffer::set_poison(false);
  auto first = Buffer::allocate(kBytes);
  std::memset(first->data(), 0x5a, kBytes);
  const void* where = first->data();
  first.reset();
  const auto second = Buffer::allocate(kBytes);
  const auto third = Buffer::allocate(kBytes);
  EXPECT_EQ(second->data(), where);
  EXPECT_NE(third->data(), where);
  EXPECT_EQ(static_cast<const char*>(second->data())[kBytes / 2], 0x5a);  // the system gives zeros
  Buffer::set_poison(poison);
}

TEST(Buffer, WhatIsKeptGoesWhereOtherSizesAreAskedFor) {
  constexpr size_t kMegabyte = size_t{1} << 20;
  const size_t before = resident();
  const auto fill = [](size_t bytes) {
    auto buffer = Buffer::allocate(bytes);
    std::memset(buffer->data(), 1, bytes);
    return buffer;
  };
  for (size_t size = 40; size < 60; size += 4) fill(size * kMegabyte);
  const auto last = fill(70 * kMegabyte);
  EXPECT_LT(resident(), before + 150 * kMegabyte);  // five blocks and the last are 310
  fill(300 * kMegabyte);
  EXPECT_LT(resident(), before + 250 * kMegabyte);  // too much to be kept
}
#endif

TEST(Buffer, ImpossibleSizesAreRefused) {
  const int64_t live = Buffer::live_bytes();
  try {
    Buffer::allocate(SIZE_MAX - 5);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("[Buffer] Out of memory"), std::string::npos) << e.what();
  }
  EXPECT_EQ(Buffer::live_bytes(), live);
}

}  // namespace
}  // namespace danlu
