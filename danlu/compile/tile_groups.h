#pragma once

#include <optional>
#include <vector>

#include "danlu/core/graph.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::compile {

/// A set of nodes that run as one instruction: elementwise nodes of one shape with the reductions
/// that end them, or a single node of any kind.
struct TileGroup {
  std::vector<uint32_t> nodes;  ///< ascending
  bool elementwise = false;     ///< `nodes` may become a tile program
  Shape shape;                  ///< of every elementwise member
  std::optional<int> split;     ///< leading axes that form `outer`, when a reduction fixes them
  int time = 0;                 ///< groups of equal time have no opaque node between them
};

/// Whether a tile program can compute the node.
bool is_tileable(const GraphNode& node, const Graph& graph);

/// How a sum or maximum over `attrs.axes` of an Array of this shape ends a tile program, and the
/// split it needs; nothing when the axes are neither all, leading nor trailing.
struct Epilogue {
  TileStore store;
  int split;
};
std::optional<Epilogue> epilogue_of(const GraphNode& node, const Graph& graph);

/// The inputs that group members take from outside, each once, in order of first use.
std::vector<ValueId> external_inputs(const TileGroup& group, const Graph& graph);

/// All nodes but inputs and constants, partitioned into groups, in an order in which they can run.
std::vector<TileGroup> tile_groups(const Graph& graph);

}  // namespace danlu::compile
