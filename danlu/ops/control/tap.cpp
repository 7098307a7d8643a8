#include "danlu/ops/tap.h"

#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "danlu/ops/control/tap_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

/// The tap nodes below `outputs`, inputs before users.
std::vector<Array> tapped(std::span<const Array> outputs) {
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
      if (node->op == &tap_op()) found.push_back(Array::wrap(internal::NodeRef(node)));
      stack.pop_back();
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
  for (const Array& x : tapped(outputs)) {
    const std::string& name = attrs_as<TapAttrs>(x.node()->attrs).name;
    std::string unique = name;
    for (int k = 1; taps.contains(unique); ++k) unique = name + "_" + std::to_string(k);
    taps.emplace(unique, x);
  }
  return taps;
}

}  // namespace danlu
