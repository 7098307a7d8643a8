#include <algorithm>
#include <optional>

#include "danlu/compile/passes.h"
#include "danlu/compile/rewriter.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// Moves work on a pooled-over image to the pooled one. With (p, i) = max_pool2d(y) and
/// u = max_pool2d_backward(g, i), whose entries are 0 but where a maximum was:
///   u · [y > 0]         = max_pool2d_backward(g · [p > 0], i), since p is y at those places;
///   Σ over the image u  = Σ over the pooled image g.
/// Nothing then needs y itself, so convolution, activation and pooling can be one kernel.
class PoolingRewriter {
 public:
  explicit PoolingRewriter(const Graph& graph) : rewriter_(graph), graph_(rewriter_.graph()) {}

  Graph run() {
    const Graph& source = rewriter_.source();
    for (uint32_t i = 0; i < source.nodes.size(); ++i) {
      const GraphNode& node = source.nodes[i];
      if (node.op == nullptr || !rewriter_.needed(i)) continue;
      const auto in = rewriter_.mapped_inputs(node);
      std::optional<ValueId> moved;
      if (node.op == &multiply_op()) {
        moved = masked_gradient(in[0], in[1]);
        if (!moved) moved = masked_gradient(in[1], in[0]);
      } else if (node.op == &sum_op()) {
        moved = summed_gradient(node.attrs, in[0]);
      }
      if (moved) {
        rewriter_.set({i, 0}, *moved);
      } else {
        rewriter_.keep(i);
      }
    }
    return rewriter_.finish();
  }

 private:
  const GraphNode* producer(ValueId v, const OpDef& op) const {
    const GraphNode& node = graph_.nodes[v.node];
    return node.op == &op ? &node : nullptr;
  }

  std::optional<ValueId> masked_gradient(ValueId gradient, ValueId mask) {
    const GraphNode* unpool = producer(gradient, max_pool2d_backward_op());
    const GraphNode* converted = producer(mask, cast_op());
    if (unpool == nullptr || converted == nullptr) return std::nullopt;
    const GraphNode* comparison = producer(converted->inputs[0], greater_op());
    if (comparison == nullptr) return std::nullopt;
    const ValueId g = unpool->inputs[0];
    const ValueId index = unpool->inputs[1];
    const GraphNode* pool = producer(index, max_pool2d_op());
    const ValueId zero = comparison->inputs[1];
    if (pool == nullptr || index.index != 1 || pool->inputs[0] != comparison->inputs[0] ||
        graph_.spec(zero).shape.num_elements() != 1) {
      return std::nullopt;
    }
    const AttrsPtr unpool_attrs = unpool->attrs;
    const AttrsPtr cast_attrs = converted->attrs;
    const ValueId positive =
        rewriter_.emit_value(greater_op(), nullptr, {ValueId{index.node, 0}, zero});
    const ValueId pooled_mask = rewriter_.emit_value(cast_op(), cast_attrs, {positive});
    const ValueId masked = rewriter_.emit_value(multiply_op(), nullptr, {g, pooled_mask});
    return rewriter_.emit_value(max_pool2d_backward_op(), unpool_attrs, {masked, index});
  }

  std::optional<ValueId> summed_gradient(const AttrsPtr& attrs, ValueId x) {
    const GraphNode* unpool = producer(x, max_pool2d_backward_op());
    const auto& axes = attrs_as<ReductionAttrs>(attrs).axes;
    auto has = [&](int64_t axis) {
      return std::find(axes.begin(), axes.end(), axis) != axes.end();
    };
    if (unpool == nullptr || !has(1) || !has(2)) return std::nullopt;
    return rewriter_.emit_value(sum_op(), attrs, {unpool->inputs[0]});
  }

  Rewriter rewriter_;
  Graph& graph_;
};

/// Puts producer and consumer into one kernel where the value between them has no other user.
class PatternFuser {
 public:
  explicit PatternFuser(const Graph& graph)
      : rewriter_(graph),
        graph_(rewriter_.graph()),
        uses_(count_uses(graph)),
        only_convolved_(find_only_convolved(graph)) {}

  Graph run() {
    const Graph& source = rewriter_.source();
    for (uint32_t i = 0; i < source.nodes.size(); ++i) {
      const GraphNode& node = source.nodes[i];
      if (node.op == nullptr || !rewriter_.needed(i)) continue;
      const std::optional<uint32_t> fused = fuse(node, rewriter_.mapped_inputs(node));
      if (fused) {
        rewriter_.set_all(i, *fused);
      } else {
        rewriter_.keep(i);
      }
    }
    return rewriter_.finish();
  }

 private:
  /// The node that makes the old value `v`, in the new graph, if `v` has one user only.
  const GraphNode* sole(ValueId old_value, const OpDef& op) const {
    if (uses_[old_value.node][old_value.index] != 1) return nullptr;
    const GraphNode& node = graph_.node(rewriter_.mapped(old_value));
    return node.op == &op ? &node : nullptr;
  }

  /// Whether the node cuts the images of an unpooled gradient into sets.
  static bool makes_sets(const Graph& graph, const GraphNode& node) {
    if (node.op != &reshape_op()) return false;
    const GraphNode& unpool = graph.node(node.inputs[0]);
    const Shape& shape = node.outputs[0].shape;
    return unpool.op == &max_pool2d_backward_op() && shape.rank() >= 4 &&
           std::ranges::equal(shape.dims().last(3), unpool.outputs[0].shape.dims().last(3));
  }

  /// By node: whether all users of this unpooled gradient, or of its sets, are the two backward ops
  /// of a convolution. Each of them then works from the pooled gradient, and the other is never
  /// made.
  static std::vector<bool> find_only_convolved(const Graph& graph) {
    std::vector<bool> result(graph.nodes.size());
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const GraphNode& node = graph.nodes[i];
      result[i] = node.op == &max_pool2d_backward_op() || makes_sets(graph, node);
    }
    for (const ValueId v : graph.outputs) result[v.node] = false;
    for (const auto& [name, v] : graph.named_outputs) result[v.node] = false;
    for (size_t i = graph.nodes.size(); i-- > 0;) {
      const GraphNode& node = graph.nodes[i];
      for (size_t j = 0; j < node.inputs.size(); ++j) {
        const bool as_gradient = (node.op == &conv2d_backward_kernel_op() && j == 1) ||
                                 (node.op == &conv2d_backward_input_op() && j == 0);
        const bool as_sets = node.op == &reshape_op() && result[i];
        if (!as_gradient && !as_sets) result[node.inputs[j].node] = false;
      }
    }
    return result;
  }

  /// The unpooling that makes the old value `v`, or whose sets it is, in the new graph, if only
  /// convolutions use it.
  const GraphNode* convolved_unpool(ValueId v) const {
    if (!only_convolved_[v.node]) return nullptr;
    const GraphNode& old = rewriter_.source().node(v);
    if (old.op == &reshape_op()) return convolved_unpool(old.inputs[0]);
    const GraphNode& node = graph_.node(rewriter_.mapped(v));
    return node.op == &max_pool2d_backward_op() ? &node : nullptr;
  }

  /// Pooled images, cut into the sets that `image`, the gradient of the unpooled images, has.
  ValueId as_sets(ValueId pooled, const Shape& image) {
    const Shape from = graph_.spec(pooled).shape;
    std::vector<int64_t> dims(image.dims().begin(), image.dims().end());
    std::ranges::copy(from.dims().last(3), dims.end() - 3);
    if (Shape(dims) == from) return pooled;
    return rewriter_.emit_value(reshape_op(), make_attrs(ShapeAttrs{Shape(dims)}), {pooled});
  }

  std::optional<uint32_t> fuse(const GraphNode& node, const std::vector<ValueId>& in) {
    if (node.op == &add_op()) {
      for (int i = 0; i < 2; ++i) {
        if (auto fused = add_bias(node.inputs[i], in[1 - i], node.outputs[0])) return fused;
      }
    } else if (const auto activation = activation_of(*node.op)) {
      return activate(node.inputs[0], *activation);
    } else if (node.op == &max_pool2d_op()) {
      return pool(node);
    } else if (node.op == &conv2d_backward_kernel_op()) {
      if (const GraphNode* unpool = convolved_unpool(node.inputs[1])) {
        const auto attrs = make_attrs(pooled_attrs(node, *unpool));
        const ValueId pooled = unpool->inputs[0], positions = unpool->inputs[1];
        const Shape& image = rewriter_.source().spec(node.inputs[1]).shape;
        const ValueId g = as_sets(pooled, image), index = as_sets(positions, image);
        return rewriter_.emit(conv2d_pool_backward_kernel_op(), attrs, {in[0], g, index});
      }
    } else if (node.op == &conv2d_backward_input_op()) {
      if (const GraphNode* unpool = convolved_unpool(node.inputs[0])) {
        const auto attrs = make_attrs(pooled_attrs(node, *unpool));
        const ValueId g = unpool->inputs[0], index = unpool->inputs[1];
        return rewriter_.emit(conv2d_pool_backward_input_op(), attrs, {g, index, in[1]});
      }
    }
    return std::nullopt;
  }

  static std::optional<FusedActivation> activation_of(const OpDef& op) {
    if (&op == &relu_op()) return FusedActivation::relu;
    if (&op == &sigmoid_op()) return FusedActivation::sigmoid;
    if (&op == &tanh_op()) return FusedActivation::tanh;
    return std::nullopt;
  }

  static Conv2DPoolAttrs pooled_attrs(const GraphNode& conv, const GraphNode& unpool) {
    return {.conv = attrs_as<Conv2DAttrs>(conv.attrs), .pool = attrs_as<Pool2DAttrs>(unpool.attrs)};
  }

  std::optional<uint32_t> add_bias(ValueId old_product, ValueId bias, const TensorSpec& out) {
    const TensorSpec& spec = graph_.spec(bias);
    const bool is_bias = spec.shape.rank() == 1 && spec.shape[0] == out.shape[-1] &&
                         spec.dtype == out.dtype && is_floating(out.dtype) &&
                         rewriter_.source().spec(old_product) == out;
    if (!is_bias) return std::nullopt;
    if (const GraphNode* product = sole(old_product, matmul_op())) {
      if (out.shape.rank() < 2) return std::nullopt;
      const auto attrs = make_attrs(FusedMatmulAttrs{attrs_as<MatmulAttrs>(product->attrs)});
      return rewriter_.emit(fused_matmul_op(), attrs,
                            {product->inputs[0], product->inputs[1], bias});
    }
    if (const GraphNode* conv = sole(old_product, conv2d_op())) {
      const auto attrs = make_attrs(FusedConv2DAttrs{attrs_as<Conv2DAttrs>(conv->attrs)});
      return rewriter_.emit(fused_conv2d_op(), attrs, {conv->inputs[0], conv->inputs[1], bias});
    }
    return std::nullopt;
  }

  std::optional<uint32_t> activate(ValueId old_value, FusedActivation activation) {
    if (const GraphNode* product = sole(old_value, fused_matmul_op())) {
      auto attrs = attrs_as<FusedMatmulAttrs>(product->attrs);
      if (attrs.activation != FusedActivation::none) return std::nullopt;
      attrs.activation = activation;
      return rewriter_.emit(fused_matmul_op(), make_attrs(attrs), std::vector(product->inputs));
    }
    if (const GraphNode* conv = sole(old_value, fused_conv2d_op())) {
      auto attrs = attrs_as<FusedConv2DAttrs>(conv->attrs);
      if (attrs.activation != FusedActivation::none || activation != FusedActivation::relu) {
        return std::nullopt;
      }
      attrs.activation = activation;
      return rewriter_.emit(fused_conv2d_op(), make_attrs(attrs), std::vector(conv->inputs));
    }
    return std::nullopt;
  }

  std::optional<uint32_t> pool(const GraphNode& node) {
    const auto& pool_attrs = attrs_as<Pool2DAttrs>(node.attrs);
    if (const GraphNode* conv = sole(node.inputs[0], fused_conv2d_op())) {
      const auto& attrs = attrs_as<FusedConv2DAttrs>(conv->attrs);
      const auto fused = make_attrs(Conv2DPoolAttrs{attrs.conv, pool_attrs, attrs.activation});
      return rewriter_.emit(conv2d_pool_op(), fused, std::vector(conv->inputs));
    }
    return std::nullopt;
  }

  Rewriter rewriter_;
  Graph& graph_;
  std::vector<std::vector<int>> uses_;
  std::vector<bool> only_convolved_;
};

}  // namespace

Graph fuse_patterns(const Graph& graph) {
  const Graph moved = PoolingRewriter(graph).run();
  return PatternFuser(moved).run();
}

}  // namespace danlu::compile
