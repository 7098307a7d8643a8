// Allocations are followed symbolically: what a vector, a stack slot and a register's memory hold.

#include "danlu/backends/cpu/jit/registers.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace danlu::cpu::jit {
namespace {

Segment random_segment(std::mt19937& random, uint32_t inputs, uint32_t steps) {
  Segment segment;
  segment.uniform.resize(inputs + steps);
  for (uint32_t i = 0; i < inputs; ++i) segment.uniform[i] = random() % 3 == 0;
  for (uint32_t i = 0; i < steps; ++i) {
    const auto pick = [&] { return static_cast<uint32_t>(random() % (inputs + i)); };
    segment.steps.push_back({TileOp::fma, pick(), pick(), pick(), inputs + i, random() % 4 == 0});
  }
  return segment;
}

/// Follows `allocation` and checks that every step reads its operands.
void follow(const Segment& segment, const Allocation& allocation, int vectors) {
  std::map<int, uint32_t> vector, slot;
  std::map<uint32_t, bool> in_memory;
  for (uint32_t reg = 0; reg < segment.uniform.size(); ++reg) in_memory[reg] = true;
  for (const SegmentStep& step : segment.steps) in_memory[step.out] = false;
  for (const auto& hoisted : allocation.hoisted) {
    ASSERT_TRUE(segment.uniform[hoisted.reg]);
    vector[hoisted.vector] = hoisted.reg;
  }
  size_t next = 0;
  for (const Action& action : allocation.body) {
    ASSERT_LT(action.vector, vectors);
    switch (action.kind) {
      case Action::Kind::load:
        ASSERT_TRUE(in_memory[action.place]);
        vector[action.vector] = action.place;
        break;
      case Action::Kind::store:
        ASSERT_EQ(vector.at(action.vector), action.place);
        in_memory[action.place] = true;
        break;
      case Action::Kind::spill:
        ASSERT_LT(action.place, allocation.stack_slots);
        slot[static_cast<int>(action.place)] = vector.at(action.vector);
        break;
      case Action::Kind::reload:
        vector[action.vector] = slot.at(static_cast<int>(action.place));
        break;
      case Action::Kind::compute: {
        const SegmentStep& step = segment.steps[next++];
        ASSERT_EQ(vector.at(action.a), step.a);
        ASSERT_EQ(vector.at(action.b), step.b);
        ASSERT_EQ(vector.at(action.c), step.c);
        vector[action.vector] = step.out;
        break;
      }
    }
  }
  ASSERT_EQ(next, segment.steps.size());
  for (const auto& hoisted : allocation.hoisted) {
    ASSERT_EQ(vector.at(hoisted.vector), hoisted.reg) << "the next turn needs it too";
  }
  for (const SegmentStep& step : segment.steps) {
    ASSERT_TRUE(in_memory[step.out] || !step.stored);
  }
}

TEST(Registers, EveryStepReadsItsOperands) {
  std::mt19937 random(5);
  for (int round = 0; round < 600; ++round) {
    const auto segment = random_segment(random, 1 + random() % 20, 1 + random() % 60);
    for (const int vectors : {kMinVectors, 5, 8, 13, 30}) {
      follow(segment, allocate(segment, vectors), vectors);
      if (HasFatalFailure()) FAIL() << "round " << round << ", " << vectors << " vectors";
    }
  }
}

TEST(Registers, NothingIsSpilledThatFits) {
  // Eight values, then their sum from the last to the first.
  Segment segment{.uniform = std::vector<bool>(30, false)};
  for (uint32_t i = 0; i < 8; ++i) segment.steps.push_back({TileOp::square, 0, 0, 0, 1 + i});
  for (uint32_t i = 0; i < 7; ++i) {
    segment.steps.push_back({TileOp::add, i == 0 ? 8 : 8 + i, 7 - i, 8, 9 + i, i == 6});
  }
  EXPECT_EQ(allocate(segment, 13).stack_slots, 0u);
  EXPECT_GT(allocate(segment, 5).stack_slots, 0u);
}

TEST(Registers, AnInputIsReadOnceAndAUniformOneBeforeTheLoop) {
  Segment segment{.uniform = {false, true, false, false}};
  segment.steps = {{TileOp::mul, 0, 1, 0, 2, true}, {TileOp::sub, 2, 0, 2, 3, true}};
  const Allocation allocation = allocate(segment, 13);
  ASSERT_EQ(allocation.hoisted.size(), 1u);
  EXPECT_EQ(allocation.hoisted[0].reg, 1u);
  int loads = 0;
  for (const Action& action : allocation.body) loads += action.kind == Action::Kind::load;
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(allocation.body.size(), 5u);
}

}  // namespace
}  // namespace danlu::cpu::jit
