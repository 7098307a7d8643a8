#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/tile_testing.h"

namespace danlu::cpu::simd {
namespace {

TEST(SimdTile, GeneratedCodeOnMemoryOfBfloat16) {
  // A masked gradient with its sums, of which one register leaves as bfloat16 and is read later,
  // and what no code may read as bfloat16: an operand of a function and of a sum.
  using enum TileOp;
  const DType half = DType::bfloat16;
  TileProgram program;
  program.inputs = {{half}, {half}, {half}, {.access = TileAccess::row}, {half}};
  program.code = {{greater, 1, 3}, {mul, 0, 5},    {sub, 2, 3}, {mul, 6, 7},
                  {exp, 4},        {add, 6, 9},    {neg, 10},   {round_bfloat16, 11},
                  {sub, 12, 6},    {fma, 6, 7, 13}};
  program.outputs = {{half, TileStore::full, 6},
                     {DType::float32, TileStore::sum_outer, 8},
                     {DType::float32, TileStore::sum_outer, 1},
                     {half, TileStore::full, 10},
                     {half, TileStore::full, 14},
                     {half, TileStore::full, 11}};
  TileProgram stream;
  stream.inputs = {{half}, {half}, {.access = TileAccess::scalar}};
  stream.code = {{mul, 0, 2}, {add, 3, 1}, {relu, 4}};
  stream.outputs = {{half, TileStore::full, 5}};
  for (const TileProgram& one : {program, stream}) {
    for (const Isa isa : isas()) {
      if (isa < Isa::avx2) continue;
      const std::vector<Space> spaces = {{3, 37}, {2, 1500}, {64, 16}, {1, 1}};
      Call call = make_call(one, spaces, 9);
      for (const int threads : {1, 2, 3}) {
        std::vector<Memory> loops = run(*make_tile_kernel(one, spaces, threads, isa), call);
        const auto kernel = make_tile_kernel(one, spaces, threads, isa, TileCode::generated);
        std::vector<Memory> code = run(*kernel, call);
        EXPECT_TRUE(same_bytes(loops, code)) << name(isa) << ", " << threads << " threads";
        expect_same_in_place(*kernel, call, code, std::string(name(isa)));
      }
    }
  }
}

TEST(SimdTile, GeneratedCodeRoundsToBfloat16AsLoopsDo) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0.0f,
                          -0.0f,
                          1.0f,
                          1.00390625f,
                          1.01171875f,
                          -1.00390626f,
                          kInf,
                          -kInf,
                          3.39e38f,
                          -3.4e38f,
                          1e-40f,
                          -1e-45f,
                          std::numeric_limits<float>::quiet_NaN(),
                          std::bit_cast<float>(0x7f800001u),
                          std::bit_cast<float>(0xffffffffu),
                          65537.0f,
                          0.1f};
  TileProgram program{.inputs = {{}}, .code = {{TileOp::neg, 0}, {TileOp::neg, 1}}};
  program.outputs = {{DType::bfloat16, TileStore::full, 2}};
  for (const Isa isa : isas()) {
    if (isa < Isa::avx2) continue;
    const auto kernel =
        make_tile_kernel(program, {{1, std::ssize(x)}}, 1, isa, TileCode::generated);
    std::vector<bfloat16> result(x.size());
    const void* in[] = {x.data()};
    void* out[] = {result.data()};
    Memory scratch(kernel->scratch_bytes());
    kernel->run({in, out, scratch.data(), nullptr, 0});
    for (size_t i = 0; i < x.size(); ++i) {
      const float expected = static_cast<float>(bfloat16(x[i])),
                  value = static_cast<float>(result[i]);
      EXPECT_TRUE(std::isnan(expected)
                      ? std::isnan(value)
                      : std::bit_cast<uint32_t>(expected) == std::bit_cast<uint32_t>(value))
          << name(isa) << ", " << x[i] << ": " << value;
    }
  }
}

}  // namespace
}  // namespace danlu::cpu::simd
