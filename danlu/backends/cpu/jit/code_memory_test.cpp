#include "danlu/backends/cpu/jit/code_memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bit>
#include <fstream>
#include <sstream>
#include <string>

#include "danlu/backends/cpu/jit/generate.h"

namespace danlu::cpu::jit {
namespace {

// mov eax, 42; ret
constexpr uint8_t kFortyTwo[] = {0xb8, 42, 0, 0, 0, 0xc3};

/// "r-xp" and the like of the mapping that holds `address`, "" where none does.
std::string protection_of(const void* address) {
  const auto wanted = std::bit_cast<uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::string protection;
    fields >> std::hex >> begin >> dash >> end >> protection;
    if (begin <= wanted && wanted < end) return protection;
  }
  return "";
}

TEST(CodeMemory, RunsAndIsNeverWritableAndExecutable) {
  if (cpu_isa() < Isa::avx2) GTEST_SKIP() << "no x86 with AVX2";
  const CodeMemory memory(kFortyTwo);
  ASSERT_FALSE(memory.empty()) << code_memory_refusal();
  EXPECT_EQ(std::bit_cast<int (*)()>(memory.data())(), 42);
  if (access("/proc/self/maps", R_OK) == 0) {
    EXPECT_EQ(protection_of(memory.data()), "r-xp");
  }
}

TEST(CodeMemory, MovesAndGoesWithItsOwner) {
  CodeMemory first(kFortyTwo);
  const std::byte* data = first.data();
  CodeMemory second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.data(), data);
  first = std::move(second);
  EXPECT_EQ(first.data(), data);
  { const CodeMemory last(std::move(first)); }
  if (access("/proc/self/maps", R_OK) == 0) {
    EXPECT_NE(protection_of(data), "r-xp");
  }
  EXPECT_TRUE(CodeMemory(std::span<const uint8_t>()).empty());
}

/// Linux 6.3 can forbid a process to make memory executable that was written.
[[noreturn]] void generate_where_it_is_forbidden() {
  constexpr int kSetMemoryDenyWriteExecute = 65;
  constexpr unsigned long kRefuseExecGain = 1;
  if (prctl(kSetMemoryDenyWriteExecute, kRefuseExecGain, 0, 0, 0) != 0) _exit(2);
  const bool refused = CodeMemory(kFortyTwo).empty();
  const bool says_so = code_memory_refusal().find("the system gives no executable memory: ") == 0;
  Segment segment{{{TileOp::neg, 0, 0, 0, 1, true}}, {false, false}};
  const bool no_code = SegmentCode({&segment, 1}, Isa::avx2).empty();
  _exit(refused && says_so && no_code ? 0 : 1);
}

TEST(CodeMemory, ARefusalIsAnEmptyObjectWithAReason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      generate_where_it_is_forbidden(),
      [](int status) { return WIFEXITED(status) && WEXITSTATUS(status) != 1; }, "");
}

TEST(CodeMemory, TheBaselineGetsNoCode) {
  EXPECT_EQ(code_refusal(Isa::baseline), "code is generated for AVX2 and AVX-512");
}

}  // namespace
}  // namespace danlu::cpu::jit
