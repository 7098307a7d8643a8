#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "danlu/backends/cpu/simd/tile.h"

/// Tile programs against an interpretation element by element.
namespace danlu::cpu::simd {

using Space = TileAttrs::Space;

inline std::vector<Isa> isas() {
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

inline int64_t count(TileAccess access, const Space& space) {
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

inline int64_t count(TileStore store, const Space& space) {
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

inline double read(const std::byte* data, DType dtype, int64_t i) {
  return dispatch_real(dtype, [&](auto zero) {
    decltype(zero) value;
    std::memcpy(&value, data + static_cast<size_t>(i) * sizeof(value), sizeof(value));
    return static_cast<double>(value);
  });
}

inline void write(std::byte* data, DType dtype, int64_t i, double value) {
  dispatch_real(dtype, [&](auto zero) {
    const auto element = convert_element<decltype(zero)>(static_cast<float>(value));
    std::memcpy(data + static_cast<size_t>(i) * sizeof(element), &element, sizeof(element));
  });
}

inline double nan_or(bool choose_x, double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::nan("");
  return choose_x ? x : y;
}

inline double apply(TileOp op, double x, double y, double z) {
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

inline Call make_call(const TileProgram& program, const std::vector<Space>& spaces, unsigned seed) {
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
inline std::vector<Memory> run(const Kernel& kernel, Call& call,
                               std::pair<int, int> aliased = {-1, -1}) {
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

inline bool same_bytes(std::vector<Memory>& a, std::vector<Memory>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size()) != 0) return false;
  }
  return true;
}

inline void expect_right(Call& call, std::vector<Memory>& outputs, double relative, double absolute,
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

/// Each output in the place of each input that it may have gives the bytes of `outputs`.
inline void expect_same_in_place(const Kernel& kernel, Call& call, std::vector<Memory>& outputs,
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

}  // namespace danlu::cpu::simd
