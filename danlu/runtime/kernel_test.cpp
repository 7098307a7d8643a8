#include "danlu/runtime/kernel.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "danlu/base/error.h"

namespace danlu {
namespace {

/// In a process of its own, since the answer is kept.
void print_isa(const char* permitted) {
  setenv("DANLU_ISA", permitted, 1);
  try {
    std::fprintf(stderr, "isa=%s", std::string(name(cpu_isa())).c_str());
  } catch (const ValueError& error) {
    std::fprintf(stderr, "%s", error.what());
  }
  std::exit(0);
}

TEST(KernelDeathTest, IsaCanBeLimited) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(print_isa("baseline"), testing::ExitedWithCode(0), "isa=baseline");
  EXPECT_EXIT(print_isa("sse9"), testing::ExitedWithCode(0),
              "\\[DANLU_ISA\\] There is no such instruction set\\. Expected baseline, avx2, "
              "avx512 or amx\\. Received 'sse9'\\.");
  EXPECT_EXIT(print_isa("amx"), testing::ExitedWithCode(0), "isa=(avx512|avx2|baseline)");
  EXPECT_EXIT(print_isa("avx2"), testing::ExitedWithCode(0), "isa=(avx2|baseline)");
}

TEST(Kernel, IsaNames) {
  EXPECT_EQ(name(Isa::baseline), "baseline");
  EXPECT_EQ(name(Isa::avx2), "avx2");
  EXPECT_EQ(name(Isa::avx512), "avx512");
}

TEST(Kernel, SmallWorkStaysOnOneThread) {
  EXPECT_EQ(threads_for(0, 0, 8), 1);
  EXPECT_EQ(threads_for(1e6, 1e5, 8), 1);  // 20 µs and 12 µs
  EXPECT_EQ(threads_for(1.6e6, 0, 8), 2);  // 32 µs
  EXPECT_EQ(threads_for(0, 250e3, 8), 2);  // 31 µs
  EXPECT_EQ(threads_for(1e9, 0, 8), 8);
  EXPECT_EQ(threads_for(1e9, 0, 1), 1);
  EXPECT_EQ(threads_for(4e6, 0, 16), 5);  // 80 µs
}

TEST(Kernel, AllAreLooksAtInputsAndOutputs) {
  const TensorSpec f{{2}, DType::float32}, i{{2}, DType::int32};
  const TensorSpec floats[] = {f, f}, mixed[] = {f, i};
  EXPECT_TRUE((KernelQuery{.inputs = floats, .outputs = floats}.all_are(DType::float32)));
  EXPECT_FALSE((KernelQuery{.inputs = floats, .outputs = mixed}.all_are(DType::float32)));
  EXPECT_FALSE((KernelQuery{.inputs = mixed, .outputs = floats}.all_are(DType::float32)));
}

TEST(Kernel, FirstFaultWins) {
  Status status;
  EXPECT_TRUE(status.ok());
  const Instruction* first = reinterpret_cast<const Instruction*>(64);
  status.raise(first, 17);
  status.raise(nullptr, 18);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.instruction(), first);
  EXPECT_EQ(status.value(), 17);
  status.clear();
  EXPECT_TRUE(status.ok());
}

}  // namespace
}  // namespace danlu
