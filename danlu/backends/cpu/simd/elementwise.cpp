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
bool is_float(DType t) { return t == DType::float32 || t == DType::bfloat16; }
bool is_byte(DType t) { return t == DType::uint8 || t == DType::bool_; }

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
    const bool bytes_will_do = !is_arithmetic(*op) || only_chooses(*op);
    if (!is_float(input.dtype) && !(bytes_will_do && is_byte(input.dtype))) {
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
  if (from == DType::float64 || to == DType::float64) return "tiles are float32";
  const bool exact = is_float(from) || is_byte(from);
  if (exact || is_float(to) || to == DType::bool_) return "";
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
