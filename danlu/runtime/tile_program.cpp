#include "danlu/runtime/tile_program.h"

#include <array>

namespace danlu {
namespace {

struct TileOpInfo {
  std::string_view name;
  int arity;
};

// In the order of TileOp.
constexpr std::array<TileOpInfo, kNumTileOps> kTileOps = {{
    {"neg", 1},        {"abs", 1},     {"sign", 1},          {"exp", 1},
    {"log", 1},        {"log1p", 1},   {"expm1", 1},         {"sqrt", 1},
    {"rsqrt", 1},      {"tanh", 1},    {"sigmoid", 1},       {"relu", 1},
    {"softplus", 1},   {"erf", 1},     {"sin", 1},           {"cos", 1},
    {"floor", 1},      {"ceil", 1},    {"round", 1},         {"trunc", 1},
    {"exp2", 1},       {"log2", 1},    {"log10", 1},         {"cbrt", 1},
    {"tan", 1},        {"arcsin", 1},  {"arccos", 1},        {"arctan", 1},
    {"sinh", 1},       {"cosh", 1},    {"arcsinh", 1},       {"arccosh", 1},
    {"arctanh", 1},    {"is_nan", 1},  {"logical_not", 1},   {"square", 1},
    {"reciprocal", 1}, {"add", 2},     {"sub", 2},           {"mul", 2},
    {"div", 2},        {"pow", 2},     {"floor_divide", 2},  {"mod", 2},
    {"fmod", 2},       {"arctan2", 2}, {"hypot", 2},         {"maximum", 2},
    {"minimum", 2},    {"equal", 2},   {"not_equal", 2},     {"less", 2},
    {"less_equal", 2}, {"greater", 2}, {"greater_equal", 2}, {"logical_and", 2},
    {"logical_or", 2}, {"select", 3},  {"fma", 3},           {"round_bfloat16", 1},
    {"copy", 1},
}};
static_assert(kTileOps[static_cast<size_t>(TileOp::add)].name == "add");
static_assert(kTileOps[static_cast<size_t>(TileOp::select)].name == "select");
static_assert(kTileOps.back().name == "copy");

std::string_view name(TileAccess access) {
  constexpr std::string_view kNames[] = {"full", "scalar", "row", "column"};
  return access <= TileAccess::column ? kNames[static_cast<size_t>(access)] : "?";
}

std::string_view name(TileStore store) {
  constexpr std::string_view kNames[] = {"full", "sum_all", "sum_outer", "sum_inner", "max_inner"};
  return store <= TileStore::max_inner ? kNames[static_cast<size_t>(store)] : "?";
}

const TileOpInfo& info(TileOp op) {
  static constexpr TileOpInfo kNone = {"?", 1};  // of a damaged program, whose text an error tells
  return op <= TileOp::copy ? kTileOps[static_cast<size_t>(op)] : kNone;
}

}  // namespace

std::string_view name(TileOp op) { return info(op).name; }

int arity(TileOp op) { return info(op).arity; }

size_t TileProgram::hash() const {
  size_t h = inputs.size();
  const auto mix = [&h](auto value) { h = internal::hash_combine(h, static_cast<size_t>(value)); };
  for (const TileInput& input : inputs) mix(input.dtype), mix(input.access);
  mix(code.size());
  for (const TileInstr& instr : code) mix(instr.op), mix(instr.a), mix(instr.b), mix(instr.c);
  mix(outputs.size());
  for (const TileOutput& output : outputs) mix(output.dtype), mix(output.store), mix(output.reg);
  return h;
}

std::string TileProgram::to_string() const {
  std::string text = "(";
  const auto reg = [](size_t index) { return "r" + std::to_string(index); };
  for (size_t i = 0; i < inputs.size(); ++i) {
    text += (i > 0 ? ", " : "") + reg(i) + ": " + std::string(danlu::name(inputs[i].dtype)) + " " +
            std::string(name(inputs[i].access));
  }
  text += ")";
  for (size_t i = 0; i < code.size(); ++i) {
    const TileInstr& instr = code[i];
    text += "; " + reg(inputs.size() + i) + " = " + std::string(danlu::name(instr.op)) + " " +
            reg(instr.a);
    if (arity(instr.op) > 1) text += ", " + reg(instr.b);
    if (arity(instr.op) > 2) text += ", " + reg(instr.c);
  }
  for (const TileOutput& output : outputs) {
    text += "; " + std::string(name(output.store)) + " " + std::string(danlu::name(output.dtype)) +
            " " + reg(output.reg);
  }
  return text;
}

}  // namespace danlu
