#pragma once

#include <span>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/transform/history.h"

/// Reverse mode over the lazy graph.
namespace danlu::transform {

/// For each of `inputs`, Σ over outputs of output_gradᵀ · ∂output/∂input; zeros where nothing
/// depends on it. An undefined output gradient counts as 0.
/// Errors: ShapeError, UnsupportedError for an op without a derivative, StateError when the history
/// of an output is gone.
std::vector<Array> vjp_between(std::span<const Array> outputs, std::span<const Array> output_grads,
                               std::span<const Array> inputs, Inputs kind);

/// The same along a history that was collected before: what was evaluated since does not matter.
std::vector<Array> pull_back(const History& history, std::span<const Array> outputs,
                             std::span<const Array> output_grads, std::span<const Array> inputs);

/// The gradients of one node's inputs, by whichever rule its record has; undefined means 0.
std::vector<Array> node_vjp(const OpDef& op, const GradContext& context);

}  // namespace danlu::transform
