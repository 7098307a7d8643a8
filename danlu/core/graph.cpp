#include "danlu/core/graph.h"

#include <mutex>
#include <unordered_map>

#include "danlu/base/error.h"

namespace danlu {
namespace {

using internal::hash_combine;
using internal::Node;

std::string value_text(ValueId v, const Graph& graph) {
  std::string s = "%" + std::to_string(v.node);
  if (graph.nodes[v.node].outputs.size() > 1) s += "." + std::to_string(v.index);
  return s;
}

}  // namespace

ValueId Graph::add_input(const TensorSpec& spec, ScalarClass scalar_class) {
  const auto id = static_cast<uint32_t>(nodes.size());
  nodes.push_back({.outputs = {spec}, .scalar_class = scalar_class});
  inputs.push_back(id);
  return {id, 0};
}

ValueId Graph::add_constant(const Array& value) {
  nodes.push_back({.outputs = {value.spec()},
                   .scalar_class = value.scalar_class(),
                   .constant = value.buffer()});
  return {static_cast<uint32_t>(nodes.size() - 1), 0};
}

uint32_t Graph::add_node(const OpDef& op, AttrsPtr attrs, std::vector<ValueId> in) {
  std::vector<TensorSpec> specs;
  specs.reserve(in.size());
  for (ValueId v : in) specs.push_back(spec(v));
  auto outputs = op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = specs});
  nodes.push_back({.op = &op,
                   .attrs = std::move(attrs),
                   .inputs = std::move(in),
                   .outputs = std::move(outputs)});
  return static_cast<uint32_t>(nodes.size() - 1);
}

size_t Graph::hash() const {
  size_t h = nodes.size();
  for (const GraphNode& node : nodes) {
    h = hash_combine(h, reinterpret_cast<size_t>(node.op));
    if (node.attrs) h = hash_combine(h, node.attrs->hash());
    for (ValueId v : node.inputs) h = hash_combine(h, (size_t{v.node} << 8) | v.index);
    for (const TensorSpec& spec : node.outputs) {
      h = hash_combine(h, static_cast<size_t>(spec.dtype));
      for (int64_t d : spec.shape) h = hash_combine(h, static_cast<size_t>(d));
    }
    h = hash_combine(h, static_cast<size_t>(node.scalar_class));
    h = hash_combine(h, reinterpret_cast<size_t>(node.constant.get()));
  }
  for (ValueId v : outputs) h = hash_combine(h, (size_t{v.node} << 8) | v.index);
  for (const auto& [name, v] : named_outputs) {
    h = hash_combine(h, std::hash<std::string>{}(name) ^ ((size_t{v.node} << 8) | v.index));
  }
  return h;
}

bool operator==(const Graph& a, const Graph& b) {
  if (a.nodes.size() != b.nodes.size() || a.inputs != b.inputs || a.outputs != b.outputs ||
      a.named_outputs != b.named_outputs) {
    return false;
  }
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const GraphNode& x = a.nodes[i];
    const GraphNode& y = b.nodes[i];
    if (x.op != y.op || x.inputs != y.inputs || x.outputs != y.outputs ||
        x.scalar_class != y.scalar_class || x.constant != y.constant || !x.attrs != !y.attrs ||
        (x.attrs && !x.attrs->equals(*y.attrs))) {
      return false;
    }
  }
  return true;
}

std::string Graph::to_string() const {
  std::string s;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const GraphNode& node = nodes[i];
    s += "%" + std::to_string(i) + " = " +
         (node.op         ? std::string(node.op->name)
          : node.constant ? "constant"
                          : "input");
    if (!node.inputs.empty()) {
      s += "(";
      for (size_t j = 0; j < node.inputs.size(); ++j) {
        s += (j ? ", " : "") + value_text(node.inputs[j], *this);
      }
      s += ")";
    }
    if (node.attrs) s += " " + node.attrs->to_string();
    s += " :";
    for (const TensorSpec& spec : node.outputs) s += " " + spec.to_string();
    s += "\n";
  }
  s += "return";
  for (ValueId v : outputs) s += " " + value_text(v, *this);
  for (const auto& [name, v] : named_outputs) s += " " + name + "=" + value_text(v, *this);
  return s + "\n";
}

Trace trace_graph(std::span<const Array> inputs, std::span<const Array> outputs) {
  const std::lock_guard lock(internal::graph_mutex());
  return trace_graph_locked(inputs, outputs);
}

Trace trace_graph_locked(std::span<const Array> inputs, std::span<const Array> outputs) {
  Trace trace;
  Graph& graph = trace.graph;
  std::unordered_map<const Node*, uint32_t> ids;
  ids.reserve(256);
  for (const Array& input : inputs) {
    const auto [it, fresh] = ids.emplace(input.node(), uint32_t(graph.nodes.size()));
    if (!fresh) {
      throw StateError({.where = "trace", .what = "The same Array is named as input twice"});
    }
    graph.add_input(input.spec(), input.scalar_class());
  }

  struct Frame {
    Node* node;
    size_t next;
  };
  std::vector<Frame> stack;
  auto visit = [&](Node* root) {
    if (ids.contains(root)) return;
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      const bool leaf = node->op == nullptr || node->ready.load(std::memory_order_acquire);
      if (!leaf && next < node->inputs.size()) {
        Node* child = node->inputs[next++].node.get();
        if (!ids.contains(child)) stack.push_back({child, 0});
        continue;
      }
      Node* done = node;
      stack.pop_back();
      if (ids.contains(done)) continue;
      if (done->placeholder) {
        throw StateError({.where = "trace",
                          .what = "An Array of another trace was used",
                          .received = done->outputs[0].spec.to_string(),
                          .hint = "pass it as an argument of the traced function"});
      }
      ids.emplace(done, uint32_t(graph.nodes.size()));
      if (leaf) {
        GraphNode input{.scalar_class = done->scalar_class};
        for (size_t i = 0; i < done->outputs.size(); ++i) {
          input.outputs.push_back(done->outputs[i].spec);
        }
        // Several outputs of an evaluated node enter as inputs of their own, one id each.
        graph.inputs.push_back(uint32_t(graph.nodes.size()));
        graph.nodes.push_back(std::move(input));
        trace.captures.push_back(Array::wrap(internal::NodeRef(done), 0));
        for (size_t i = 1; i < done->outputs.size(); ++i) {
          graph.add_input(done->outputs[i].spec);
          trace.captures.push_back(Array::wrap(internal::NodeRef(done), int(i)));
        }
        graph.nodes[ids[done]].outputs.resize(1);
        continue;
      }
      GraphNode copy{.op = done->op, .attrs = done->attrs};
      for (const internal::NodeValue& in : done->inputs) {
        const uint32_t id = ids.at(in.node.get());
        const bool input_leaf = graph.nodes[id].op == nullptr;
        copy.inputs.push_back(input_leaf ? ValueId{id + uint32_t(in.index), 0}
                                         : ValueId{id, uint32_t(in.index)});
      }
      for (const Node::Output& output : done->outputs) copy.outputs.push_back(output.spec);
      graph.nodes.push_back(std::move(copy));
    }
  };

  for (const Array& output : outputs) {
    output.spec();
    visit(output.node());
    const uint32_t id = ids.at(output.node());
    const auto index = uint32_t(output.output_index());
    graph.outputs.push_back(graph.nodes[id].op == nullptr ? ValueId{id + index, 0}
                                                          : ValueId{id, index});
  }
  return trace;
}

std::vector<Array> call_graph(const Graph& graph, std::span<const Array> inputs) {
  std::vector<std::vector<Array>> values(graph.nodes.size());
  if (inputs.size() != graph.inputs.size()) {
    throw StateError({.where = "call_graph",
                      .what = "The number of arguments does not fit the graph",
                      .expected = std::to_string(graph.inputs.size()),
                      .received = std::to_string(inputs.size())});
  }
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = {inputs[i]};
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.constant) values[i] = {Array::from_buffer(node.constant, node.outputs[0])};
    if (node.op == nullptr) continue;
    std::vector<Array> arguments;
    for (ValueId v : node.inputs) arguments.push_back(values[v.node][v.index]);
    values[i] = make_op_outputs(*node.op, arguments, node.attrs);
  }
  std::vector<Array> results;
  for (ValueId v : graph.outputs) results.push_back(values[v.node][v.index]);
  for (const auto& [name, v] : graph.named_outputs) results.push_back(values[v.node][v.index]);
  return results;
}

}  // namespace danlu
