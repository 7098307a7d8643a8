#include "danlu/compile/tile_groups.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/runtime/tile_opcode.h"
#include "danlu/runtime/tile_space.h"

namespace danlu::compile {
namespace {

/// Longest chain of elementwise nodes in one tile program.
constexpr int kMaxChain = 128;
constexpr uint32_t kNone = UINT32_MAX;

/// Numbers of bfloat16 are rounded where they leave the registers and where a cast says so, not
/// after every operation.
bool in_register(DType t) {
  return t == DType::float32 || t == DType::bfloat16 || t == DType::bool_;
}

bool is_leaf(const GraphNode& node) { return node.op == nullptr; }

/// The latest time at which each node may run. Opaque nodes stand at their earliest time, which
/// rises by one behind every opaque node; elementwise nodes sink to their first user, so that what
/// is cheap is computed where it is needed and updates of state all meet at the end.
std::vector<int> schedule(const Graph& graph, const std::vector<bool>& tileable) {
  const size_t count = graph.nodes.size();
  std::vector<int> time(count, 0), chain(count, 0);
  int last = 0;
  for (size_t i = 0; i < count; ++i) {
    const GraphNode& node = graph.nodes[i];
    if (is_leaf(node)) continue;
    for (ValueId v : node.inputs) {
      const GraphNode& input = graph.nodes[v.node];
      if (is_leaf(input)) continue;
      const int ready = time[v.node] + (tileable[v.node] ? 0 : 1);
      if (ready > time[i]) {
        time[i] = ready;
        chain[i] = 0;
      }
      if (tileable[v.node] && ready == time[i]) chain[i] = std::max(chain[i], chain[v.node] + 1);
    }
    if (tileable[i] && chain[i] >= kMaxChain) {
      ++time[i];
      chain[i] = 0;
    }
    last = std::max(last, time[i]);
  }
  std::vector<int> latest(count, last + 1);
  std::vector<bool> used(count, false);
  for (size_t i = count; i-- > 0;) {
    if (tileable[i]) {
      // A sunk node must not join its users' chain beyond the limit: a cut made above stays.
      if (chain[i] < kMaxChain - 1) time[i] = std::max(time[i], used[i] ? latest[i] : last);
    }
    for (ValueId v : graph.nodes[i].inputs) {
      latest[v.node] = std::min(latest[v.node], time[i]);
      used[v.node] = true;
    }
  }
  return time;
}

/// Whether the group's outside inputs can all be laid over one (outer, inner) split.
bool fits(const TileGroup& group, const Graph& graph) {
  std::vector<Shape> shapes;
  for (ValueId v : external_inputs(group, graph)) shapes.push_back(graph.spec(v).shape);
  return classify(group.shape, shapes, group.split).has_value();
}

TileGroup merged(const TileGroup& a, const TileGroup& b) {
  TileGroup result = a;
  result.nodes.insert(result.nodes.end(), b.nodes.begin(), b.nodes.end());
  std::sort(result.nodes.begin(), result.nodes.end());
  if (!result.split) result.split = b.split;
  return result;
}

class Grouper {
 public:
  explicit Grouper(const Graph& graph) : graph_(graph), group_of_(graph.nodes.size(), kNone) {
    std::vector<bool> tileable(graph.nodes.size());
    for (size_t i = 0; i < tileable.size(); ++i) tileable[i] = is_tileable(graph.nodes[i], graph);
    const auto time = schedule(graph, tileable);
    for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
      const GraphNode& node = graph.nodes[i];
      if (is_leaf(node)) continue;
      TileGroup single{.nodes = {i}, .elementwise = tileable[i], .time = time[i]};
      if (tileable[i]) single.shape = node.outputs[0].shape;
      group_of_[i] = static_cast<uint32_t>(groups_.size());
      groups_.push_back(std::move(single));
      if (tileable[i]) {
        join_producers(i);
      } else if (epilogue_of(node, graph)) {
        join_as_epilogue(i);
      }
    }
  }

  std::vector<TileGroup> ordered() {
    while (true) {
      auto order = topological();
      if (order) {
        std::vector<TileGroup> result;
        for (uint32_t g : *order) result.push_back(std::move(groups_[g]));
        return result;
      }
    }
  }

 private:
  void join(uint32_t into, uint32_t from, TileGroup result) {
    for (uint32_t node : groups_[from].nodes) group_of_[node] = into;
    groups_[into] = std::move(result);
    groups_[from].nodes.clear();
  }

  void join_producers(uint32_t node) {
    for (ValueId v : graph_.nodes[node].inputs) {
      const uint32_t theirs = group_of_[v.node];
      const uint32_t ours = group_of_[node];
      if (theirs == kNone || theirs == ours) continue;
      const TileGroup& producer = groups_[theirs];
      const TileGroup& consumer = groups_[ours];
      if (!producer.elementwise || producer.time != consumer.time ||
          producer.shape != consumer.shape ||
          (producer.split && consumer.split && producer.split != consumer.split)) {
        continue;
      }
      TileGroup both = merged(producer, consumer);
      if (fits(both, graph_)) join(theirs, ours, std::move(both));
    }
  }

  void join_as_epilogue(uint32_t node) {
    const ValueId reduced = graph_.nodes[node].inputs[0];
    const uint32_t theirs = group_of_[reduced.node];
    if (theirs == kNone || !groups_[theirs].elementwise ||
        !is_tileable(graph_.nodes[reduced.node], graph_)) {
      return;
    }
    const int split = epilogue_of(graph_.nodes[node], graph_)->split;
    TileGroup both = groups_[theirs];
    if (both.split && both.split != split) return;
    both.split = split;
    both.nodes.push_back(node);
    if (fits(both, graph_)) join(theirs, group_of_[node], std::move(both));
  }

  /// Groups in an order in which they can run. A cycle between groups is broken by taking one
  /// group apart, for all times at once; then the answer is nothing and the caller asks again.
  std::optional<std::vector<uint32_t>> topological() {
    std::vector<std::set<uint32_t>> users(groups_.size());
    std::vector<int> waiting(groups_.size(), 0);
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      for (ValueId v : graph_.nodes[i].inputs) {
        const uint32_t from = group_of_[v.node], to = group_of_[i];
        if (from == kNone || to == kNone || from == to) continue;
        if (users[from].insert(to).second) ++waiting[to];
      }
    }
    using Entry = std::tuple<int, bool, uint32_t, uint32_t>;  // time, opaque, first node, group
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    size_t live = 0;
    auto push = [&](uint32_t g) {
      ready.emplace(groups_[g].time, !groups_[g].elementwise, groups_[g].nodes[0], g);
    };
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].nodes.empty()) continue;
      ++live;
      if (waiting[g] == 0) push(g);
    }
    std::vector<uint32_t> order;
    while (!ready.empty()) {
      const uint32_t g = std::get<3>(ready.top());
      ready.pop();
      order.push_back(g);
      for (uint32_t user : users[g]) {
        if (--waiting[user] == 0) push(user);
      }
    }
    if (order.size() == live) return order;
    std::map<int, uint32_t> one_of_time;
    for (uint32_t g : in_cycles(users, waiting)) {
      if (groups_[g].nodes.size() > 1) one_of_time.emplace(groups_[g].time, g);
    }
    for (const auto& [time, g] : one_of_time) take_apart(g);
    return std::nullopt;
  }

  /// Of the groups that still wait, those that are not merely behind a cycle.
  std::vector<uint32_t> in_cycles(const std::vector<std::set<uint32_t>>& users,
                                  const std::vector<int>& waiting) const {
    std::vector<std::vector<uint32_t>> producers(groups_.size());
    std::vector<size_t> wanted(groups_.size(), 0);
    std::vector<uint32_t> behind;
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      if (waiting[g] == 0) continue;
      for (uint32_t user : users[g]) {
        if (waiting[user] == 0) continue;
        producers[user].push_back(g);
        ++wanted[g];
      }
    }
    std::vector<bool> left(groups_.size());
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      left[g] = waiting[g] > 0;
      if (left[g] && wanted[g] == 0) behind.push_back(g);
    }
    while (!behind.empty()) {
      const uint32_t g = behind.back();
      behind.pop_back();
      left[g] = false;
      for (uint32_t producer : producers[g]) {
        if (--wanted[producer] == 0) behind.push_back(producer);
      }
    }
    std::vector<uint32_t> result;
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      if (left[g]) result.push_back(g);
    }
    return result;
  }

  void take_apart(uint32_t g) {
    const TileGroup whole = std::exchange(groups_[g], TileGroup{});
    for (uint32_t node : whole.nodes) {
      group_of_[node] = static_cast<uint32_t>(groups_.size());
      groups_.push_back({.nodes = {node},
                         .elementwise = is_tileable(graph_.nodes[node], graph_),
                         .shape = whole.shape,
                         .time = whole.time});
    }
  }

  const Graph& graph_;
  std::vector<uint32_t> group_of_;
  std::vector<TileGroup> groups_;
};

}  // namespace

bool is_tileable(const GraphNode& node, const Graph& graph) {
  if (node.op == nullptr || node.op->fusion != FusionKind::elementwise || !tile_opcode(*node.op) ||
      node.inputs.empty() || node.inputs.size() > 3) {
    return false;
  }
  if (node.op == &cast_op()) {
    const DType from = graph.spec(node.inputs[0]).dtype, to = node.outputs[0].dtype;
    if (to == DType::bfloat16) return from == DType::float32 || from == DType::bool_;
    return to == DType::float32 && from != DType::float64 && !is_complex(from);
  }
  if (!in_register(node.outputs[0].dtype)) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId v) { return in_register(graph.spec(v).dtype); });
}

std::optional<Epilogue> epilogue_of(const GraphNode& node, const Graph& graph) {
  if (node.op != &sum_op() && node.op != &max_op()) return std::nullopt;
  const TensorSpec& in = graph.spec(node.inputs[0]);
  const bool sums = in.dtype == DType::float32 || in.dtype == DType::bfloat16;
  if (!sums || in.shape.num_elements() == 0) return std::nullopt;
  const auto& axes = attrs_as<ReductionAttrs>(node.attrs).axes;
  auto reduced = [&](int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); };
  // Axes of length 1 count as either.
  std::vector<int> long_axes;
  for (int axis = 0; axis < in.shape.rank(); ++axis) {
    if (in.shape[axis] != 1) long_axes.push_back(axis);
  }
  const auto change = std::adjacent_find(long_axes.begin(), long_axes.end(),
                                         [&](int a, int b) { return reduced(a) != reduced(b); });
  if (change == long_axes.end()) {
    if (long_axes.empty() || !reduced(long_axes[0]) || node.op != &sum_op()) return std::nullopt;
    return Epilogue{TileStore::sum_all, 0};
  }
  const int split = change[1];
  for (int axis : long_axes) {
    if (reduced(axis) != (axis < split ? reduced(long_axes[0]) : !reduced(long_axes[0]))) {
      return std::nullopt;
    }
  }
  if (reduced(long_axes[0])) {
    if (node.op != &sum_op()) return std::nullopt;
    return Epilogue{TileStore::sum_outer, split};
  }
  return Epilogue{node.op == &sum_op() ? TileStore::sum_inner : TileStore::max_inner, split};
}

std::vector<ValueId> external_inputs(const TileGroup& group, const Graph& graph) {
  std::vector<ValueId> inputs;
  for (uint32_t node : group.nodes) {
    for (ValueId v : graph.nodes[node].inputs) {
      const bool inside = std::binary_search(group.nodes.begin(), group.nodes.end(), v.node);
      if (!inside && std::find(inputs.begin(), inputs.end(), v) == inputs.end()) {
        inputs.push_back(v);
      }
    }
  }
  return inputs;
}

std::vector<TileGroup> tile_groups(const Graph& graph) { return Grouper(graph).ordered(); }

}  // namespace danlu::compile
