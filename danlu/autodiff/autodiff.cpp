#include "danlu/autodiff/autodiff.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "danlu/base/error.h"
#include "danlu/core/graph.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using internal::Node;
using internal::NodeRef;

/// A node with its inputs copied out, so that another thread may evaluate it meanwhile.
struct Step {
  NodeRef node;
  std::vector<Array> inputs;
};

struct History {
  std::vector<Step> steps;  ///< inputs before users
  std::unordered_set<const Node*> dependent;
  bool released = false;  ///< an output had been evaluated and its inputs let go
};

/// Whether an input may be computed from another one.
enum class Inputs { independent, any };

/// The nodes between `inputs` and `outputs`.
History collect(std::span<const Array> outputs, std::span<const Array> inputs, Inputs kind) {
  History history;
  std::unordered_set<const Node*> seen;
  for (const Array& input : inputs) {
    history.dependent.insert(input.node());
    // What lies below an input matters only to the other inputs.
    if (kind == Inputs::independent || inputs.size() == 1) seen.insert(input.node());
  }
  const std::lock_guard lock(internal::graph_mutex());
  struct Frame {
    Node* node;
    size_t next;
  };
  std::vector<Frame> stack;
  for (const Array& output : outputs) {
    const Node& root = *output.node();
    if (root.op && root.op->num_inputs != 0 && root.inputs.empty()) history.released = true;
    if (!seen.insert(output.node()).second) continue;
    stack.push_back({output.node(), 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next < frame.node->inputs.size()) {
        Node* child = frame.node->inputs[frame.next++].node.get();
        if (seen.insert(child).second) stack.push_back({child, 0});
        continue;
      }
      Node* node = frame.node;
      stack.pop_back();
      bool depends = false;
      for (const auto& input : node->inputs) {
        depends |= history.dependent.contains(input.node.get());
      }
      if (!depends) continue;
      history.dependent.insert(node);
      Step step{.node = NodeRef(node)};
      for (const auto& input : node->inputs) {
        step.inputs.push_back(Array::wrap(input.node, input.index));
      }
      history.steps.push_back(std::move(step));
    }
  }
  return history;
}

bool is_one(const Array& x) { return x.rank() == 0 && x.scalar_class() == ScalarClass::one; }

std::vector<Array> elementwise_vjp(const OpDef& op, const GradContext& context) {
  const Array& grad = context.output_grads[0];
  std::vector<Array> grads(context.inputs.size());
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!context.needs_grad[i]) continue;
    const Array local = op.derivative(context, static_cast<int>(i));
    if (!local.defined()) continue;
    Array product = is_one(local) ? grad : multiply(grad, local);
    product = sum_to_shape(product, context.inputs[i].shape());
    grads[i] = cast(product, context.inputs[i].dtype());
  }
  return grads;
}

std::vector<Array> vjp_between(std::span<const Array> outputs, std::span<const Array> output_grads,
                               std::span<const Array> inputs, Inputs kind);

std::vector<Array> node_vjp(const OpDef& op, const GradContext& context) {
  if (op.derivative) return elementwise_vjp(op, context);
  if (op.vjp) return op.vjp(context);
  if (op.decompose) {
    // Copies: one value may stand as several inputs, or be computed from another input.
    std::vector<Array> inputs;
    for (const Array& input : context.inputs) inputs.push_back(internal::gradient_source(input));
    const auto outputs = op.decompose(context.attrs, inputs);
    return vjp_between(outputs, context.output_grads, inputs, Inputs::independent);
  }
  throw UnsupportedError({.where = "grad",
                          .what = "The op '" + std::string(op.name) + "' has no derivative",
                          .hint = "put stop_gradient around it, or give it a custom_derivative"});
}

void accumulate(Array& sum, const Array& term) { sum = sum.defined() ? add(sum, term) : term; }

std::vector<Array> vjp_between(std::span<const Array> outputs, std::span<const Array> output_grads,
                               std::span<const Array> inputs, Inputs kind) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (output_grads[i].defined() && output_grads[i].shape() != outputs[i].shape()) {
      throw ShapeError({.where = "vjp",
                        .what = "An output gradient has another shape than its output",
                        .expected = outputs[i].shape().to_string(),
                        .received = output_grads[i].shape().to_string()});
    }
  }
  const History history = collect(outputs, inputs, kind);
  bool reached = inputs.empty();
  for (const Array& output : outputs) reached |= history.dependent.contains(output.node());
  if (!reached && history.released) {
    throw StateError({.where = "grad",
                      .what = "The result was evaluated before its gradient was asked for",
                      .expected = "an Array whose computation is still pending",
                      .hint = "use grad or value_and_grad, which keep what they need"});
  }

  std::unordered_map<const Node*, std::vector<Array>> grads;
  auto grads_of = [&](const Node* node) -> std::vector<Array>& {
    auto& entry = grads[node];
    if (entry.empty()) entry.resize(node->outputs.size());
    return entry;
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!output_grads[i].defined()) continue;
    accumulate(grads_of(outputs[i].node())[outputs[i].output_index()], output_grads[i]);
  }

  for (auto step = history.steps.rbegin(); step != history.steps.rend(); ++step) {
    Node* node = step->node.get();
    const auto found = grads.find(node);
    if (found == grads.end()) continue;
    std::vector<Array> node_outputs;
    for (size_t i = 0; i < node->outputs.size(); ++i) {
      node_outputs.push_back(Array::wrap(step->node, static_cast<int>(i)));
    }
    const size_t count = step->inputs.size();
    const auto needs = std::make_unique<bool[]>(count);
    for (size_t i = 0; i < count; ++i) {
      needs[i] = history.dependent.contains(step->inputs[i].node()) &&
                 is_floating(step->inputs[i].dtype());
    }
    const std::vector<Array> node_grads = found->second;
    const auto input_grads =
        node_vjp(*node->op, {.attrs = node->attrs.get(),
                             .inputs = step->inputs,
                             .outputs = node_outputs,
                             .output_grads = node_grads,
                             .needs_grad = std::span<const bool>(needs.get(), count)});
    for (size_t i = 0; i < count; ++i) {
      if (needs[i] && input_grads[i].defined()) {
        accumulate(grads_of(step->inputs[i].node())[step->inputs[i].output_index()],
                   input_grads[i]);
      }
    }
  }

  std::vector<Array> results;
  for (const Array& input : inputs) {
    const auto found = grads.find(input.node());
    Array grad = found == grads.end() ? Array() : found->second[input.output_index()];
    results.push_back(grad.defined() ? grad : zeros_like(input));
  }
  return results;
}

std::vector<Array> loss_gradients(const Array& loss, std::span<const Array> inputs, Inputs kind) {
  if (loss.size() != 1) {
    throw ShapeError({.where = "grad",
                      .what = "Only a scalar can be differentiated",
                      .expected = "a loss of shape ()",
                      .received = loss.shape().to_string(),
                      .hint = "reduce it with sum or mean, or use vjp"});
  }
  if (!is_floating(loss.dtype())) {
    throw DTypeError({.where = "grad",
                      .what = "The loss must be a floating-point number",
                      .expected = "float32, float64 or bfloat16",
                      .received = std::string(name(loss.dtype()))});
  }
  const std::vector<Array> seeds = {loss.rank() == 0 ? Array::scalar(1.0, loss.dtype())
                                                     : ones_like(loss)};
  return vjp_between(std::span<const Array>(&loss, 1), seeds, inputs, kind);
}

}  // namespace

std::vector<Array> vjp(std::span<const Array> outputs, std::span<const Array> output_grads,
                       std::span<const Array> inputs) {
  return vjp_between(outputs, output_grads, inputs, Inputs::any);
}

std::vector<Array> gradients(const Array& loss, std::span<const Array> inputs) {
  return loss_gradients(loss, inputs, Inputs::any);
}

namespace internal {

std::vector<Array> source_gradients(const Array& loss, std::span<const Array> sources) {
  return loss_gradients(loss, sources, Inputs::independent);
}

Array gradient_source(const Array& x) {
  Array source = make_op(copy_op(), {x});
  source.node()->keep_inputs = true;
  return source;
}

}  // namespace internal

namespace {

struct CustomRule {
  CustomBackward backward;
  size_t hash() const { return reinterpret_cast<size_t>(this); }
  std::string to_string() const { return "custom"; }
};

struct CustomAttrs {
  std::shared_ptr<const Graph> forward;
  std::shared_ptr<const CustomRule> rule;

  template <class V>
  void fields(V&& v) const {
    v("forward", forward), v("rule", rule);
  }
  friend bool operator==(const CustomAttrs& a, const CustomAttrs& b) {
    return a.rule == b.rule && *a.forward == *b.forward;
  }
};

const OpDef& custom_op() {
  static const OpDef op{
      .name = "custom_derivative",
      .num_inputs = -1,
      .infer =
          [](const InferContext& c) {
            const Graph& forward = *c.attrs_as<CustomAttrs>().forward;
            std::vector<TensorSpec> specs;
            for (ValueId v : forward.outputs) specs.push_back(forward.spec(v));
            return specs;
          },
      .vjp =
          [](const GradContext& c) {
            std::vector<Array> grads(c.output_grads.begin(), c.output_grads.end());
            for (size_t i = 0; i < grads.size(); ++i) {
              if (!grads[i].defined()) grads[i] = zeros_like(c.outputs[i]);
            }
            auto result = c.attrs_as<CustomAttrs>().rule->backward(c.inputs, c.outputs, grads);
            if (result.size() > c.inputs.size()) {
              throw ValueError({.where = "custom_derivative",
                                .what = "The backward function returned too many gradients",
                                .expected = std::to_string(c.inputs.size()),
                                .received = std::to_string(result.size())});
            }
            result.resize(c.inputs.size());
            return result;
          },
      .decompose =
          [](const Attrs* attrs, std::span<const Array> inputs) {
            return call_graph(*attrs_as<CustomAttrs>(attrs).forward, inputs);
          },
      .doc = "A function whose derivative the user gave.",
  };
  return op;
}

}  // namespace

std::function<std::vector<Array>(std::span<const Array>)> custom_derivative(
    std::function<std::vector<Array>(std::span<const Array>)> forward, CustomBackward backward) {
  auto rule = std::make_shared<const CustomRule>(CustomRule{std::move(backward)});
  return [forward = std::move(forward), rule](std::span<const Array> inputs) {
    std::vector<Array> arguments;
    for (const Array& input : inputs) arguments.push_back(make_placeholder(input.spec()));
    Trace trace = trace_graph(arguments, forward(arguments));
    std::vector<Array> all(inputs.begin(), inputs.end());
    all.insert(all.end(), trace.captures.begin(), trace.captures.end());
    auto graph = std::make_shared<const Graph>(std::move(trace.graph));
    return make_op_outputs(custom_op(), all, make_attrs(CustomAttrs{std::move(graph), rule}));
  };
}

}  // namespace danlu
