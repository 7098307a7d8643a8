#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/compile/passes.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

/// Elementary operations per element of the elementwise ops, for the cost model.
constexpr double kElementwiseCost = 4;

double estimated_flops(const GraphNode& node, std::span<const TensorSpec> inputs) {
  if (node.op->flops) return node.op->flops(node.attrs.get(), inputs, node.outputs);
  double elements = 0;
  for (const TensorSpec& spec : node.outputs) {
    elements = std::max(elements, static_cast<double>(spec.shape.num_elements()));
  }
  for (const TensorSpec& spec : inputs) {
    elements = std::max(elements, static_cast<double>(spec.shape.num_elements()));
  }
  return kElementwiseCost * elements;
}

}  // namespace

bool is_alias(const GraphNode& node) {
  return node.op == &reshape_op() || node.op == &copy_op() || node.op == &stop_gradient_op() ||
         node.op == &barrier_op() || node.op == &tap_op();
}

Selection select(const Graph& graph, const CompileOptions& options) {
  Selection selection;
  selection.instructions.resize(graph.nodes.size());
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.op == nullptr || is_alias(node)) continue;
    Instruction& instruction = selection.instructions[i];
    instruction.op = node.op;
    instruction.attrs = node.attrs;
    for (ValueId v : node.inputs) instruction.input_specs.push_back(graph.spec(v));
    instruction.output_specs = node.outputs;
    instruction.flops = estimated_flops(node, instruction.input_specs);
    for (const TensorSpec& spec : instruction.input_specs)
      instruction.bytes += double(spec.bytes());
    for (const TensorSpec& spec : node.outputs) instruction.bytes += double(spec.bytes());

    const KernelQuery query{
        .op = node.op,
        .attrs = node.attrs.get(),
        .inputs = instruction.input_specs,
        .outputs = instruction.output_specs,
        .threads = threads_for(instruction.flops, instruction.bytes, options.threads),
        .isa = options.isa,
        .options = &options};
    const auto kernels = cpu_kernels(*node.op);
    std::string reasons;
    for (size_t k = options.select ? 0 : kernels.size() - 1; k < kernels.size(); ++k) {
      const KernelDef& kernel = kernels[k];
      const std::string refusal = kernel.refusal(query);
      if (!refusal.empty()) {
        reasons += std::string(node.op->name) + ": " + std::string(kernel.name) +
                   " refused: " + refusal + "\n";
        continue;
      }
      instruction.kernel_name = kernel.name;
      instruction.kernel = kernel.prepare(query);
      break;
    }
    if (instruction.kernel == nullptr) {
      throw UnsupportedError({.where = std::string(node.op->name),
                              .what = "No kernel takes these inputs",
                              .received = reasons});
    }
    if (!reasons.empty()) {
      reasons.pop_back();
      if (std::find(selection.refusals.begin(), selection.refusals.end(), reasons) ==
          selection.refusals.end()) {
        selection.refusals.push_back(std::move(reasons));
      }
    }
  }
  return selection;
}

}  // namespace danlu::compile
