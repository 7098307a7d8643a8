#include "danlu/ops/tap.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "danlu/ops/control/control_attrs.h"
#include "danlu/ops/control/tap_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/subgraph.h"

namespace danlu {
namespace {

struct Tapped {
  std::string name;
  Array value;
};

/// The nodes of taps and scans below `outputs`, inputs before users.
std::vector<Array> taps_and_scans(std::span<const Array> outputs) {
  const std::lock_guard lock(internal::graph_mutex());
  std::vector<Array> found;
  std::unordered_set<const internal::Node*> seen;
  std::vector<std::pair<internal::Node*, size_t>> stack;
  for (const Array& output : outputs) {
    if (output.defined() && seen.insert(output.node()).second) stack.emplace_back(output.node(), 0);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next < node->inputs.size()) {
        internal::Node* child = node->inputs[next++].node.get();
        if (seen.insert(child).second) stack.emplace_back(child, 0);
        continue;
      }
      if (node->op == &tap_op() || node->op == &scan_op()) {
        found.push_back(Array::wrap(internal::NodeRef(node)));
      }
      stack.pop_back();
    }
  }
  return found;
}

/// Whether the derivative of `part` runs it again as `whole`, with more results.
bool is_part_of(const internal::Node& part, const internal::Node& whole) {
  return same_graph(attrs_as<ScanAttrs>(part.attrs).body, attrs_as<ScanAttrs>(whole.attrs).base) &&
         part.inputs.size() <= whole.inputs.size() &&
         std::equal(part.inputs.begin(), part.inputs.end(), whole.inputs.begin(),
                    [](const internal::NodeValue& a, const internal::NodeValue& b) {
                      return a.node.get() == b.node.get() && a.index == b.index;
                    });
}

std::vector<Tapped> tapped(std::span<const Array> outputs);

/// What is tapped in the steps of a scan, stacked: results of a scan that has them beside the
/// others. The compiler makes one of the two.
std::vector<Tapped> tapped_in_steps(const internal::Node& scan) {
  ScanAttrs attrs = attrs_as<ScanAttrs>(scan.attrs);
  const std::vector<Array> arguments = transform::placeholders_for(*attrs.body);
  std::vector<Array> results = call_graph(*attrs.body, arguments);
  const size_t first = results.size();
  std::vector<Tapped> taps = tapped(results);
  if (taps.empty()) return taps;
  for (const Tapped& tap : taps) results.push_back(tap.value);
  const auto body = transform::trace_subgraph(arguments, results);
  attrs.base = std::exchange(attrs.body, body.graph);
  std::vector<Array> inputs;
  for (const internal::NodeValue& v : scan.inputs) inputs.push_back(Array::wrap(v.node, v.index));
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  const auto outputs = make_op_outputs(scan_op(), inputs, make_attrs(std::move(attrs)));
  for (size_t i = 0; i < taps.size(); ++i) taps[i].value = outputs[first + i];
  return taps;
}

/// In the order of the computation.
std::vector<Tapped> tapped(std::span<const Array> outputs) {
  const std::vector<Array> nodes = taps_and_scans(outputs);
  const auto runs_again = [&](const internal::Node& scan) {
    return std::any_of(nodes.begin(), nodes.end(), [&](const Array& other) {
      return other.node()->op == &scan_op() && is_part_of(scan, *other.node());
    });
  };
  std::vector<Tapped> found;
  for (const Array& x : nodes) {
    const internal::Node& node = *x.node();
    if (node.op == &tap_op()) {
      found.push_back({attrs_as<TapAttrs>(node.attrs).name, x});
    } else if (!runs_again(node)) {
      for (Tapped& tap : tapped_in_steps(node)) found.push_back(std::move(tap));
    }
  }
  return found;
}

}  // namespace

const OpDef& tap_op() {
  static const OpDef op{
      .name = "tap",
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> { return {c.inputs[0]}; },
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        return {tap(c.attrs_as<TapAttrs>().name + ".grad", c.output_grads[0])};
      },
      .jvp = [](const GradContext&, std::span<const Array> tangents) -> std::vector<Array> {
        return {tangents[0]};
      },
      .batch = batching::leading_axes,
      .samples = []() -> std::vector<OpSample> {
        return {{.label = "matrix",
                 .inputs = {{Shape{3, 4}, DType::float32}},
                 .attrs = make_attrs(TapAttrs{"hidden"})},
                {.label = "empty",
                 .inputs = {{Shape{0, 4}, DType::float32}},
                 .attrs = make_attrs(TapAttrs{"hidden"})}};
      },
      .doc = "The input, named, so that it can be read after a run.",
  };
  return op;
}

Array tap(const std::string& name, const Array& x) {
  return make_op(tap_op(), {x}, make_attrs(TapAttrs{name}));
}

std::map<std::string, Array> collect_taps(std::span<const Array> outputs) {
  std::map<std::string, Array> taps;
  for (const Tapped& tap : tapped(outputs)) {
    std::string unique = tap.name;
    for (int k = 1; taps.contains(unique); ++k) unique = tap.name + "_" + std::to_string(k);
    taps.emplace(unique, tap.value);
  }
  return taps;
}

}  // namespace danlu
