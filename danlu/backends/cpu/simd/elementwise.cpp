#include "danlu/backends/cpu/simd/elementwise.h"

#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/runtime/tile_opcode.h"
#include "danlu/runtime/tile_space.h"

namespace danlu::cpu::simd {
namespace {

bool is_arithmetic(TileOp op) { return op < TileOp::equal && op != TileOp::is_nan; }
bool only_chooses(TileOp op) {
  return op == TileOp::maximum || op == TileOp::minimum || op == TileOp::relu ||
         op == TileOp::logical_not;
}
bool is_float(DType t) { return is_floating(t) && t != DType::float64; }
/// Integers (bool among them) all of which float32 holds.
bool is_short(DType t) { return !is_inexact(t) && size_of(t) <= 2; }

std::optional<TileSpace> space_of(const KernelQuery& query) {
  std::vector<Shape> shapes;
  for (const TensorSpec& input : query.inputs) shapes.push_back(input.shape);
  return classify(query.outputs[0].shape, shapes);
}

std::string space_refusal(const KernelQuery& query) {
  if (space_of(query)) return "";
  return "an operand is no full, row, column or scalar operand of " +
         query.outputs[0].shape.to_string();
}

std::string refusal(const KernelQuery& query) {
  const auto op = tile_opcode(*query.op);
  if (!op) return "tiles have no such operation";
  for (const TensorSpec& input : query.inputs) {
    const bool integers_will_do = !is_arithmetic(*op) || only_chooses(*op);
    if (!is_float(input.dtype) && !(integers_will_do && is_short(input.dtype))) {
      return std::string(name(input.dtype)) + " operands are not computed in float32";
    }
  }
  return space_refusal(query);
}

std::unique_ptr<Kernel> one_instruction(const KernelQuery& query, TileOp op) {
  const TileSpace space = *space_of(query);
  TileProgram program;
  for (size_t i = 0; i < query.inputs.size(); ++i) {
    program.inputs.push_back({query.inputs[i].dtype, space.access[i]});
  }
  const int operands = arity(op);
  program.code = {{op, 0, static_cast<uint16_t>(operands > 1 ? 1 : 0),
                   static_cast<uint16_t>(operands > 2 ? 2 : 0)}};
  program.outputs = {
      {query.outputs[0].dtype, TileStore::full, static_cast<uint16_t>(query.inputs.size())}};
  return make_tile_kernel(program, {{space.outer, space.inner}}, query.threads, query.isa);
}

std::unique_ptr<Kernel> prepare(const KernelQuery& query) {
  return one_instruction(query, *tile_opcode(*query.op));
}

std::string cast_refusal(const KernelQuery& query) {
  const DType from = query.inputs[0].dtype, to = query.outputs[0].dtype;
  for (const DType t : {from, to}) {
    if (t == DType::float64 || is_complex(t)) return "tiles are float32";
  }
  // Floating numbers saturate; integers keep their low bits.
  if (is_float(from) || from == DType::bool_ || to == DType::bool_) return "";
  if (is_short(from) && (is_float(to) || promote(from, to) == to)) return "";
  if (to == DType::float32 || to == DType::bfloat16) return "";
  return "integers pass through float32 inexactly";
}

std::string broadcast_refusal(const KernelQuery& query) {
  if (size_of(query.inputs[0].dtype) != sizeof(float)) return "elements are not 4 bytes long";
  return space_refusal(query);
}

std::unique_ptr<Kernel> prepare_broadcast(const KernelQuery& query) {
  // A copy moves bits, so int32 may pass for float32.
  const TensorSpec in{query.inputs[0].shape, DType::float32};
  const TensorSpec out{query.outputs[0].shape, DType::float32};
  KernelQuery floats = query;
  floats.inputs = {&in, 1};
  floats.outputs = {&out, 1};
  return one_instruction(floats, TileOp::copy);
}

}  // namespace

KernelDef elementwise() { return {"simd", refusal, prepare}; }
KernelDef cast() { return {"simd", cast_refusal, prepare}; }
KernelDef broadcast_to() { return {"simd", broadcast_refusal, prepare_broadcast}; }

}  // namespace danlu::cpu::simd
