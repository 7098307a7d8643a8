#pragma once

#include <span>
#include <vector>

#include "danlu/core/array.h"

/// Forward mode over the lazy graph.
namespace danlu::transform {

/// For each of `outputs`, Σ over inputs of ∂output/∂input · tangent; undefined where nothing
/// depends on an input, or the output is not floating. `inputs` are independent of each other. An
/// undefined tangent counts as 0.
/// Errors: ShapeError when a tangent has another shape than its input, UnsupportedError for an op
/// without a derivative, StateError when the history of an output is gone.
std::vector<Array> jvp_between(std::span<const Array> outputs, std::span<const Array> inputs,
                               std::span<const Array> tangents);

}  // namespace danlu::transform
