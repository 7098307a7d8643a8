#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"
#include "danlu/ops/linalg/matmul_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<MatmulTileAttrs>();
  const TileProgram& program = attrs.tile.program;
  const auto inputs = static_cast<int64_t>(program.inputs.size());
  if (attrs.tile.spaces.size() != 1 || !is_flat(program) || attrs.product < 0 ||
      attrs.product >= inputs || static_cast<int64_t>(c.inputs.size()) != inputs + 1) {
    throw ValueError({.where = c.where(),
                      .what = "The program cannot follow a product",
                      .expected = "a flat program of one space, and an input for each but one",
                      .received = program.to_string()});
  }
  const TensorSpec product = linalg::infer_matmul(c, attrs.matmul);
  const auto all = with_product(attrs, c.inputs, product);
  const AttrsPtr tile = make_attrs(attrs.tile);
  return tile_op().infer({.op_name = c.op_name, .attrs = tile.get(), .inputs = all});
}

double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  const auto& a = attrs_as<MatmulTileAttrs>(attrs);
  const auto& space = a.tile.spaces[0];
  return linalg::matmul_flops(a.matmul, in, out) +
         static_cast<double>(space.outer * space.inner) *
             static_cast<double>(a.tile.program.code.size());
}

/// w − rate · (aᵀ · b), and the product's square.
std::vector<OpSample> samples() {
  const DType f = DType::float32;
  const TileProgram descent{
      .inputs = {{f, TileAccess::full}, {f, TileAccess::full}, {f, TileAccess::scalar}},
      .code = {{TileOp::mul, 1, 2}, {TileOp::sub, 0, 3}, {TileOp::square, 1}},
      .outputs = {{f, TileStore::full, 4}, {f, TileStore::full, 5}}};
  const auto sample = [&](std::string label, int64_t m, int64_t n, int64_t k, bool transpose_a,
                          bool transpose_b) {
    const Shape out{m, n};
    return OpSample{.label = std::move(label),
                    .inputs = {{transpose_a ? Shape{k, m} : Shape{m, k}, f},
                               {transpose_b ? Shape{n, k} : Shape{k, n}, f},
                               {out, f},
                               {Shape{}, f}},
                    .attrs = make_attrs(MatmulTileAttrs{
                        .matmul = {.transpose_a = transpose_a, .transpose_b = transpose_b},
                        .tile = {.program = descent, .spaces = {{m, n}}, .shapes = {out, out}},
                        .product = 1}),
                    .tolerance = 1e-5};
  };
  return {sample("descent", 33, 20, 7, true, false), sample("rows", 5, 3, 4, false, true),
          sample("many blocks", 700, 130, 9, true, false)};
}

}  // namespace

bool is_flat(const TileProgram& program) {
  return std::all_of(program.inputs.begin(), program.inputs.end(),
                     [](const TileInput& input) {
                       return input.access == TileAccess::full ||
                              input.access == TileAccess::scalar;
                     }) &&
         std::all_of(program.outputs.begin(), program.outputs.end(),
                     [](const TileOutput& output) { return output.store == TileStore::full; });
}

const OpDef& matmul_tile_op() {
  static const OpDef op{
      .name = "matmul_tile",
      .num_inputs = -1,
      .infer = infer,
      .flops = flops,
      .symbolic_only = true,
      .samples = samples,
      .doc = "A fused chain of elementwise ops on a product.",
  };
  return op;
}

}  // namespace danlu
