#include "danlu/runtime/tile_opcode.h"

#include <unordered_map>

namespace danlu {

std::optional<TileOp> tile_opcode(const OpDef& op) {
  static const std::unordered_map<std::string_view, TileOp> codes = {
      {"negative", TileOp::neg},
      {"abs", TileOp::abs},
      {"sign", TileOp::sign},
      {"exp", TileOp::exp},
      {"log", TileOp::log},
      {"log1p", TileOp::log1p},
      {"expm1", TileOp::expm1},
      {"sqrt", TileOp::sqrt},
      {"rsqrt", TileOp::rsqrt},
      {"square", TileOp::square},
      {"reciprocal", TileOp::reciprocal},
      {"tanh", TileOp::tanh},
      {"sigmoid", TileOp::sigmoid},
      {"relu", TileOp::relu},
      {"softplus", TileOp::softplus},
      {"erf", TileOp::erf},
      {"sin", TileOp::sin},
      {"cos", TileOp::cos},
      {"floor", TileOp::floor},
      {"ceil", TileOp::ceil},
      {"round", TileOp::round},
      {"trunc", TileOp::trunc},
      {"exp2", TileOp::exp2},
      {"log2", TileOp::log2},
      {"log10", TileOp::log10},
      {"cbrt", TileOp::cbrt},
      {"tan", TileOp::tan},
      {"arcsin", TileOp::arcsin},
      {"arccos", TileOp::arccos},
      {"arctan", TileOp::arctan},
      {"sinh", TileOp::sinh},
      {"cosh", TileOp::cosh},
      {"arcsinh", TileOp::arcsinh},
      {"arccosh", TileOp::arccosh},
      {"arctanh", TileOp::arctanh},
      {"isnan", TileOp::is_nan},
      {"logical_not", TileOp::logical_not},
      {"cast", TileOp::copy},
      {"copy", TileOp::copy},
      {"stop_gradient", TileOp::copy},
      {"add", TileOp::add},
      {"subtract", TileOp::sub},
      {"multiply", TileOp::mul},
      {"divide", TileOp::div},
      {"power", TileOp::pow},
      {"floor_divide", TileOp::floor_divide},
      {"mod", TileOp::mod},
      {"fmod", TileOp::fmod},
      {"arctan2", TileOp::arctan2},
      {"hypot", TileOp::hypot},
      {"maximum", TileOp::maximum},
      {"minimum", TileOp::minimum},
      {"equal", TileOp::equal},
      {"not_equal", TileOp::not_equal},
      {"less", TileOp::less},
      {"less_equal", TileOp::less_equal},
      {"greater", TileOp::greater},
      {"greater_equal", TileOp::greater_equal},
      {"logical_and", TileOp::logical_and},
      {"logical_or", TileOp::logical_or},
      {"where", TileOp::select},
  };
  const auto it = codes.find(op.name);
  if (it == codes.end()) return std::nullopt;
  return it->second;
}

}  // namespace danlu
