#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "danlu/nn/plot_graph.h"

namespace danlu::internal {
namespace {

constexpr double kLine = 20, kCharacter = 7.6, kPadding = 12, kGap = 28, kRankGap = 44;

/// A box, or a point that a long edge passes, on its line ("rank"). `across` runs along the line,
/// `along` from line to line.
struct Place {
  int node = -1;
  int rank = 0;
  double width = 0, height = 0;
  double across = 0, along = 0;  ///< of the centre
};

struct Layout {
  std::vector<Place> places;
  std::vector<std::vector<int>> ranks;  ///< places, in order
  std::vector<std::vector<int>> paths;  ///< of each edge, the places that it passes
};

std::vector<int> ranks_of(const PlotGraph& graph) {
  std::vector<int> ranks(graph.nodes.size(), 0);
  // Edges back to a shared layer do not count. A node lies behind each that leads to it.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [from, to] : graph.edges) {
      if (from >= to || ranks[static_cast<size_t>(to)] > ranks[static_cast<size_t>(from)]) continue;
      ranks[static_cast<size_t>(to)] = ranks[static_cast<size_t>(from)] + 1;
      changed = true;
    }
  }
  return ranks;
}

Layout place_nodes(const PlotGraph& graph, bool left_to_right) {
  Layout layout;
  const std::vector<int> ranks = ranks_of(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::vector<std::string>& lines = graph.nodes[i].lines;
    size_t longest = 0;
    for (const std::string& line : lines) longest = std::max(longest, line.size());
    Place place{.node = static_cast<int>(i), .rank = ranks[i]};
    place.width = kCharacter * static_cast<double>(longest) + 2 * kPadding;
    place.height = kLine * static_cast<double>(lines.size()) + kPadding;
    if (left_to_right) std::swap(place.width, place.height);
    layout.places.push_back(place);
  }
  for (const auto& [from, to] : graph.edges) {
    std::vector<int> path = {from};
    const int first = ranks[static_cast<size_t>(from)], last = ranks[static_cast<size_t>(to)];
    for (int rank = first + 1; rank < last; ++rank) {
      layout.places.push_back({.rank = rank});
      path.push_back(static_cast<int>(layout.places.size()) - 1);
    }
    path.push_back(to);
    layout.paths.push_back(std::move(path));
  }
  const int count = 1 + *std::max_element(ranks.begin(), ranks.end());
  layout.ranks.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < layout.places.size(); ++i) {
    layout.ranks[static_cast<size_t>(layout.places[i].rank)].push_back(static_cast<int>(i));
  }
  return layout;
}

/// Puts the places of a line side by side around 0.
void spread(Layout& layout, const std::vector<int>& rank) {
  double total = -kGap;
  for (const int i : rank) total += layout.places[static_cast<size_t>(i)].width + kGap;
  double at = -total / 2;
  for (const int i : rank) {
    Place& place = layout.places[static_cast<size_t>(i)];
    place.across = at + place.width / 2;
    at += place.width + kGap;
  }
}

void order_ranks(Layout& layout) {
  std::vector<std::vector<int>> before(layout.places.size()), after(layout.places.size());
  for (const std::vector<int>& path : layout.paths) {
    for (size_t i = 1; i < path.size(); ++i) {
      after[static_cast<size_t>(path[i - 1])].push_back(path[i]);
      before[static_cast<size_t>(path[i])].push_back(path[i - 1]);
    }
  }
  const auto sweep = [&](std::vector<int>& rank, const std::vector<std::vector<int>>& towards) {
    const auto centre = [&](int i) {
      const std::vector<int>& others = towards[static_cast<size_t>(i)];
      if (others.empty()) return layout.places[static_cast<size_t>(i)].across;
      double sum = 0;
      for (const int other : others) sum += layout.places[static_cast<size_t>(other)].across;
      return sum / static_cast<double>(others.size());
    };
    std::vector<std::pair<double, int>> keys;
    for (const int i : rank) keys.emplace_back(centre(i), i);
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < rank.size(); ++i) rank[i] = keys[i].second;
    spread(layout, rank);
  };
  for (const std::vector<int>& rank : layout.ranks) spread(layout, rank);
  for (int round = 0; round < 4; ++round) {
    for (auto rank = layout.ranks.begin(); rank != layout.ranks.end(); ++rank) sweep(*rank, before);
    for (auto rank = layout.ranks.rbegin(); rank != layout.ranks.rend(); ++rank) {
      sweep(*rank, after);
    }
  }
  double along = 0;
  for (const std::vector<int>& rank : layout.ranks) {
    double height = 0;
    for (const int i : rank)
      height = std::max(height, layout.places[static_cast<size_t>(i)].height);
    for (const int i : rank) layout.places[static_cast<size_t>(i)].along = along + height / 2;
    along += height + kRankGap;
  }
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

struct Point {
  double x, y;
};

}  // namespace

std::string draw_svg(const PlotGraph& graph, bool left_to_right) {
  if (graph.nodes.empty()) return "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n";
  Layout layout = place_nodes(graph, left_to_right);
  order_ranks(layout);
  double least = 0, most = 0, depth = 0;
  for (const Place& place : layout.places) {
    least = std::min(least, place.across - place.width / 2);
    most = std::max(most, place.across + place.width / 2);
    depth = std::max(depth, place.along + place.height / 2);
  }
  const double margin = 20 + 14 * static_cast<double>(graph.frames.size());
  const auto point = [&](double across, double along) {
    const Point p{across - least + margin, along + margin};
    return left_to_right ? Point{p.y, p.x} : p;
  };
  const Point size = [&] {
    const Point end = point(most, depth);
    return Point{end.x + margin, end.y + margin};
  }();
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"Helvetica, Arial, sans-serif\" "
      "font-size=\"13\">\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\"/></marker></defs>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      size.x, size.y);

  const auto box_of = [&](const Place& place) {
    const Point a = point(place.across - place.width / 2, place.along - place.height / 2);
    const Point b = point(place.across + place.width / 2, place.along + place.height / 2);
    return std::pair(a, b);
  };
  const auto lies_in = [&](int frame, int wanted) {
    while (frame != -1 && frame != wanted) frame = graph.frames[static_cast<size_t>(frame)].outer;
    return frame == wanted;
  };
  for (size_t f = 0; f < graph.frames.size(); ++f) {
    Point low{1e9, 1e9}, high{0, 0};
    double inset = 8;
    for (size_t inner = f + 1; inner < graph.frames.size(); ++inner) {
      if (lies_in(static_cast<int>(inner), static_cast<int>(f))) inset = 16;
    }
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      if (!lies_in(graph.nodes[i].frame, static_cast<int>(f))) continue;
      const auto [a, b] = box_of(layout.places[i]);
      low = {std::min(low.x, a.x), std::min(low.y, a.y)};
      high = {std::max(high.x, b.x), std::max(high.y, b.y)};
    }
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" "
        "stroke=\"#888\" stroke-dasharray=\"5 4\"/>\n<text x=\"{:.1f}\" y=\"{:.1f}\" "
        "fill=\"#555\">{}</text>\n",
        low.x - inset, low.y - inset - 14, high.x - low.x + 2 * inset,
        high.y - low.y + 2 * inset + 14, low.x - inset + 4, low.y - inset - 1,
        escaped(graph.frames[f].name));
  }
  for (const std::vector<int>& path : layout.paths) {
    std::string d;
    Point at{};
    for (size_t i = 0; i < path.size(); ++i) {
      const Place& place = layout.places[static_cast<size_t>(path[i])];
      const bool first = i == 0, last = i + 1 == path.size();
      const double edge = first ? place.height / 2 : last ? -place.height / 2 : 0;
      const Point to = point(place.across, place.along + edge);
      if (first) {
        d = fmt::format("M{:.1f} {:.1f}", to.x, to.y);
      } else if (left_to_right) {
        const double middle = (at.x + to.x) / 2;
        d += fmt::format("C{0:.1f} {1:.1f} {0:.1f} {2:.1f} {3:.1f} {2:.1f}", middle, at.y, to.y,
                         to.x);
      } else {
        const double middle = (at.y + to.y) / 2;
        d += fmt::format("C{1:.1f} {0:.1f} {2:.1f} {0:.1f} {2:.1f} {3:.1f}", middle, at.x, to.x,
                         to.y);
      }
      at = to;
    }
    svg += "<path d=\"" + d + "\" fill=\"none\" stroke=\"black\" marker-end=\"url(#arrow)\"/>\n";
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto [a, b] = box_of(layout.places[i]);
    const std::vector<std::string>& lines = graph.nodes[i].lines;
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"3\" "
        "fill=\"#f4f6fa\" stroke=\"black\"/>\n",
        a.x, a.y, b.x - a.x, b.y - a.y);
    for (size_t line = 0; line < lines.size(); ++line) {
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\"{}>{}</text>\n",
                         (a.x + b.x) / 2,
                         a.y + kPadding / 2 + kLine * (static_cast<double>(line) + 0.72),
                         line == 0 ? " font-weight=\"bold\"" : "", escaped(lines[line]));
    }
  }
  return svg + "</svg>\n";
}

}  // namespace danlu::internal
