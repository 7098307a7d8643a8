#include <gtest/gtest.h>

#include <random>

#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simd/tile_testing.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

TileProgram random_program(std::mt19937& random, bool allow_fma) {
  using enum TileOp;
  std::vector<TileOp> ops = {
      neg, abs,     sign,    relu,  floor, round,         square,      logical_not, add, sub,
      mul, maximum, minimum, equal, less,  greater_equal, logical_and, select,      copy};
  if (allow_fma) ops.insert(ops.end(), 4, fma);
  const DType dtypes[] = {DType::float32, DType::float32, DType::float32, DType::bfloat16,
                          DType::uint8,   DType::int32,   DType::int64,   DType::bool_};
  TileProgram program;
  const size_t inputs = 1 + random() % 5;
  for (size_t i = 0; i < inputs; ++i) {
    const auto access = static_cast<TileAccess>(random() % 2 ? 0 : random() % 4);
    program.inputs.push_back({dtypes[random() % 8], access});
  }
  const size_t instructions = random() % 12;
  for (size_t i = 0; i < instructions; ++i) {
    const auto pick = [&] { return static_cast<uint16_t>(random() % (inputs + i)); };
    program.code.push_back({ops[random() % ops.size()], pick(), pick(), pick()});
  }
  const size_t outputs = 1 + random() % 3;
  for (size_t o = 0; o < outputs; ++o) {
    const auto store = static_cast<TileStore>(random() % 2 ? 0 : random() % 5);
    const DType dtype = store == TileStore::full ? dtypes[random() % 8] : DType::float32;
    const auto reg = static_cast<uint16_t>(random() % 3 ? inputs + instructions - 1
                                                        : random() % (inputs + instructions));
    program.outputs.push_back({dtype, store, reg});
  }
  return program;
}

TEST(SimdTile, RandomProgramsOverEveryKindOfSpace) {
  std::mt19937 random(3);
  for (int round = 0; round < 150; ++round) {
    const Isa isa = isas()[static_cast<size_t>(round) % isas().size()];
    const TileProgram program = random_program(random, isa != Isa::baseline);
    std::vector<Space> spaces = {kSpaces[random() % kSpaces.size()]};
    while (random() % 3 == 0) spaces.push_back(kSpaces[random() % kSpaces.size()]);
    for (const TileOutput& output : program.outputs) {
      // Nothing has no maximum.
      if (output.store == TileStore::max_inner) {
        for (Space& space : spaces) space.inner = std::max<int64_t>(space.inner, 1);
      }
    }
    Call call = make_call(program, spaces, static_cast<unsigned>(round));
    for (const int threads : {1, 2, 3}) {
      const auto kernel = make_tile_kernel(program, spaces, threads, isa);
      EXPECT_LE(kernel->threads(), threads);
      std::vector<Memory> outputs = run(*kernel, call);
      expect_right(call, outputs, 1e-6, 0,
                   "round " + std::to_string(round) + ", " + std::string(name(isa)) + ", " +
                       std::to_string(threads) + " threads");
      if (HasFatalFailure()) return;
      std::vector<Memory> again = run(*kernel, call);
      EXPECT_TRUE(same_bytes(outputs, again));
      if (isa >= Isa::avx2) {
        const auto code = make_tile_kernel(program, spaces, threads, isa, TileCode::generated);
        again = run(*code, call);
        EXPECT_TRUE(same_bytes(outputs, again)) << "generated code\n" << program.to_string();
        expect_same_in_place(*code, call, outputs,
                             "generated code, round " + std::to_string(round));
      }
      // A team of one inside another region.
      parallel_chunks(2, [&](int chunk) {
        if (chunk == 1) again = run(*kernel, call);
      });
      EXPECT_TRUE(same_bytes(outputs, again));

      expect_same_in_place(*kernel, call, outputs, "round " + std::to_string(round));
    }
  }
}

TEST(SimdTile, EveryOperationInEveryOperandForm) {
  const std::vector<Space> spaces = {{3, 37}, {2, 1500}};
  for (const Isa isa : isas()) {
    for (int code = 0; code < kNumTileOps; ++code) {
      const auto op = static_cast<TileOp>(code);
      const int operands = arity(op);
      for (int form = 0; form < (operands == 1 ? 4 : 16); ++form) {
        TileProgram program;
        for (int k = 0; k < operands; ++k) {
          program.inputs.push_back({DType::float32, static_cast<TileAccess>(form >> (2 * k) & 3)});
        }
        const auto reg = static_cast<uint16_t>(operands);
        program.code = {{op, 0, static_cast<uint16_t>(operands > 1 ? 1 : 0),
                         static_cast<uint16_t>(operands > 2 ? 2 : 0)}};
        program.outputs = {{DType::float32, TileStore::full, reg}};
        Call call = make_call(program, spaces, static_cast<unsigned>(code));
        const auto kernel = make_tile_kernel(program, spaces, 1, isa);
        std::vector<Memory> outputs = run(*kernel, call);
        // Without the instruction a·b is rounded first, which shows when a·b + c cancels.
        const double absolute = op == TileOp::fma && isa == Isa::baseline ? 1e-6 : 0;
        expect_right(call, outputs, 1e-6, absolute,
                     std::string(name(isa)) + " " + std::string(name(op)));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(SimdTile, GeneratedCodeBetweenFunctionsAndAroundThem) {
  // y = exp(−(x − m)²·s)·r + c with a column and a row, its sums, and a comparison that stays 0
  // or 1.
  using enum TileOp;
  TileProgram program;
  program.inputs = {{},
                    {.access = TileAccess::column},
                    {.access = TileAccess::row},
                    {.access = TileAccess::scalar},
                    {.dtype = DType::uint8}};
  program.code = {{sub, 0, 1}, {square, 5},       {mul, 6, 3},  {neg, 7},
                  {exp, 8},    {mul, 9, 2},       {add, 10, 4}, {greater, 11, 9},
                  {tanh, 11},  {maximum, 13, 12}, {log, 9},     {minimum, 15, 13}};
  program.outputs = {
      {DType::float32, TileStore::full, 11},      {DType::float32, TileStore::sum_outer, 11},
      {DType::float32, TileStore::sum_inner, 14}, {DType::float32, TileStore::max_inner, 16},
      {DType::bool_, TileStore::full, 12},        {DType::float32, TileStore::sum_all, 14}};
  for (const Isa isa : isas()) {
    if (isa < Isa::avx2) continue;
    const std::vector<Space> spaces = {{3, 37}, {2, 1500}, {64, 10}};
    Call call = make_call(program, spaces, 9);
    for (const int threads : {1, 2, 3}) {
      std::vector<Memory> loops = run(*make_tile_kernel(program, spaces, threads, isa), call);
      std::vector<Memory> code =
          run(*make_tile_kernel(program, spaces, threads, isa, TileCode::generated), call);
      expect_right(call, code, 1e-5, 1e-6, std::string(name(isa)));
      EXPECT_TRUE(same_bytes(loops, code)) << name(isa) << ", " << threads << " threads";
    }
  }
}

TEST(SimdTile, AMillionTermsAddUpToSixDigits) {
  const TileProgram program{.inputs = {{}}, .outputs = {{DType::float32, TileStore::sum_all, 0}}};
  const std::vector<Space> spaces = {{1, 1'000'000}};
  std::vector<float> x(1'000'000);
  std::mt19937 random(1);
  double sum = 0;
  for (float& value : x) {
    value = std::uniform_real_distribution<float>(0, 1)(random);
    sum += value;
  }
  for (const Isa isa : isas()) {
    for (const int threads : {1, 2, 3}) {
      const auto kernel = make_tile_kernel(program, spaces, threads, isa);
      EXPECT_EQ(kernel->threads(), threads);
      const void* in[] = {x.data()};
      float result = 0;
      void* out[] = {&result};
      Memory scratch(kernel->scratch_bytes());
      kernel->run({in, out, scratch.data(), nullptr, 0});
      EXPECT_NEAR(result, sum, 1e-6 * sum);
    }
  }
}

TEST(SimdTile, InPlaceOnlyWhereNothingReadsLater) {
  // p' = p − r·m', m' = b·m + g: m' may lie in m, p' in p or g or m; g is read before m' is whole.
  TileProgram program;
  program.inputs = {{}, {}, {}, {.access = TileAccess::scalar}, {.access = TileAccess::scalar}};
  program.code = {
      {TileOp::mul, 2, 4}, {TileOp::add, 5, 1}, {TileOp::mul, 3, 6}, {TileOp::sub, 0, 7}};
  program.outputs = {{DType::float32, TileStore::full, 6}, {DType::float32, TileStore::full, 8}};
  const std::vector<Space> spaces = {{1, 100}, {1, 5}};
  const auto kernel = make_tile_kernel(program, spaces, 1, Isa::baseline);
  EXPECT_TRUE(kernel->may_alias(0, 2));
  EXPECT_TRUE(kernel->may_alias(0, 1));
  EXPECT_FALSE(kernel->may_alias(0, 0)) << "p is read after m' is written";
  EXPECT_TRUE(kernel->may_alias(1, 0));
  EXPECT_FALSE(kernel->may_alias(0, 3)) << "a scalar";
  EXPECT_TRUE(kernel->may_alias(3, 5)) << "the second space";
  EXPECT_FALSE(kernel->may_alias(3, 0)) << "another space";
}

TEST(SimdTile, Float64IsRefusedWithAReason) {
  TileProgram program{.inputs = {{.dtype = DType::float64}}};
  EXPECT_EQ(tile_refusal(program), "an input is float64; tiles are float32");
  program.inputs[0].dtype = DType::float32;
  EXPECT_EQ(tile_refusal(program), "");
  program.outputs = {{.dtype = DType::float64}};
  EXPECT_EQ(tile_refusal(program), "an output is float64; tiles are float32");
}

TEST(SimdTile, CodeIsGeneratedOnlyWhereItCanServe) {
  TileAttrs attrs;
  attrs.program = {.inputs = {{}},
                   .code = {{TileOp::neg, 0}, {TileOp::square, 1}, {TileOp::exp, 2}},
                   .outputs = {{DType::float32, TileStore::full, 3}}};
  const auto refusal = [&](Isa isa) {
    const auto shared = make_attrs(attrs);
    return generated_tile().refusal({.attrs = shared.get(), .isa = isa});
  };
  EXPECT_EQ(refusal(Isa::baseline), "code is generated for AVX2 and AVX-512");
  if (cpu_isa() >= Isa::avx2) {
    EXPECT_EQ(refusal(Isa::avx2), "");
  }
  std::swap(attrs.program.code[1].op, attrs.program.code[2].op);
  if (cpu_isa() >= Isa::avx2) {
    EXPECT_EQ(refusal(Isa::avx2), "no two basic operations stand in a row");
  }
  attrs.program.inputs[0].dtype = DType::float64;
  EXPECT_EQ(refusal(Isa::avx2), "an input is float64; tiles are float32");
}

}  // namespace
}  // namespace danlu::cpu::simd
