#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/core/dtype.h"
#include "danlu/core/op_def.h"

namespace danlu {

/// Operations of a tile program. Registers are float32 tiles; comparisons and logic give 0 or 1.
enum class TileOp : uint8_t {
  neg,
  abs,
  sign,
  exp,
  log,
  log1p,
  expm1,
  sqrt,
  rsqrt,
  tanh,
  sigmoid,
  relu,
  softplus,
  erf,
  sin,
  cos,
  floor,
  ceil,
  round,
  trunc,
  exp2,
  log2,
  log10,
  cbrt,
  tan,
  arcsin,
  arccos,
  arctan,
  sinh,
  cosh,
  arcsinh,
  arccosh,
  arctanh,
  is_nan,
  logical_not,
  square,
  reciprocal,
  add,
  sub,
  mul,
  div,
  pow,
  floor_divide,
  mod,
  fmod,
  arctan2,
  hypot,
  maximum,
  minimum,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  select,          ///< a != 0 ? b : c
  fma,             ///< a * b + c
  round_bfloat16,  ///< to the nearest bfloat16, ties to even
  copy,
};
inline constexpr int kNumTileOps = static_cast<int>(TileOp::copy) + 1;

std::string_view name(TileOp op);
/// Registers a TileOp reads: 1, 2 or 3.
int arity(TileOp op);

/// How an input is laid over the (outer, inner) iteration space.
enum class TileAccess : uint8_t {
  full,    ///< (outer, inner)
  scalar,  ///< one element
  row,     ///< (inner), repeated for every outer index
  column,  ///< (outer), repeated along inner
};

struct TileInput {
  DType dtype = DType::float32;  ///< not float64 or complex64; loads convert
  TileAccess access = TileAccess::full;
  friend bool operator==(const TileInput&, const TileInput&) = default;
};

/// One SSA instruction; its result is register `num_inputs + its position`. Operands name
/// registers: 0 … num_inputs−1 are the inputs.
struct TileInstr {
  TileOp op = TileOp::copy;
  uint16_t a = 0, b = 0, c = 0;
  friend bool operator==(const TileInstr&, const TileInstr&) = default;
};

enum class TileStore : uint8_t {
  full,       ///< every element, converted to `dtype`
  sum_all,    ///< one element
  sum_outer,  ///< (inner): summed over outer, e.g. the gradient of a bias
  sum_inner,  ///< (outer): summed over inner
  max_inner,  ///< (outer): maximum over inner (NaN propagates)
};

struct TileOutput {
  DType dtype = DType::float32;
  TileStore store = TileStore::full;
  uint16_t reg = 0;
  friend bool operator==(const TileOutput&, const TileOutput&) = default;
};

/// A fused chain of elementwise ops with broadcasting and a reduction epilogue, in SSA form. It is
/// run tile by tile, so intermediate values never leave the first-level cache.
struct TileProgram {
  std::vector<TileInput> inputs;
  std::vector<TileInstr> code;
  std::vector<TileOutput> outputs;

  size_t hash() const;
  std::string to_string() const;
  friend bool operator==(const TileProgram&, const TileProgram&) = default;
};

/// Attributes of the op `tile`: one TileProgram over one iteration space, or, for the horizontal
/// form, the same program over several spaces one after another (all parameters of an optimizer):
/// the inputs of space 0 come first, then those of space 1 …, and likewise the outputs.
struct TileAttrs {
  struct Space {
    int64_t outer = 1;
    int64_t inner = 1;
    friend bool operator==(const Space&, const Space&) = default;
    size_t hash() const {
      return static_cast<size_t>(outer) * 1000003 + static_cast<size_t>(inner);
    }
    std::string to_string() const { return std::to_string(outer) + "x" + std::to_string(inner); }
  };
  TileProgram program;
  std::vector<Space> spaces;
  /// Output shapes, space by space.
  std::vector<Shape> shapes;

  template <class V>
  void fields(V&& v) const {
    v("program", program), v("spaces", spaces), v("shapes", shapes);
  }
  friend bool operator==(const TileAttrs&, const TileAttrs&) = default;
};

}  // namespace danlu
