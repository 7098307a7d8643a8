#include "danlu/core/graph_check.h"

#include <string>
#include <vector>

#include "danlu/base/error.h"

namespace danlu {
namespace {

constexpr const char* kHint =
    "a subgraph is made by tracing a function, or node by node by Graph::add_node, which infers "
    "the "
    "specs; a graph that was checked once must not be changed";

class Checker {
 public:
  Checker(const Graph& graph, std::string_view where) : graph_(graph), where_(where) {}

  void run() const {
    check_inputs();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].op == nullptr) {
        check_leaf(i);
      } else {
        check_op(i);
      }
    }
    for (const ValueId v : graph_.outputs) {
      if (!readable(v, graph_.nodes.size())) {
        fail("An output of the subgraph is no value of it", values_before(graph_.nodes.size()),
             text(v));
      }
    }
    if (!graph_.named_outputs.empty()) {
      fail("The subgraph has named outputs, which no op returns", "outputs without names",
           "'" + graph_.named_outputs[0].first + "'");
    }
  }

 private:
  static std::string text(ValueId v) {
    return "output " + std::to_string(v.index) + " of node " + std::to_string(v.node);
  }
  static std::string values_before(size_t end) {
    return end == 0 ? "no value: there is none before"
                    : "an output of one of the nodes 0 to " + std::to_string(end - 1);
  }
  bool readable(ValueId v, size_t end) const {
    return v.node < end && v.index < graph_.nodes[v.node].outputs.size();
  }

  /// "scan > node 3 (matmul)"
  std::string place(size_t node) const {
    const GraphNode& n = graph_.nodes[node];
    return std::string(where_) + " > node " + std::to_string(node) + " (" +
           std::string(n.op         ? n.op->name
                       : n.constant ? "constant"
                                    : "input") +
           ")";
  }
  [[noreturn]] void fail(std::string what, std::string expected, std::string received) const {
    throw ValueError({.where = std::string(where_),
                      .what = std::move(what),
                      .expected = std::move(expected),
                      .received = std::move(received),
                      .hint = kHint});
  }
  [[noreturn]] void fail(size_t node, std::string what, std::string expected,
                         std::string received) const {
    throw ValueError({.where = place(node),
                      .what = std::move(what),
                      .expected = std::move(expected),
                      .received = std::move(received),
                      .hint = kHint});
  }

  void check_inputs() const {
    std::vector<bool> given(graph_.nodes.size());
    for (const uint32_t input : graph_.inputs) {
      if (input >= graph_.nodes.size() || !graph_.nodes[input].is_input() || given[input]) {
        fail("An input of the subgraph is none", "nodes without an op, each once",
             "node " + std::to_string(input));
      }
      given[input] = true;
    }
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].is_input() && !given[i]) {
        fail(i, "Nothing is given to a node without an op", "each of them among the inputs",
             std::to_string(graph_.inputs.size()) + " inputs without it");
      }
    }
  }

  /// A graph input or a constant.
  void check_leaf(size_t i) const {
    const GraphNode& node = graph_.nodes[i];
    if (node.outputs.size() != 1 || !node.inputs.empty() || node.attrs != nullptr) {
      fail(i, "A node without an op is more than a value", "one output, no inputs, no attributes",
           std::to_string(node.outputs.size()) + " outputs, " + std::to_string(node.inputs.size()) +
               " inputs" + (node.attrs ? ", attributes" : ""));
    }
    const TensorSpec& spec = node.outputs[0];
    if (static_cast<int>(spec.dtype) >= kNumDTypes) {
      fail(i, "There is no such dtype", "a number below " + std::to_string(kNumDTypes),
           std::to_string(static_cast<int>(spec.dtype)));
    }
    if (!spec.shape.is_known()) {
      throw ShapeError({.where = place(i),
                        .what = "A value of a subgraph has unknown dimensions",
                        .expected = "dimensions of 0 or more",
                        .received = spec.shape.to_string(),
                        .hint = kHint});
    }
    if (node.scalar_class != ScalarClass::none && spec.shape.rank() != 0) {
      throw ShapeError({.where = place(i),
                        .what = "What counts as a bare number has axes",
                        .expected = "a scalar",
                        .received = spec.to_string(),
                        .hint = kHint});
    }
    if (node.constant && node.constant->bytes() < spec.bytes()) {
      fail(i, "A constant is smaller than its spec says",
           std::to_string(spec.bytes()) + " bytes for " + spec.to_string(),
           std::to_string(node.constant->bytes()) + " bytes");
    }
  }

  void check_op(size_t i) const {
    const GraphNode& node = graph_.nodes[i];
    const OpDef& op = *node.op;
    if (node.constant) fail(i, "A node is an op and a constant", "one of the two", "both");
    if (op.num_inputs >= 0 && std::ssize(node.inputs) != op.num_inputs) {
      fail(i, "The number of inputs does not fit the op", std::to_string(op.num_inputs),
           std::to_string(node.inputs.size()));
    }
    std::vector<TensorSpec> specs;
    specs.reserve(node.inputs.size());
    for (const ValueId v : node.inputs) {
      if (!readable(v, i)) {
        fail(i, "A node reads what does not stand before it", values_before(i), text(v));
      }
      specs.push_back(graph_.spec(v));
    }
    const auto inferred =
        infer(i, {.op_name = op.name, .attrs = node.attrs.get(), .inputs = specs});
    if (inferred.size() != node.outputs.size()) {
      fail(i, "The number of outputs is not what the op gives", std::to_string(inferred.size()),
           std::to_string(node.outputs.size()));
    }
    for (size_t k = 0; k < inferred.size(); ++k) {
      if (inferred[k] != node.outputs[k]) contradiction(i, k, inferred[k]);
    }
  }

  std::vector<TensorSpec> infer(size_t i, const InferContext& context) const {
    try {
      return graph_.nodes[i].op->infer(context);
    } catch (const Error&) {
      internal::rethrow_with_context(std::string(where_) + " > node " + std::to_string(i));
    }
  }

  [[noreturn]] void contradiction(size_t i, size_t k, const TensorSpec& expected) const {
    const TensorSpec& received = graph_.nodes[i].outputs[k];
    ErrorParts parts{.where = place(i),
                     .what = "Output " + std::to_string(k) +
                             " is stored with another spec than the op gives for its inputs",
                     .expected = expected.to_string(),
                     .received = received.to_string(),
                     .hint = kHint};
    if (received.shape != expected.shape) throw ShapeError(std::move(parts));
    throw DTypeError(std::move(parts));
  }

  const Graph& graph_;
  std::string_view where_;
};

}  // namespace

void check_graph(const Graph& graph, std::string_view where) {
  if (graph.checked) return;
  Checker(graph, where).run();
  graph.checked.set();
}

}  // namespace danlu
