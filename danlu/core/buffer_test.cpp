#include "danlu/core/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
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
