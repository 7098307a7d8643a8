#include "danlu/ops/control/control_record.h"

#include "danlu/base/error.h"
#include "danlu/core/graph_check.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/transform/subgraph.h"

namespace danlu::control {

const Graph& checked(const InferContext& c, const GraphPtr& graph) {
  if (graph == nullptr) {
    throw ValueError({.where = c.where(),
                      .what = "There is no subgraph",
                      .expected = "a graph",
                      .received = "none"});
  }
  check_graph(*graph, c.op_name);
  return *graph;
}

std::vector<TensorSpec> input_specs(const Graph& graph) {
  std::vector<TensorSpec> specs;
  for (uint32_t input : graph.inputs) specs.push_back(graph.nodes[input].outputs[0]);
  return specs;
}

std::vector<TensorSpec> output_specs(const Graph& graph) {
  std::vector<TensorSpec> specs;
  for (ValueId v : graph.outputs) specs.push_back(graph.spec(v));
  return specs;
}

void require_spec(const std::string& where, const std::string& what, const TensorSpec& expected,
                  const TensorSpec& actual) {
  if (actual == expected) return;
  ErrorParts parts{.where = where,
                   .what = what,
                   .expected = expected.to_string(),
                   .received = actual.to_string()};
  if (actual.shape != expected.shape) throw ShapeError(std::move(parts));
  throw DTypeError(std::move(parts));
}

void require_specs(const InferContext& c, size_t first, std::span<const TensorSpec> expected) {
  if (c.inputs.size() != first + expected.size()) {
    throw ValueError({.where = c.where(),
                      .what = "The number of inputs does not fit the subgraph",
                      .expected = std::to_string(first + expected.size()),
                      .received = std::to_string(c.inputs.size())});
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    require_spec(c.where(), "Input " + std::to_string(first + i) + " does not fit the subgraph",
                 expected[i], c.inputs[first + i]);
  }
}

std::vector<Array> placeholders(std::span<const TensorSpec> specs) {
  std::vector<Array> arrays;
  for (const TensorSpec& spec : specs) arrays.push_back(make_placeholder(spec));
  return arrays;
}

std::vector<TensorSpec> specs_of(std::span<const Array> arrays) {
  std::vector<TensorSpec> specs;
  for (const Array& array : arrays) specs.push_back(array.spec());
  return specs;
}

Array or_zeros(const Array& derivative, const Array& x) {
  return derivative.defined() ? derivative : zeros_like(x);
}

std::string fault_text(const Attrs*, int64_t value) {
  return "A value is out of range. Received " + std::to_string(value) + ".";
}

GraphPtr graph_of(const std::vector<TensorSpec>& inputs,
                  const std::function<std::vector<Array>(std::span<const Array>)>& body) {
  const std::vector<Array> arguments = placeholders(inputs);
  const auto traced = transform::trace_subgraph(arguments, body(arguments));
  if (!traced.captures.empty()) {
    throw StateError({.where = "graph_of",
                      .what = "The body of a sample captures Arrays",
                      .expected = "a function of its inputs only",
                      .received = std::to_string(traced.captures.size()) + " captures"});
  }
  return traced.graph;
}

}  // namespace danlu::control
