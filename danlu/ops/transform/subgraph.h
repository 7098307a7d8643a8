#pragma once

#include <memory>
#include <span>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/graph.h"
#include "danlu/core/trace_scope.h"

/// Subgraphs: what control flow holds in its attributes.
namespace danlu::transform {

struct Subgraph {
  std::shared_ptr<const Graph> graph;  ///< inputs: the leaves, then the captures
  std::vector<Array> captures;
};

/// The graph that computes `outputs` from `leaves` (placeholders, or any values). Whatever else it
/// needs, evaluated or pending, part of another trace or not, becomes a capture: an input at the
/// end. But what was made in `scope` belongs to the graph.
Subgraph trace_subgraph(std::span<const Array> leaves, std::span<const Array> outputs,
                        const internal::TraceScope* scope = nullptr);

/// Placeholders for the inputs of `graph`.
std::vector<Array> placeholders_for(const Graph& graph);

/// `arrays` with `leaves`, on which they may depend, replaced by `values`.
std::vector<Array> substitute(std::span<const Array> arrays, std::span<const Array> leaves,
                              std::span<const Array> values);

}  // namespace danlu::transform
