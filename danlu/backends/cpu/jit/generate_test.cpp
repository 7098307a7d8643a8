// Generated functions against the loops of the same instruction set, bit for bit.

#include "danlu/backends/cpu/jit/generate.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "danlu/backends/cpu/simd/tile_table.h"

namespace danlu::cpu::jit {
namespace {

using simd::kUniform;

std::vector<Isa> isas() {
  std::vector<Isa> all;
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (isa <= cpu_isa() && code_refusal(isa).empty()) all.push_back(isa);
  }
  return all;
}

constexpr float kGuard = -12345.0f;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const std::vector<float> kSpecial = {0.0f,    -0.0f,  1e-45f,   -1e-45f, 1e-38f, 1.17549435e-38f,
                                     -2e-38f, 1e-20f, 0.25f,    0.5f,    -0.5f,  1.0f,
                                     -1.0f,   1.5f,   -1.5f,    2.0f,    2.5f,   -2.5f,
                                     3.0f,    6.0f,   -17.5f,   1e10f,   -1e8f,  8e6f,
                                     8388609, 3e38f,  -3.4e38f, kInf,    -kInf,  kNan,
                                     -kNan};

bool same(float x, float y) {
  return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y) ||
         (std::isnan(x) && std::isnan(y));
}

/// Memory of every register of a segment, each with a guard behind its elements.
struct Tiles {
  Tiles(const Segment& segment, size_t n) : n(n) {
    for (const bool uniform : segment.uniform) {
      memory.emplace_back((uniform ? kUniform : n) + kUniform, kGuard);
    }
  }
  Tiles(const Tiles&) = default;
  std::vector<float*> pointers() {
    std::vector<float*> all;
    for (auto& tile : memory) all.push_back(tile.data());
    return all;
  }
  void set(uint32_t reg, bool uniform, std::mt19937& random) {
    const auto draw = [&] {
      if (random() % 2 == 0) return kSpecial[random() % kSpecial.size()];
      return std::uniform_real_distribution<float>(-4, 4)(random);
    };
    if (uniform) {
      std::fill_n(memory[reg].begin(), kUniform, draw());
    } else {
      for (size_t i = 0; i < n; ++i) memory[reg][i] = draw();
    }
  }

  size_t n;
  std::vector<std::vector<float>> memory;
};

/// What the loops make of the steps, one after another. Operands that are uniform are spread first.
void interpret(const Segment& segment, Isa isa, Tiles& tiles) {
  const auto pointers = tiles.pointers();
  for (const SegmentStep& step : segment.steps) {
    uint32_t uniform = 0, bit = 1;
    for (const uint32_t reg : {step.a, step.b, step.c}) {
      if (segment.uniform[reg]) uniform |= bit;
      bit <<= 1;
    }
    simd::tile_table(isa).loops[static_cast<size_t>(step.op)](
        pointers[step.a], pointers[step.b], pointers[step.c], pointers[step.out], tiles.n, uniform);
  }
}

void expect_same(const Segment& segment, Isa isa, const Tiles& before, const std::string& label) {
  Tiles expected = before, actual = before;
  interpret(segment, isa, expected);
  const SegmentCode code({&segment, 1}, isa);
  ASSERT_FALSE(code.empty());
  code.function(0)(actual.pointers().data(), actual.n);
  for (const SegmentStep& step : segment.steps) {
    const std::vector<float>& result = actual.memory[step.out];
    for (size_t i = 0; i < result.size(); ++i) {
      const float wanted = step.stored && i < before.n ? expected.memory[step.out][i] : kGuard;
      ASSERT_TRUE(same(result[i], wanted))
          << label << ", " << name(isa) << ", " << before.n << " elements, register " << step.out
          << "[" << i << "]: " << result[i] << ", not " << wanted;
    }
  }
  for (size_t reg = 0; reg < before.memory.size() - segment.steps.size(); ++reg) {
    for (size_t i = 0; i < before.memory[reg].size(); ++i) {
      ASSERT_TRUE(same(actual.memory[reg][i], before.memory[reg][i])) << label << ": an input";
    }
  }
}

TEST(Generate, EveryOperationAtEveryPairOfSpecialPoints) {
  const size_t points = kSpecial.size();
  const size_t n = points * points;
  int operations = 0;
  for (const Isa isa : isas()) {
    for (int code = 0; code < kNumTileOps; ++code) {
      const auto op = static_cast<TileOp>(code);
      if (!can_generate(op)) continue;
      ++operations;
      Segment segment{{{op, 0, arity(op) > 1 ? 1u : 0u, arity(op) > 2 ? 2u : 0u, 3, true}},
                      std::vector<bool>(4, false)};
      for (size_t third = 0; third < (arity(op) > 2 ? points : 1); ++third) {
        Tiles tiles(segment, n);
        for (size_t i = 0; i < n; ++i) {
          tiles.memory[0][i] = kSpecial[i / points];
          tiles.memory[1][i] = kSpecial[i % points];
          tiles.memory[2][i] = kSpecial[third];
        }
        expect_same(segment, isa, tiles, std::string(name(op)));
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_EQ(operations, 31 * static_cast<int>(isas().size()));
}

TEST(Generate, EveryOperandMayBeUniformOrTheSameOrTheLast) {
  std::mt19937 random(1);
  for (const Isa isa : isas()) {
    for (int code = 0; code < kNumTileOps; ++code) {
      const auto op = static_cast<TileOp>(code);
      if (!can_generate(op)) continue;
      // Operands among a uniform one, an input that lives on and copies that end here.
      for (uint32_t form = 0; form < 64; ++form) {
        const uint32_t regs[] = {0, 1, 2, 3};
        const uint32_t a = regs[form & 3];
        const uint32_t b = arity(op) > 1 ? regs[form >> 2 & 3] : a;
        const uint32_t c = arity(op) > 2 ? regs[form >> 4] : a;
        Segment segment{{{TileOp::square, 1, 1, 1, 2, false},
                         {TileOp::neg, 1, 1, 1, 3, false},
                         {op, a, b, c, 4, true},
                         {TileOp::add, 4, 1, 4, 5, true}},
                        {true, false, false, false, false, false}};
        Tiles tiles(segment, 37);
        tiles.set(0, true, random);
        tiles.set(1, false, random);
        expect_same(segment, isa, tiles, std::string(name(op)) + " form " + std::to_string(form));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Generate, AnyNumberOfElements) {
  std::mt19937 random(2);
  for (const Isa isa : isas()) {
    // Bodies that are run four times, twice and once a turn.
    for (const uint32_t steps : {1u, 9u, 40u}) {
      Segment segment{.uniform = std::vector<bool>(1 + steps, false)};
      for (uint32_t i = 0; i < steps; ++i) {
        segment.steps.push_back({TileOp::add, i, 0, i, i + 1, i + 1 == steps || i % 7 == 3});
      }
      for (size_t n = 0; n <= 140; ++n) {
        Tiles tiles(segment, n);
        tiles.set(0, false, random);
        expect_same(segment, isa, tiles, std::to_string(steps) + " steps");
        if (HasFatalFailure()) return;
      }
    }
  }
}

Segment random_segment(std::mt19937& random, uint32_t inputs, uint32_t steps) {
  std::vector<TileOp> ops;
  for (int code = 0; code < kNumTileOps; ++code) {
    if (can_generate(static_cast<TileOp>(code))) ops.push_back(static_cast<TileOp>(code));
  }
  Segment segment{.uniform = std::vector<bool>(inputs + steps, false)};
  for (uint32_t i = 0; i < inputs; ++i) segment.uniform[i] = random() % 4 == 0;
  if (random() % 2 == 0) {
    for (const bool uniform : segment.uniform) segment.distant.push_back(!uniform);
  }
  for (uint32_t i = 0; i < steps; ++i) {
    const auto pick = [&] { return static_cast<uint32_t>(random() % (inputs + i)); };
    const TileOp op = ops[random() % ops.size()];
    SegmentStep step{op, pick(), pick(), pick(), inputs + i, random() % 5 == 0};
    if (arity(op) < 2) step.b = step.a;
    if (arity(op) < 3) step.c = step.a;
    segment.steps.push_back(step);
  }
  segment.steps.back().stored = true;
  return segment;
}

TEST(Generate, RandomSegmentsWithMoreValuesThanVectorsAndMoreStreamsThanPointers) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    for (const Isa isa : isas()) {
      const auto segment = random_segment(random, 1 + random() % 25, 1 + random() % 120);
      Tiles tiles(segment, random() % 100);
      for (uint32_t reg = 0; reg < segment.uniform.size() - segment.steps.size(); ++reg) {
        tiles.set(reg, segment.uniform[reg], random);
      }
      expect_same(segment, isa, tiles, "round " + std::to_string(round));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Generate, AQuotientAndARootAreCorrectlyRounded) {
  // q = a / b, r = sqrt(a), 1 / b, 1 / sqrt(a) against double, over random mantissas and exponents.
  Segment segment{{{TileOp::div, 0, 1, 0, 2, true},
                   {TileOp::sqrt, 0, 0, 0, 3, true},
                   {TileOp::reciprocal, 1, 1, 1, 4, true}},
                  std::vector<bool>(5, false)};
  std::mt19937 random(4);
  for (const Isa isa : isas()) {
    const SegmentCode code({&segment, 1}, isa);
    Tiles tiles(segment, 1 << 16);
    for (int round = 0; round < 32; ++round) {
      for (size_t i = 0; i < tiles.n; ++i) {
        const auto draw = [&] {
          return std::bit_cast<float>(
              static_cast<uint32_t>((random() & 0x7fffff) | (64 + random() % 128) << 23));
        };
        tiles.memory[0][i] = draw();
        tiles.memory[1][i] = i % 16 == 0 ? tiles.memory[0][i] / 4 : draw();
      }
      code.function(0)(tiles.pointers().data(), tiles.n);
      for (size_t i = 0; i < tiles.n; ++i) {
        // Double has more than twice the digits, so rounding it again changes nothing.
        const double a = tiles.memory[0][i], b = tiles.memory[1][i];
        ASSERT_EQ(tiles.memory[2][i], static_cast<float>(a / b)) << a << " / " << b;
        ASSERT_EQ(tiles.memory[3][i], static_cast<float>(std::sqrt(a))) << a;
        ASSERT_EQ(tiles.memory[4][i], static_cast<float>(1 / b)) << b;
      }
    }
  }
}

TEST(Generate, OneCallMakesAllSegmentsOfAProgram) {
  for (const Isa isa : isas()) {
    const std::vector<Segment> segments = {
        {{{TileOp::neg, 0, 0, 0, 1, true}}, {false, false}},
        {{{TileOp::add, 0, 1, 0, 2, true}}, {false, true, false}},
    };
    const SegmentCode code(segments, isa);
    std::vector<float> x(20, 3.0f), y(20, 0.5f), z(20, 0.0f);
    float* pointers[] = {x.data(), y.data(), z.data()};
    code.function(0)(pointers, x.size());
    EXPECT_EQ(y, std::vector<float>(20, -3.0f));
    code.function(1)(pointers, x.size());
    EXPECT_EQ(z, std::vector<float>(20, 0.0f));
  }
}

}  // namespace
}  // namespace danlu::cpu::jit
