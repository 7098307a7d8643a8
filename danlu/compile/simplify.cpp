#include <algorithm>
#include <numeric>

#include "danlu/compile/passes.h"
#include "danlu/compile/reshape_axes.h"
#include "danlu/compile/rewriter.h"
#include "danlu/ops/elementwise/cast_attrs.h"
#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// One sweep over the graph: each node is rebuilt by the first rule that fits.
class Simplifier {
 public:
  explicit Simplifier(const Graph& graph) : rewriter_(graph), graph_(rewriter_.graph()) {}

  Graph run() {
    const Graph& source = rewriter_.source();
    for (uint32_t i = 0; i < source.nodes.size(); ++i) {
      const GraphNode& node = source.nodes[i];
      if (node.op == nullptr || !rewriter_.needed(i)) continue;
      const auto inputs = rewriter_.mapped_inputs(node);
      if (node.outputs.size() == 1) {
        rewriter_.set({i, 0}, rebuild(*node.op, node.attrs, inputs));
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
  const TensorSpec& spec(ValueId v) const { return graph_.spec(v); }

  /// The class of the scalar that `v` repeats, seen through broadcasts, reshapes and casts.
  ScalarClass scalar_class(ValueId v) const {
    while (true) {
      const GraphNode& node = graph_.nodes[v.node];
      if (node.op == nullptr) return node.scalar_class;
      if (node.op != &broadcast_to_op() && node.op != &reshape_op() && node.op != &cast_op()) {
        return ScalarClass::none;
      }
      if (node.op == &cast_op() && !is_floating(node.outputs[0].dtype)) return ScalarClass::none;
      v = node.inputs[0];
    }
  }

  ValueId rebuild(const OpDef& op, const AttrsPtr& attrs, std::vector<ValueId> in) {
    if (&op == &copy_op() || &op == &stop_gradient_op() || &op == &tap_op()) return in[0];
    if (op.fusion == FusionKind::elementwise) return elementwise(op, attrs, std::move(in));
    if (&op == &reshape_op()) return reshape(in[0], attrs_as<ShapeAttrs>(attrs).shape);
    if (&op == &broadcast_to_op()) return broadcast(attrs, in[0]);
    if (&op == &transpose_op()) return transpose(attrs_as<TransposeAttrs>(attrs), in[0]);
    if (&op == &matmul_op()) return matmul(attrs_as<MatmulAttrs>(attrs), in[0], in[1]);
    if (&op == &sum_op() || &op == &max_op() || &op == &min_op()) {
      return reduction(op, attrs, in[0]);
    }
    return rewriter_.emit_value(op, attrs, std::move(in));
  }

  ValueId reshape(ValueId x, const Shape& shape) {
    if (spec(x).shape == shape) return x;
    if (const GraphNode* inner = producer(x, reshape_op())) return reshape(inner->inputs[0], shape);
    return rewriter_.emit_value(reshape_op(), make_attrs(ShapeAttrs{shape}), {x});
  }

  ValueId broadcast(const AttrsPtr& attrs, ValueId x) {
    if (spec(x).shape == attrs_as<ShapeAttrs>(attrs).shape) return x;
    if (const GraphNode* inner = producer(x, broadcast_to_op())) {
      return broadcast(attrs, inner->inputs[0]);
    }
    return rewriter_.emit_value(broadcast_to_op(), attrs, {x});
  }

  ValueId transpose(const TransposeAttrs& attrs, ValueId x) {
    std::vector<int64_t> axes = attrs.axes;
    if (const GraphNode* inner = producer(x, transpose_op())) {
      const auto& first = attrs_as<TransposeAttrs>(inner->attrs).axes;
      for (int64_t& axis : axes) axis = first[axis];
      x = inner->inputs[0];
    }
    if (std::is_sorted(axes.begin(), axes.end())) return x;
    // Moving only axes of length 1 changes no memory.
    std::vector<int64_t> long_axes;
    for (int64_t axis : axes) {
      if (spec(x).shape[int(axis)] != 1) long_axes.push_back(axis);
    }
    if (std::is_sorted(long_axes.begin(), long_axes.end())) {
      std::vector<int64_t> dims;
      for (int64_t axis : axes) dims.push_back(spec(x).shape[int(axis)]);
      return reshape(x, Shape(dims));
    }
    return rewriter_.emit_value(transpose_op(), make_attrs(TransposeAttrs{axes}), {x});
  }

  /// `x` is a transpose of the last two axes only: what it transposes.
  const GraphNode* matrix_transpose(ValueId x) const {
    const GraphNode* node = producer(x, transpose_op());
    if (node == nullptr) return nullptr;
    const auto& axes = attrs_as<TransposeAttrs>(node->attrs).axes;
    const auto rank = static_cast<int64_t>(axes.size());
    for (int64_t i = 0; i < rank - 2; ++i) {
      if (axes[i] != i) return nullptr;
    }
    return axes[rank - 1] == rank - 2 ? node : nullptr;
  }

  ValueId matmul(MatmulAttrs attrs, ValueId a, ValueId b) {
    if (const GraphNode* t = matrix_transpose(a)) {
      a = t->inputs[0];
      attrs.transpose_a = !attrs.transpose_a;
    }
    if (const GraphNode* t = matrix_transpose(b)) {
      b = t->inputs[0];
      attrs.transpose_b = !attrs.transpose_b;
    }
    return product(attrs, a, b);
  }

  /// Batches of products as what is cheaper. Shapes: a (…, m, k), b (…, k, n).
  ValueId product(MatmulAttrs attrs, ValueId a, ValueId b) {
    const Shape x = spec(a).shape, y = spec(b).shape;
    const int64_t m = x[attrs.transpose_a ? -1 : -2], k = x[attrs.transpose_a ? -2 : -1];
    const int64_t n = y[attrs.transpose_b ? -2 : -1];
    // Outer products are for the product's own loops; what is left belongs into a tile program.
    if (k == 1 && (m == 1 || n == 1)) {
      const ValueId column = reshape(a, matrices(x, m, 1)), row = reshape(b, matrices(y, 1, n));
      return rewriter_.emit_value(multiply_op(), nullptr, {column, row});
    }
    const auto result = [&] {
      return matmul_op().infer({.op_name = matmul_op().name,
                                .attrs = make_attrs(attrs).get(),
                                .inputs = std::vector{spec(a), spec(b)}})[0];
    };
    const int64_t size = x.num_elements() / std::max<int64_t>(1, k);
    // One b for all: the rows of all products in one.
    if (x.rank() > 2 && y.rank() == 2 && k > 0 && (!attrs.transpose_a || m == 1)) {
      const Shape all = result().shape;
      const ValueId rows = reshape(a, Shape{size, k});
      attrs.transpose_a = false;
      return reshape(rewriter_.emit_value(matmul_op(), make_attrs(attrs), {rows, b}), all);
    }
    // One a for vectors: they are rows of a product with its transpose.
    if (x.rank() == 2 && y.rank() > 2 && k > 0 && n == 1) {
      const Shape all = result().shape;
      const ValueId rows = reshape(b, Shape{y.num_elements() / k, k});
      const auto swapped = make_attrs(MatmulAttrs{false, !attrs.transpose_a});
      return reshape(rewriter_.emit_value(matmul_op(), swapped, {rows, a}), all);
    }
    return rewriter_.emit_value(matmul_op(), make_attrs(attrs), {a, b});
  }

  static Shape matrices(const Shape& shape, int64_t rows, int64_t columns) {
    return shape.with_dim(-2, rows).with_dim(-1, columns);
  }

  ValueId reduction(const OpDef& op, const AttrsPtr& attrs, ValueId x) {
    const auto& axes = attrs_as<ReductionAttrs>(attrs).axes;
    const bool trivial = std::all_of(axes.begin(), axes.end(),
                                     [&](int64_t axis) { return spec(x).shape[int(axis)] == 1; });
    const TensorSpec result =
        op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = std::span(&spec(x), 1)})[0];
    if (trivial && result.dtype == spec(x).dtype) return reshape(x, result.shape);
    if (const GraphNode* inner = producer(x, reshape_op())) {
      const ValueId whole = inner->inputs[0];
      auto all = reshaped_axes(axes, spec(x).shape, spec(whole).shape);
      if (all && !all->empty()) {
        const auto sum = make_attrs(ReductionAttrs{*std::move(all), false});
        return reshape(rewriter_.emit_value(op, sum, {whole}), result.shape);
      }
      // Across axes that the reshape made: products that are added up stay with their sum.
      const GraphNode* product = producer(whole, multiply_op());
      if (product != nullptr && &op == &sum_op() &&
          spec(product->inputs[0]).shape == spec(product->inputs[1]).shape) {
        const std::vector<ValueId> factors = product->inputs;
        const Shape shape = spec(x).shape;
        const ValueId a = reshape(factors[0], shape), b = reshape(factors[1], shape);
        x = rewriter_.emit_value(multiply_op(), nullptr, {a, b});
      }
    }
    if (&op == &sum_op()) {
      if (const auto outside = taken_out_of_sum(attrs, x, result.shape)) return *outside;
    }
    return rewriter_.emit_value(op, attrs, {x});
  }

  /// Σ −a as −Σ a, and Σ a·b with b the same along the summed axes as b·Σ a: Σ a is often there.
  std::optional<ValueId> taken_out_of_sum(const AttrsPtr& attrs, ValueId x, const Shape& shape) {
    const TensorSpec& whole = spec(x);
    if (whole.dtype != DType::float32 && whole.dtype != DType::float64) return std::nullopt;
    if (const GraphNode* n = producer(x, negative_op())) {
      const ValueId inner = n->inputs[0];
      return rewriter_.emit_value(negative_op(), nullptr, {reduction(sum_op(), attrs, inner)});
    }
    const GraphNode* product = producer(x, multiply_op());
    if (product == nullptr) return std::nullopt;
    for (int i = 0; i < 2; ++i) {
      const ValueId a = product->inputs[static_cast<size_t>(i)];
      const ValueId b = product->inputs[static_cast<size_t>(1 - i)];
      if (spec(a).shape != whole.shape || spec(b).shape.num_elements() <= 1) continue;
      const int missing = whole.shape.rank() - spec(b).shape.rank();
      const auto& axes = attrs_as<ReductionAttrs>(attrs).axes;
      const bool constant = std::all_of(axes.begin(), axes.end(), [&](int64_t axis) {
        return axis < missing || spec(b).shape[static_cast<int>(axis) - missing] == 1;
      });
      if (!constant) continue;
      const auto gone = make_attrs(ReductionAttrs{axes, false});
      Shape kept = whole.shape;
      for (const int64_t axis : axes) kept = kept.with_dim(static_cast<int>(axis), 1);
      const ValueId total = reshape(reduction(sum_op(), gone, a), kept);
      return reshape(elementwise(multiply_op(), nullptr, {total, b}), shape);
    }
    return std::nullopt;
  }

  ValueId elementwise(const OpDef& op, const AttrsPtr& attrs, std::vector<ValueId> in) {
    std::vector<TensorSpec> specs;
    for (ValueId v : in) specs.push_back(spec(v));
    const TensorSpec out = op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = specs})[0];

    // Elementwise ops broadcast by themselves: an explicit broadcast is dropped while another
    // operand still has the full shape.
    for (size_t i = 0; i < in.size() && in.size() > 1; ++i) {
      const GraphNode* inner = producer(in[i], broadcast_to_op());
      if (inner == nullptr) continue;
      const ValueId kept = std::exchange(in[i], inner->inputs[0]);
      specs[i] = spec(in[i]);
      const Shape shape =
          op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = specs})[0].shape;
      if (shape != out.shape) {
        in[i] = kept;
        specs[i] = spec(kept);
      }
    }
    if (const auto before = before_reshapes(in, out.shape)) {
      const Shape whole = out.shape;
      return reshape(elementwise(op, attrs, *before), whole);
    }
    if (const auto same = identity(op, attrs, in, out)) return *same;
    if (&op == &multiply_op()) {
      for (int i = 0; i < 2; ++i) {
        if (scalar_class(in[i]) == ScalarClass::minus_one && spec(in[1 - i]) == out) {
          return rewriter_.emit_value(negative_op(), nullptr, {in[1 - i]});
        }
      }
    }
    if (&op == &power_op() && scalar_class(in[1]) == ScalarClass::two && spec(in[0]) == out) {
      return rewriter_.emit_value(square_op(), nullptr, {in[0]});
    }
    if (&op == &add_op()) {
      for (int i = 0; i < 2; ++i) {
        if (const GraphNode* n = producer(in[i], negative_op())) {
          return rewriter_.emit_value(subtract_op(), nullptr, {in[1 - i], n->inputs[0]});
        }
      }
    }
    if (&op == &subtract_op()) {
      if (const GraphNode* n = producer(in[1], negative_op())) {
        return rewriter_.emit_value(add_op(), nullptr, {in[0], n->inputs[0]});
      }
    }
    return rewriter_.emit_value(op, attrs, std::move(in));
  }

  /// The operands of an elementwise op on reshapes as they are before these: there patterns and
  /// neighbours see what was reshaped. An operand that is no reshape may become one to fewer axes,
  /// unless it is the result of another elementwise op, which belongs into one program with this.
  std::optional<std::vector<ValueId>> before_reshapes(const std::vector<ValueId>& in,
                                                      const Shape& out) {
    const auto reshaped = std::find_if(in.begin(), in.end(), [&](ValueId v) {
      return spec(v).shape == out && producer(v, reshape_op()) != nullptr;
    });
    if (reshaped == in.end()) return std::nullopt;
    const Shape before = spec(producer(*reshaped, reshape_op())->inputs[0]).shape;
    std::vector<Shape> shapes;
    for (const ValueId v : in) {
      const Shape& shape = spec(v).shape;
      const GraphNode& node = graph_.nodes[v.node];
      const bool same = node.op == &reshape_op() && spec(node.inputs[0]).shape == before;
      const bool fixed = node.op == &reshape_op() || before.rank() >= out.rank() ||
                         (node.op != nullptr && node.op->fusion == FusionKind::elementwise);
      if (shape == out && !same && fixed) return std::nullopt;
      const auto fitting = reshaped_operand(shape, out, before);
      if (!fitting) return std::nullopt;
      shapes.push_back(shape == out ? before : *fitting);
    }
    std::vector<ValueId> operands;
    for (size_t i = 0; i < in.size(); ++i) operands.push_back(reshape(in[i], shapes[i]));
    return operands;
  }

  /// The operand that `op` leaves as it is, if it has the shape and dtype of the result.
  std::optional<ValueId> identity(const OpDef& op, const AttrsPtr& attrs,
                                  const std::vector<ValueId>& in, const TensorSpec& out) const {
    auto fits = [&](ValueId v) { return spec(v) == out; };
    if (&op == &cast_op() && attrs_as<CastAttrs>(attrs).dtype == spec(in[0]).dtype) return in[0];
    if (&op == &multiply_op() || &op == &add_op()) {
      const ScalarClass neutral = &op == &add_op() ? ScalarClass::zero : ScalarClass::one;
      for (int i = 0; i < 2; ++i) {
        if (scalar_class(in[i]) == neutral && fits(in[1 - i])) return in[1 - i];
      }
    }
    if (&op == &subtract_op() && scalar_class(in[1]) == ScalarClass::zero && fits(in[0])) {
      return in[0];
    }
    if ((&op == &divide_op() || &op == &power_op()) && scalar_class(in[1]) == ScalarClass::one &&
        fits(in[0])) {
      return in[0];
    }
    if (&op == &negative_op()) {
      if (const GraphNode* inner = producer(in[0], negative_op())) return inner->inputs[0];
    }
    return std::nullopt;
  }

  Rewriter rewriter_;
  Graph& graph_;
};

}  // namespace

Graph simplify(const Graph& graph) {
  Graph current = Simplifier(merge_scans(graph)).run();
  // A second sweep sees what the first made possible; a third rarely finds anything.
  return Simplifier(current).run();
}

}  // namespace danlu::compile
