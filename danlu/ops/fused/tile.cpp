#include "danlu/base/error.h"
#include "danlu/ops/enumerator.h"
#include "danlu/ops/registry.h"
#include "danlu/runtime/tile_program.h"

namespace danlu {
namespace {

int64_t input_size(const TileInput& input, const TileAttrs::Space& space) {
  switch (input.access) {
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

int64_t output_size(const TileOutput& output, const TileAttrs::Space& space) {
  switch (output.store) {
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

[[noreturn]] void fail(const InferContext& c, std::string what, std::string expected,
                       std::string received) {
  throw ShapeError({.where = c.where(),
                    .what = std::move(what),
                    .expected = std::move(expected),
                    .received = std::move(received)});
}

/// Every register is written before it is read, and everything named exists.
void check_program(const InferContext& c, const TileProgram& program) {
  const auto register_below = [&](size_t reg, size_t count) {
    if (reg < count) return;
    throw ValueError({.where = c.where(),
                      .what = "The tile program reads a register that is not written yet",
                      .expected = "a register below " + std::to_string(count),
                      .received = program.to_string()});
  };
  const auto loadable = [&](DType dtype) {
    if (dtype != DType::float64 && !is_complex(dtype)) return;
    throw DTypeError({.where = c.where(),
                      .what = "Tile programs compute in float32",
                      .expected = "a dtype but float64 and complex64",
                      .received = program.to_string()});
  };
  for (const TileInput& input : program.inputs) {
    require_enumerator(c, "access", input.access, TileAccess::column);
    loadable(input.dtype);
  }
  size_t registers = program.inputs.size();
  for (const TileInstr& instr : program.code) {
    require_enumerator(c, "tile operation", instr.op, TileOp::copy);
    const uint16_t operands[] = {instr.a, instr.b, instr.c};
    for (int i = 0; i < arity(instr.op); ++i) register_below(operands[i], registers);
    ++registers;
  }
  for (const TileOutput& output : program.outputs) {
    require_enumerator(c, "store", output.store, TileStore::max_inner);
    loadable(output.dtype);
    register_below(output.reg, registers);
  }
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<TileAttrs>();
  const TileProgram& program = attrs.program;
  check_program(c, program);
  const size_t num_in = program.inputs.size(), num_out = program.outputs.size();
  if (c.inputs.size() != num_in * attrs.spaces.size() ||
      attrs.shapes.size() != num_out * attrs.spaces.size()) {
    fail(c, "The operands do not match the tile program",
         std::to_string(num_in) + " inputs and " + std::to_string(num_out) + " shapes per space",
         std::to_string(c.inputs.size()) + " and " + std::to_string(attrs.shapes.size()));
  }
  std::vector<TensorSpec> outputs;
  for (size_t s = 0; s < attrs.spaces.size(); ++s) {
    const auto& space = attrs.spaces[s];
    Shape({space.outer, space.inner});  // no negative ones, no product too large
    for (size_t i = 0; i < num_in; ++i) {
      const TensorSpec& spec = c.inputs[s * num_in + i];
      const int64_t size = input_size(program.inputs[i], space);
      if (spec.shape.num_elements() == size && spec.dtype == program.inputs[i].dtype) continue;
      fail(c, "An input does not fit the iteration space " + space.to_string(),
           std::to_string(size) + " elements of " + std::string(name(program.inputs[i].dtype)),
           spec.to_string());
    }
    for (size_t i = 0; i < num_out; ++i) {
      const Shape& shape = attrs.shapes[s * num_out + i];
      const int64_t size = output_size(program.outputs[i], space);
      if (shape.num_elements() != size) {
        fail(c, "An output does not fit the iteration space " + space.to_string(),
             std::to_string(size) + " elements", shape.to_string());
      }
      outputs.push_back({shape, program.outputs[i].dtype});
    }
  }
  return outputs;
}

std::vector<OpSample> samples() {
  const DType f = DType::float32;
  // relu(x * row + column), and its sums.
  TileProgram affine{
      .inputs = {{f, TileAccess::full}, {f, TileAccess::row}, {f, TileAccess::column}},
      .code = {{TileOp::fma, 0, 1, 2}, {TileOp::relu, 3}},
      .outputs = {{f, TileStore::full, 4},
                  {f, TileStore::sum_outer, 4},
                  {f, TileStore::sum_inner, 4},
                  {f, TileStore::max_inner, 3},
                  {f, TileStore::sum_all, 4}}};
  auto affine_sample = [&](std::string label, int64_t outer, int64_t inner) {
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{outer, inner}, f}, {Shape{inner}, f}, {Shape{outer}, f}},
                    .attrs = make_attrs(TileAttrs{
                        affine,
                        {{outer, inner}},
                        {Shape{outer, inner}, Shape{inner}, Shape{outer}, Shape{outer}, Shape{}}}),
                    .tolerance = 1e-5};
  };
  // One step of gradient descent over two parameters at once.
  TileProgram descent{
      .inputs = {{f, TileAccess::full}, {f, TileAccess::full}, {f, TileAccess::scalar}},
      .code = {{TileOp::mul, 1, 2}, {TileOp::sub, 0, 3}},
      .outputs = {{f, TileStore::full, 4}}};
  OpSample two{
      .label = "two spaces",
      .inputs = {{Shape{3, 50}, f},
                 {Shape{3, 50}, f},
                 {Shape{}, f},
                 {Shape{7}, f},
                 {Shape{7}, f},
                 {Shape{}, f}},
      .attrs = make_attrs(TileAttrs{descent, {{1, 150}, {1, 7}}, {Shape{3, 50}, Shape{7}}})};
  // uint8 pixels to [0, 1], with a mask.
  TileProgram pixels{
      .inputs = {{DType::uint8, TileAccess::full}, {f, TileAccess::scalar}},
      .code = {{TileOp::mul, 0, 1}, {TileOp::greater, 2, 1}, {TileOp::select, 3, 2, 1}},
      .outputs = {{f, TileStore::full, 4}, {DType::bool_, TileStore::full, 3}}};
  OpSample image{
      .label = "pixels",
      .inputs = {{Shape{5, 1031}, DType::uint8}, {Shape{}, f}},
      .attrs = make_attrs(TileAttrs{pixels, {{1, 5155}}, {Shape{5, 1031}, Shape{5, 1031}}}),
      .low = 0,
      .high = 256};
  return {affine_sample("rows and columns", 5, 37), affine_sample("long rows", 3, 2050),
          affine_sample("one row", 1, 19), std::move(two), std::move(image)};
}

}  // namespace

const OpDef& tile_op() {
  static const OpDef op{
      .name = "tile",
      .num_inputs = -1,
      .infer = infer,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec>, std::span<const TensorSpec>) {
            const auto& a = attrs_as<TileAttrs>(attrs);
            double elements = 0;
            for (const auto& space : a.spaces) {
              elements += static_cast<double>(space.outer * space.inner);
            }
            return elements * static_cast<double>(a.program.code.size());
          },
      .symbolic_only = true,
      .samples = samples,
      .doc = "A fused chain of elementwise ops with broadcasting and a reduction epilogue.",
  };
  return op;
}

}  // namespace danlu
