#include "danlu/backends/cpu/ref/tile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu::ref {
namespace {

double unary(TileOp op, double a) {
  switch (op) {
    case TileOp::neg:
      return -a;
    case TileOp::abs:
      return std::abs(a);
    case TileOp::sign:
      return a > 0 ? 1 : a < 0 ? -1 : a;
    case TileOp::exp:
      return std::exp(a);
    case TileOp::log:
      return std::log(a);
    case TileOp::log1p:
      return std::log1p(a);
    case TileOp::expm1:
      return std::expm1(a);
    case TileOp::sqrt:
      return std::sqrt(a);
    case TileOp::rsqrt:
      return 1 / std::sqrt(a);
    case TileOp::tanh:
      return std::tanh(a);
    case TileOp::sigmoid:
      return 1 / (1 + std::exp(-a));
    case TileOp::relu:
      return a <= 0 ? 0 : a;  // NaN stays
    case TileOp::softplus:
      return a > 0 ? a + std::log1p(std::exp(-a)) : std::log1p(std::exp(a));
    case TileOp::erf:
      return std::erf(a);
    case TileOp::sin:
      return std::sin(a);
    case TileOp::cos:
      return std::cos(a);
    case TileOp::floor:
      return std::floor(a);
    case TileOp::ceil:
      return std::ceil(a);
    case TileOp::round:
      return std::nearbyint(a);
    case TileOp::trunc:
      return std::trunc(a);
    case TileOp::exp2:
      return std::exp2(a);
    case TileOp::log2:
      return std::log2(a);
    case TileOp::log10:
      return std::log10(a);
    case TileOp::cbrt:
      return std::cbrt(a);
    case TileOp::tan:
      return std::tan(a);
    case TileOp::arcsin:
      return std::asin(a);
    case TileOp::arccos:
      return std::acos(a);
    case TileOp::arctan:
      return std::atan(a);
    case TileOp::sinh:
      return std::sinh(a);
    case TileOp::cosh:
      return std::cosh(a);
    case TileOp::arcsinh:
      return std::asinh(a);
    case TileOp::arccosh:
      return std::acosh(a);
    case TileOp::arctanh:
      return std::atanh(a);
    case TileOp::is_nan:
      return std::isnan(a);
    case TileOp::logical_not:
      return a == 0;
    case TileOp::square:
      return a * a;
    case TileOp::reciprocal:
      return 1 / a;
    case TileOp::round_bfloat16:
      return convert_element<double>(convert_element<bfloat16>(a));
    default:
      return a;
  }
}

double mod(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_divide(double a, double b) {
  const double rest = std::fmod(a, b), quotient = (a - rest) / b;
  if (b == 0 || !(quotient - quotient == 0)) return std::floor(a / b);
  return std::nearbyint(rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient);
}

double extreme(double a, double b, bool greatest) {
  if (std::isnan(a)) return a;
  if (std::isnan(b)) return b;
  return greatest ? std::max(a, b) : std::min(a, b);
}

double evaluate(TileOp op, double a, double b, double c) {
  switch (op) {
    case TileOp::add:
      return a + b;
    case TileOp::sub:
      return a - b;
    case TileOp::mul:
      return a * b;
    case TileOp::div:
      return a / b;
    case TileOp::pow:
      return std::pow(a, b);
    case TileOp::floor_divide:
      return floor_divide(a, b);
    case TileOp::mod:
      return mod(a, b);
    case TileOp::fmod:
      return std::fmod(a, b);
    case TileOp::arctan2:
      return std::atan2(a, b);
    case TileOp::hypot:
      return std::hypot(a, b);
    case TileOp::maximum:
      return extreme(a, b, true);
    case TileOp::minimum:
      return extreme(a, b, false);
    case TileOp::equal:
      return a == b;
    case TileOp::not_equal:
      return a != b;
    case TileOp::less:
      return a < b;
    case TileOp::less_equal:
      return a <= b;
    case TileOp::greater:
      return a > b;
    case TileOp::greater_equal:
      return a >= b;
    case TileOp::logical_and:
      return a != 0 && b != 0;
    case TileOp::logical_or:
      return a != 0 || b != 0;
    case TileOp::select:
      return a != 0 ? b : c;
    case TileOp::fma:
      return a * b + c;
    default:
      return unary(op, a);
  }
}

double load(const void* data, DType dtype, int64_t i) {
  return dispatch_real(dtype, [&](auto tag) {
    return static_cast<double>(static_cast<const decltype(tag)*>(data)[i]);
  });
}

void store(void* data, DType dtype, int64_t i, double value) {
  dispatch_real(dtype, [&](auto tag) {
    using T = decltype(tag);
    static_cast<T*>(data)[i] = convert_element<T>(value);
  });
}

int64_t position(TileAccess access, int64_t outer, int64_t inner, int64_t row_length) {
  switch (access) {
    case TileAccess::scalar:
      return 0;
    case TileAccess::row:
      return inner;
    case TileAccess::column:
      return outer;
    case TileAccess::full:
      break;
  }
  return outer * row_length + inner;
}

// Where an element of the space goes in an output, and how many elements the output has.
int64_t target(TileStore kind, int64_t outer, int64_t inner, int64_t row_length) {
  switch (kind) {
    case TileStore::sum_all:
      return 0;
    case TileStore::sum_outer:
      return inner;
    case TileStore::sum_inner:
    case TileStore::max_inner:
      return outer;
    case TileStore::full:
      break;
  }
  return outer * row_length + inner;
}

int64_t elements(TileStore kind, const TileAttrs::Space& space) {
  switch (kind) {
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

void run_space(const TileProgram& program, const TileAttrs::Space& space, const void* const* inputs,
               void* const* outputs, double* scratch) {
  double* registers = scratch;
  double* sums = registers + program.inputs.size() + program.code.size();
  std::vector<double*> totals;
  for (const TileOutput& output : program.outputs) {
    totals.push_back(sums);
    if (output.store == TileStore::full) continue;
    const double start =
        output.store == TileStore::max_inner ? -std::numeric_limits<double>::infinity() : 0;
    std::fill_n(sums, elements(output.store, space), start);
    sums += elements(output.store, space);
  }
  for (int64_t outer = 0; outer < space.outer; ++outer) {
    for (int64_t inner = 0; inner < space.inner; ++inner) {
      double* next = registers;
      for (size_t i = 0; i < program.inputs.size(); ++i) {
        const TileInput& input = program.inputs[i];
        *next++ = load(inputs[i], input.dtype, position(input.access, outer, inner, space.inner));
      }
      for (const TileInstr& instr : program.code) {
        *next++ = evaluate(instr.op, registers[instr.a], registers[instr.b], registers[instr.c]);
      }
      for (size_t i = 0; i < program.outputs.size(); ++i) {
        const TileOutput& output = program.outputs[i];
        const int64_t at = target(output.store, outer, inner, space.inner);
        const double value = registers[output.reg];
        if (output.store == TileStore::full) {
          store(outputs[i], output.dtype, at, value);
        } else if (output.store == TileStore::max_inner) {
          totals[i][at] = extreme(totals[i][at], value, true);
        } else {
          totals[i][at] += value;
        }
      }
    }
  }
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const TileOutput& output = program.outputs[i];
    if (output.store == TileStore::full) continue;
    for (int64_t j = 0; j < elements(output.store, space); ++j) {
      store(outputs[i], output.dtype, j, totals[i][j]);
    }
  }
}

size_t scratch_bytes(const TileAttrs& attrs) {
  const TileProgram& program = attrs.program;
  int64_t most = 0;
  for (const auto& space : attrs.spaces) {
    int64_t wanted = 0;
    for (const TileOutput& output : program.outputs) {
      if (output.store != TileStore::full) wanted += elements(output.store, space);
    }
    most = std::max(most, wanted);
  }
  return (program.inputs.size() + program.code.size() + static_cast<size_t>(most)) * sizeof(double);
}

}  // namespace

KernelDef tile() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<TileAttrs>();
            return simple_kernel(
                [attrs](const KernelArgs& args) {
                  const void* const* inputs = args.inputs;
                  void* const* outputs = args.outputs;
                  for (const auto& space : attrs.spaces) {
                    run_space(attrs.program, space, inputs, outputs,
                              reinterpret_cast<double*>(args.scratch));
                    inputs += attrs.program.inputs.size();
                    outputs += attrs.program.outputs.size();
                  }
                },
                scratch_bytes(attrs));
          }};
}

}  // namespace danlu::cpu::ref
