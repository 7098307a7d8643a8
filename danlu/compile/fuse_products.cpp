#include <algorithm>
#include <optional>
#include <utility>

#include "danlu/compile/passes.h"
#include "danlu/compile/rewriter.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// Smaller products stay in a cache by themselves until they are read.
constexpr size_t kLeastBytes = size_t{1} << 19;
/// In longer ones, the result's way through memory does not count.
constexpr double kMostFlops = 1.5e8;

/// A space of a tile program that reads a product nothing else wants.
struct Update {
  uint32_t product_node;
  int64_t input;  ///< of the program
};

class ProductFuser {
 public:
  explicit ProductFuser(const Graph& graph) : rewriter_(graph), uses_(count_uses(graph)) {}

  Graph run() {
    const Graph& source = rewriter_.source();
    for (uint32_t i = 0; i < source.nodes.size(); ++i) {
      const GraphNode& node = source.nodes[i];
      if (node.op == nullptr || !rewriter_.needed(i)) continue;
      if (node.op != &tile_op() || !split(i)) rewriter_.keep(i);
    }
    return rewriter_.finish();
  }

 private:
  /// Puts each space that can follow its product behind it; false when there is none.
  bool split(uint32_t id) {
    const GraphNode& node = rewriter_.source().nodes[id];
    const auto& attrs = attrs_as<TileAttrs>(node.attrs);
    if (!is_flat(attrs.program)) return false;
    std::vector<std::optional<Update>> updates;
    for (size_t s = 0; s < attrs.spaces.size(); ++s) updates.push_back(find(node, attrs, s));
    if (std::none_of(updates.begin(), updates.end(), [](const auto& u) { return bool(u); })) {
      return false;
    }
    const auto mapped = rewriter_.mapped_inputs(node);
    const size_t num_in = attrs.program.inputs.size(), num_out = attrs.program.outputs.size();
    TileAttrs rest{.program = attrs.program};
    std::vector<ValueId> rest_inputs, rest_outputs;
    for (uint32_t s = 0; s < attrs.spaces.size(); ++s) {
      std::vector<ValueId> inputs(mapped.begin() + s * num_in, mapped.begin() + (s + 1) * num_in);
      const std::vector<Shape> shapes(attrs.shapes.begin() + s * num_out,
                                      attrs.shapes.begin() + (s + 1) * num_out);
      std::vector<ValueId> outputs;
      for (uint32_t o = 0; o < num_out; ++o) {
        outputs.push_back({id, static_cast<uint32_t>(s * num_out + o)});
      }
      if (!updates[s]) {
        rest.spaces.push_back(attrs.spaces[s]);
        rest.shapes.insert(rest.shapes.end(), shapes.begin(), shapes.end());
        rest_inputs.insert(rest_inputs.end(), inputs.begin(), inputs.end());
        rest_outputs.insert(rest_outputs.end(), outputs.begin(), outputs.end());
        continue;
      }
      const GraphNode& product = rewriter_.source().nodes[updates[s]->product_node];
      const auto factors = rewriter_.mapped_inputs(product);
      inputs.erase(inputs.begin() + updates[s]->input);
      inputs.insert(inputs.begin(), factors.begin(), factors.end());
      const MatmulTileAttrs fused{
          .matmul = attrs_as<MatmulAttrs>(product.attrs),
          .tile = {.program = attrs.program, .spaces = {attrs.spaces[s]}, .shapes = shapes},
          .product = updates[s]->input};
      set(outputs, rewriter_.emit(matmul_tile_op(), make_attrs(fused), std::move(inputs)));
    }
    if (!rest.spaces.empty()) {
      set(rest_outputs,
          rewriter_.emit(tile_op(), make_attrs(std::move(rest)), std::move(rest_inputs)));
    }
    return true;
  }

  void set(const std::vector<ValueId>& outputs, uint32_t now) {
    for (uint32_t o = 0; o < outputs.size(); ++o) rewriter_.set(outputs[o], {now, o});
  }

  std::optional<Update> find(const GraphNode& node, const TileAttrs& attrs, size_t space) const {
    const Graph& source = rewriter_.source();
    const size_t num_in = attrs.program.inputs.size();
    for (size_t j = 0; j < num_in; ++j) {
      const ValueId v = node.inputs[space * num_in + j];
      const GraphNode& product = source.nodes[v.node];
      if (product.op != &matmul_op() || uses_[v.node][v.index] != 1 ||
          attrs.program.inputs[j].access != TileAccess::full) {
        continue;
      }
      const TensorSpec& a = source.spec(product.inputs[0]);
      const TensorSpec& b = source.spec(product.inputs[1]);
      const TensorSpec& out = product.outputs[0];
      const double flops = product.op->flops(product.attrs.get(), std::vector{a, b}, {&out, 1});
      if (out.dtype == DType::float32 && a.shape.rank() == 2 && b.shape.rank() == 2 &&
          out.bytes() >= kLeastBytes && flops <= kMostFlops) {
        return Update{v.node, static_cast<int64_t>(j)};
      }
    }
    return std::nullopt;
  }

  Rewriter rewriter_;
  std::vector<std::vector<int>> uses_;
};

}  // namespace

Graph fuse_products(const Graph& graph) { return ProductFuser(graph).run(); }

}  // namespace danlu::compile
