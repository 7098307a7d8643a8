#include "danlu/nn/costs.h"

#include <algorithm>
#include <memory>

#include "danlu/base/error.h"
#include "danlu/compile/compile.h"
#include "danlu/core/op_def.h"
#include "danlu/nn/functional.h"

namespace danlu {
namespace {

/// The inputs of each call of `network.operations()[index]`.
std::vector<std::vector<TensorSpec>> calls_of(const Network& network, size_t index) {
  const Layer& layer = network.operations()[index];
  const auto* functional = dynamic_cast<const FunctionalNetwork*>(&network);
  std::vector<std::vector<TensorSpec>> calls;
  if (functional == nullptr) {
    calls.emplace_back();
    for (const Shape& shape : layer->build_shapes()) {
      calls[0].push_back({shape, layer->compute_dtype()});
    }
    return calls;
  }
  for (const auto& call : functional->calls()) {
    if (!(call->layer == layer) || call->inputs.empty()) continue;
    std::vector<TensorSpec> inputs;
    for (const KerasTensor& input : call->inputs) inputs.push_back({input.shape(), input.dtype()});
    calls.push_back(std::move(inputs));
  }
  return calls;
}

bool is_known(const Shape& shape) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == kNone) return false;
  }
  return true;
}

/// Moving elements is no operation, nor is giving them another dtype.
double flops_of(const Instruction& instruction) {
  const OpDef& op = *instruction.op;
  if (op.flops) {
    return op.flops(instruction.attrs.get(), instruction.input_specs, instruction.output_specs);
  }
  if (op.fusion == FusionKind::opaque || op.name == "cast" || op.name == "copy") return 0;
  const bool reduces = op.fusion == FusionKind::reduction;
  const auto& specs = reduces ? instruction.input_specs : instruction.output_specs;
  return static_cast<double>(specs.at(0).shape.num_elements());
}

/// Adds one call of `layer`.
void add_call(LayerCost& cost, const Layer& layer, std::vector<TensorSpec> specs, int64_t batch) {
  std::vector<Array> inputs;
  for (TensorSpec& spec : specs) {
    Shape& shape = spec.shape;
    if (shape.rank() > 0 && shape[0] == kNone) shape = shape.with_dim(0, batch);
    if (!is_known(shape)) {
      cost.flops = std::nullopt;
      cost.output_bytes = std::nullopt;
    }
    if (!cost.flops) return;
    inputs.push_back(make_placeholder(spec));
  }
  const StateScope discarded;
  const std::vector<Array> outputs = layer->apply(inputs).values;
  layer->clear_losses();
  for (const Array& y : outputs) *cost.output_bytes += static_cast<int64_t>(y.spec().bytes());
  const Trace trace = trace_graph(inputs, outputs);
  const CompileOptions plain{.fuse = false, .select = false};
  const std::shared_ptr<const Program> program = compile_graph(trace.graph, plain);
  for (const Instruction& instruction : program->instructions) {
    *cost.flops += flops_of(instruction);
  }
}

}  // namespace

std::vector<LayerCost> layer_costs(const Network& network, int64_t batch) {
  if (batch < 1) {
    throw ValueError({.where = network.where(),
                      .what = "The batch needs a sample at least",
                      .received = "batch=" + std::to_string(batch)});
  }
  network.input_shapes();
  std::vector<Array> weights;
  for (const Variable& weight : network.weights()) weights.push_back(weight.value());
  eval(std::span<const Array>(weights));
  std::vector<LayerCost> costs;
  for (size_t i = 0; i < network.operations().size(); ++i) {
    const Layer& layer = network.operations()[i];
    LayerCost cost{.name = layer.name(), .type = layer->type(), .flops = 0.0, .output_bytes = 0};
    for (const Variable& weight : layer.weights()) {
      cost.weight_bytes += static_cast<int64_t>(weight.spec().bytes());
    }
    for (std::vector<TensorSpec>& inputs : calls_of(network, i)) {
      add_call(cost, layer, std::move(inputs), batch);
    }
    costs.push_back(std::move(cost));
  }
  return costs;
}

}  // namespace danlu
