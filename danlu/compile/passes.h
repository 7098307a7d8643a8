#pragma once

#include <memory>

#include "danlu/compile/compile.h"
#include "danlu/core/graph.h"
#include "danlu/runtime/program.h"

/// The passes, in their order; each in a file of its own.
namespace danlu::compile {

/// Replaces composite ops that have no kernel by their decomposition. Not optional.
Graph lower(const Graph& graph);
/// Algebraic identities, common subexpressions, folded transposes, dead code.
Graph simplify(const Graph& graph);
/// A scan and the one that its derivative runs again with more results become one: the first part
/// of simplify.
Graph merge_scans(const Graph& graph);
/// Patterns with kernels of their own: convolution or product + bias + activation (+ pooling).
Graph fuse_patterns(const Graph& graph);
/// Cheap values of large operands that are there anyway, once for each user.
Graph recompute(const Graph& graph);
/// Elementwise chains with their reductions into tile programs, and equal programs into one.
Graph fuse_tiles(const Graph& graph);
/// Large products that only a flat tile program reads (gradients of weights and their updates)
/// with it, so that they are read before they leave the cache.
Graph fuse_products(const Graph& graph);
/// Kernels and threads for every node.
struct Selection {
  std::vector<Instruction> instructions;  ///< by node; empty kernel for inputs and aliases
  std::vector<std::string> refusals;
};
Selection select(const Graph& graph, const CompileOptions& options);
/// Order, lifetimes, sharing of memory; fills everything of `program` but the report's passes.
void plan_memory(const Graph& graph, Selection selection, const CompileOptions& options,
                 Program& program);

/// Whether the node only gives another shape to its input's memory.
bool is_alias(const GraphNode& node);

/// Number of users of each value: graph outputs count as one each.
std::vector<std::vector<int>> count_uses(const Graph& graph);

}  // namespace danlu::compile
