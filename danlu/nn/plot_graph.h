#pragma once

#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/plot_model.h"

namespace danlu::internal {

/// What a drawing of a network consists of.
struct PlotGraph {
  struct Node {
    std::vector<std::string> lines;  ///< the first one is the title
    int frame = -1;
  };
  struct Frame {
    std::string name;
    int outer = -1;
  };
  std::vector<Node> nodes;  ///< each behind those it depends on, but for layers that are shared
  std::vector<Frame> frames;
  std::vector<std::pair<int, int>> edges;
};

PlotGraph plot_graph(const Network& network, const PlotOptions& options);

/// `graph` as SVG.
std::string draw_svg(const PlotGraph& graph, bool left_to_right);

}  // namespace danlu::internal
