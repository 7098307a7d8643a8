// Tile programs against an interpretation element by element.

#include "danlu/backends/cpu/simd/tile.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

using Space = TileAttrs::Space;

std::vector<Isa> isas() {
  std::vector<Isa> all;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa <= cpu_isa()) all.push_back(isa);
  }
  return all;
}

/// Raw memory of one operand, 64-byte aligned, with a guard behind it.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes), storage_(bytes + 128 + kGuard, std::byte{0xff}) {}
  std::byte* data() {
    const auto address = reinterpret_cast<uintptr_t>(storage_.data());
    return storage_.data() + (64 - address % 64) % 64;
  }
  size_t size() const { return bytes_; }
  bool guard_is_whole() {
    for (size_t i = 0; i < kGuard; ++i) {
      if (data()[bytes_ + i] != std::byte{0xff}) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  size_t bytes_;
  std::vector<std::byte> storage_;
};

int64_t count(TileAccess access, const Space& space) {
  switch (access) {
    case TileAccess::scalar:
      return 1;
    case TileAccess::row:
      return space.inner;
    case TileAccess::column:
      return space.outer;
    case TileAccess::full:
      break;
  }
  return space.outer * space.inner;
}

int64_t count(TileStore store, const Space& space) {
  switch (store) {
    case TileStore::sum_all:
      return 1;
    case TileStore::sum_outer:
      return space.inner;
    case TileStore::sum_inner:
    case TileStore::max_inner:
      return space.outer;
    case TileStore::full:
      break;
  }
  return space.outer * space.inner;
}

double read(const std::byte* data, DType dtype, int64_t i) {
  return dispatch_real(dtype, [&](auto zero) {
    decltype(zero) value;
    std::memcpy(&value, data + static_cast<size_t>(i) * sizeof(value), sizeof(value));
    return static_cast<double>(value);
  });
}

void write(std::byte* data, DType dtype, int64_t i, double value) {
  dispatch_real(dtype, [&](auto zero) {
    const auto element = convert_element<decltype(zero)>(static_cast<float>(value));
    std::memcpy(data + static_cast<size_t>(i) * sizeof(element), &element, sizeof(element));
  });
}

double nan_or(bool choose_x, double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::nan("");
  return choose_x ? x : y;
}

double apply(TileOp op, double x, double y, double z) {
  switch (op) {
    case TileOp::neg:
      return -x;
    case TileOp::abs:
      return std::abs(x);
    case TileOp::sign:
      return (x > 0) - (x < 0);
    case TileOp::exp:
      return std::exp(x);
    case TileOp::log:
      return std::log(x);
    case TileOp::log1p:
      return std::log1p(x);
    case TileOp::expm1:
      return std::expm1(x);
    case TileOp::sqrt:
      return std::sqrt(x);
    case TileOp::rsqrt:
      return 1 / std::sqrt(x);
    case TileOp::tanh:
      return std::tanh(x);
    case TileOp::sigmoid:
      return 1 / (1 + std::exp(-x));
    case TileOp::relu:
      return std::max(x, 0.0);
    case TileOp::softplus:
      return std::log1p(std::exp(x));
    case TileOp::erf:
      return std::erf(x);
    case TileOp::sin:
      return std::sin(x);
    case TileOp::cos:
      return std::cos(x);
    case TileOp::floor:
      return std::floor(x);
    case TileOp::ceil:
      return std::ceil(x);
    case TileOp::round:
      return std::nearbyint(x);
    case TileOp::trunc:
      return std::trunc(x);
    case TileOp::exp2:
      return std::exp2(x);
    case TileOp::log2:
      return std::log2(x);
    case TileOp::log10:
      return std::log10(x);
    case TileOp::cbrt:
      return std::cbrt(x);
    case TileOp::tan:
      return std::tan(x);
    case TileOp::arcsin:
      return std::asin(x);
    case TileOp::arccos:
      return std::acos(x);
    case TileOp::arctan:
      return std::atan(x);
    case TileOp::sinh:
      return std::sinh(x);
    case TileOp::cosh:
      return std::cosh(x);
    case TileOp::arcsinh:
      return std::asinh(x);
    case TileOp::arccosh:
      return std::acosh(x);
    case TileOp::arctanh:
      return std::atanh(x);
    case TileOp::is_nan:
      return std::isnan(x);
    case TileOp::logical_not:
      return x == 0;
    case TileOp::square:
      return x * x;
    case TileOp::reciprocal:
      return 1 / x;
    case TileOp::add:
      return x + y;
    case TileOp::sub:
      return x - y;
    case TileOp::mul:
      return x * y;
    case TileOp::div:
      return x / y;
    case TileOp::pow:
      return std::pow(x, y);
    case TileOp::floor_divide:
      return std::floor(x / y);
    case TileOp::mod:
      return x - std::floor(x / y) * y;
    case TileOp::fmod:
      return std::fmod(x, y);
    case TileOp::arctan2:
      return std::atan2(x, y);
    case TileOp::hypot:
      return std::hypot(x, y);
    case TileOp::maximum:
      return nan_or(x > y, x, y);
    case TileOp::minimum:
      return nan_or(x < y, x, y);
    case TileOp::equal:
      return x == y;
    case TileOp::not_equal:
      return x != y;
    case TileOp::less:
      return x < y;
    case TileOp::less_equal:
      return x <= y;
    case TileOp::greater:
      return x > y;
    case TileOp::greater_equal:
      return x >= y;
    case TileOp::logical_and:
      return x != 0 && y != 0;
    case TileOp::logical_or:
      return x != 0 || y != 0;
    case TileOp::select:
      return x != 0 ? y : z;
    case TileOp::fma:
      return std::fma(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z));
    case TileOp::round_bfloat16:
      return convert_element<double>(convert_element<bfloat16>(x));
    case TileOp::copy:
      return x;
  }
  return 0;
}

/// One call: operands of every space, and what the outputs should be.
struct Call {
  TileProgram program;
  std::vector<Space> spaces;
  std::vector<Memory> inputs;
  std::vector<std::vector<double>> expected;
  std::vector<std::vector<double>> scale;  ///< Σ|x| of sums: what rounding is relative to

  size_t output_bytes(size_t o) const {
    return expected[o].size() * size_of(program.outputs[o % program.outputs.size()].dtype);
  }
};

Call make_call(const TileProgram& program, const std::vector<Space>& spaces, unsigned seed) {
  Call call{.program = program, .spaces = spaces};
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-2, 2);
  for (const Space& space : spaces) {
    const size_t first = call.inputs.size();
    for (const TileInput& input : program.inputs) {
      const int64_t n = count(input.access, space);
      Memory& memory = call.inputs.emplace_back(static_cast<size_t>(n) * size_of(input.dtype));
      const float range = is_integer(input.dtype) ? 50.0f : 1.0f;
      for (int64_t i = 0; i < n; ++i) {
        write(memory.data(), input.dtype, i, range * uniform(random));
      }
    }
    std::vector<std::vector<double>> results, scales;
    for (const TileOutput& output : program.outputs) {
      const bool most = output.store == TileStore::max_inner;
      results.emplace_back(count(output.store, space), most ? -INFINITY : 0.0);
      scales.emplace_back(results.back().size(), 0.0);
    }
    for (int64_t row = 0; row < space.outer; ++row) {
      for (int64_t column = 0; column < space.inner; ++column) {
        const int64_t at = row * space.inner + column;
        std::vector<float> registers;
        for (size_t i = 0; i < program.inputs.size(); ++i) {
          const TileAccess access = program.inputs[i].access;
          const int64_t k = access == TileAccess::full     ? at
                            : access == TileAccess::row    ? column
                            : access == TileAccess::column ? row
                                                           : 0;
          registers.push_back(
              static_cast<float>(read(call.inputs[first + i].data(), program.inputs[i].dtype, k)));
        }
        for (const TileInstr& instr : program.code) {
          registers.push_back(static_cast<float>(
              apply(instr.op, registers[instr.a], registers[instr.b], registers[instr.c])));
        }
        for (size_t o = 0; o < program.outputs.size(); ++o) {
          const TileOutput& output = program.outputs[o];
          const double value = registers[output.reg];
          const int64_t k = output.store == TileStore::full        ? at
                            : output.store == TileStore::sum_all   ? 0
                            : output.store == TileStore::sum_outer ? column
                                                                   : row;
          double& result = results[o][static_cast<size_t>(k)];
          if (output.store == TileStore::full) {
            result = value;
          } else if (output.store == TileStore::max_inner) {
            result = std::max(result, value);
          } else {
            result += value;
            scales[o][static_cast<size_t>(k)] += std::abs(value);
          }
        }
      }
    }
    for (auto& result : results) call.expected.push_back(std::move(result));
    for (auto& scale : scales) call.scale.push_back(std::move(scale));
  }
  return call;
}

/// Runs `kernel`; output `aliased.first`, if any, lives in input `aliased.second`.
std::vector<Memory> run(const Kernel& kernel, Call& call, std::pair<int, int> aliased = {-1, -1}) {
  std::vector<Memory> outputs;
  for (size_t o = 0; o < call.expected.size(); ++o) outputs.emplace_back(call.output_bytes(o));
  std::vector<const void*> in;
  for (Memory& memory : call.inputs) in.push_back(memory.data());
  std::vector<void*> out;
  for (Memory& memory : outputs) out.push_back(memory.data());
  if (aliased.first >= 0) {
    Memory& memory = outputs[static_cast<size_t>(aliased.first)];
    const auto input = static_cast<size_t>(aliased.second);
    std::memcpy(memory.data(), call.inputs[input].data(), memory.size());
    in[input] = memory.data();
  }
  Memory scratch(kernel.scratch_bytes());
  Status status;
  kernel.run({in.data(), out.data(), scratch.data(), &status, 0});
  EXPECT_TRUE(scratch.guard_is_whole());
  for (Memory& memory : outputs) EXPECT_TRUE(memory.guard_is_whole());
  return outputs;
}

bool same_bytes(std::vector<Memory>& a, std::vector<Memory>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size()) != 0) return false;
  }
  return true;
}

void expect_right(Call& call, std::vector<Memory>& outputs, double relative, double absolute,
                  const std::string& label) {
  for (size_t o = 0; o < outputs.size(); ++o) {
    const TileOutput& output = call.program.outputs[o % call.program.outputs.size()];
    for (size_t i = 0; i < call.expected[o].size(); ++i) {
      Memory wanted(8);
      const double value = call.expected[o][i];
      write(wanted.data(), output.dtype, 0, value);
      const double expected = read(wanted.data(), output.dtype, 0);
      const double actual = read(outputs[o].data(), output.dtype, static_cast<int64_t>(i));
      double bound = absolute + relative * std::abs(expected);
      if (call.scale[o][i] > 0) bound += 1e-6 * call.scale[o][i];
      if (output.dtype == DType::bfloat16) bound += std::abs(expected) / 128;
      const bool right = actual == expected || std::abs(actual - expected) <= bound ||
                         (std::isnan(actual) && std::isnan(expected));
      ASSERT_TRUE(right) << label << ", output " << o << "[" << i << "]: " << actual << ", not "
                         << expected << "\n"
                         << call.program.to_string();
    }
  }
}

const std::vector<Space> kSpaces = {
    {1, 0},    {0, 4},   {4, 0},    {1, 1},    {1, 7},     {7, 1},    {3, 5},
    {1, 511},  {1, 512}, {1, 513},  {1, 1024}, {1, 10007}, {100, 10}, {513, 2},
    {2, 1024}, {64, 33}, {5, 1025}, {3, 3000}, {700, 16},  {1030, 1}, {2, 513},
};

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

/// Each output in the place of each input that it may have gives the bytes of `outputs`.
void expect_same_in_place(const Kernel& kernel, Call& call, std::vector<Memory>& outputs,
                          const std::string& label) {
  for (size_t o = 0; o < call.expected.size(); ++o) {
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      if (!kernel.may_alias(static_cast<int>(o), static_cast<int>(i))) continue;
      std::vector<Memory> in_place = run(kernel, call, {static_cast<int>(o), static_cast<int>(i)});
      EXPECT_TRUE(same_bytes(outputs, in_place))
          << label << ", output " << o << " in input " << i << "\n"
          << call.program.to_string();
    }
  }
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
