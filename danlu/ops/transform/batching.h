#pragma once

#include <span>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/graph.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/transform/subgraph.h"

/// Batching over the lazy graph: one computation for all elements of a batch.
namespace danlu::transform {

/// A value of the batched computation.
struct Batched {
  Array value;
  bool batched = false;  ///< has the batch axis in front; otherwise it is the same for all elements
};

/// `outputs`, computed from `elements` (placeholders of one element), for all elements at once:
/// `values[i]` is elements[i] with the batch axis, of length `size`, in front. What does not depend
/// on an element is computed once.
/// Errors: those of the ops.
std::vector<Batched> batch_between(std::span<const Array> outputs, std::span<const Array> elements,
                                   std::span<const Array> values, int64_t size);

/// `x` with the batch axis in front: repeated where it has none.
Array with_batch_axis(const Batched& x, int64_t size);

/// The graph that computes `graph` for all elements of a batch: input i has the batch axis where
/// `batched[i]`; output j has it where it depends on one of those, or where `outputs[j]` asks for
/// it. Afterwards `outputs` says which have it.
Subgraph batch_graph(const Graph& graph, const std::vector<bool>& batched, int64_t size,
                     std::vector<bool>& outputs);

/// One node for all elements, by whichever rule its record has; every output has the batch axis.
std::vector<Array> batch_node(const BatchContext& context);
/// What it does for a composite op without a rule: the decomposition of one element, batched in its
/// turn. For rules that serve some calls only.
std::vector<Array> batch_decomposition(const BatchContext& context);

}  // namespace danlu::transform
