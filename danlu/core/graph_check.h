#pragma once

#include <string_view>

#include "danlu/core/graph.h"

namespace danlu {

/// A subgraph that an op was given is taken at its word by everything behind `infer`; so `infer`
/// checks it: nodes stand behind what they read, all inputs are given, every stored spec is the one
/// that the node's op infers from the specs of what it reads. A Graph that passed is marked and not
/// looked at again: it must not be changed from then on (a copy of it may be).
/// Errors: ValueError, ShapeError or DTypeError naming `where`, node and op; those of `infer`.
void check_graph(const Graph& graph, std::string_view where);

}  // namespace danlu
