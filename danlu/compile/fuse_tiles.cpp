#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>

#include "danlu/compile/passes.h"
#include "danlu/compile/tile_groups.h"
#include "danlu/ops/registry.h"
#include "danlu/runtime/tile_opcode.h"
#include "danlu/runtime/tile_space.h"

namespace danlu::compile {
namespace {

/// A group as a tile program over one space.
struct Tile {
  TileProgram program;
  TileAttrs::Space space;
  std::vector<ValueId> inputs;   ///< old values
  std::vector<ValueId> outputs;  ///< old values
  int time = 0;
  bool mergeable = false;  ///< may run beside equal programs in one instruction
};

class TileFuser {
 public:
  explicit TileFuser(const Graph& graph)
      : graph_(graph), groups_(tile_groups(graph)), group_of_(graph.nodes.size(), UINT32_MAX) {
    for (uint32_t g = 0; g < groups_.size(); ++g) {
      for (uint32_t node : groups_[g].nodes) group_of_[node] = g;
    }
    users_.resize(graph.nodes.size());
    for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
      for (ValueId v : graph.nodes[i].inputs) users_[v.node].push_back(i);
    }
    is_output_.resize(graph.nodes.size());
    for (ValueId v : graph.outputs) is_output_[v.node] = true;
    for (const auto& [name, v] : graph.named_outputs) is_output_[v.node] = true;
  }

  Graph run() {
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& node = graph_.nodes[i];
      if (node.is_input()) {
        map_[{i, 0}] = result_.add_input(node.outputs[0], node.scalar_class);
      } else if (node.constant) {
        map_[{i, 0}] = {static_cast<uint32_t>(result_.nodes.size()), 0};
        result_.nodes.push_back(node);
      }
    }
    std::vector<std::pair<size_t, Tile>> pending;  // by group
    for (size_t g = 0; g < groups_.size(); ++g) {
      const TileGroup& group = groups_[g];
      if (!pending.empty() && group.time != pending.front().second.time) flush(pending);
      const bool single = group.nodes.size() == 1;
      if (!group.elementwise) {
        keep(group.nodes[0]);
        continue;
      }
      std::optional<Tile> tile = build(group);
      if (tile && tile->mergeable) {
        pending.emplace_back(g, std::move(*tile));
      } else if (single) {
        keep(group.nodes[0]);
      } else {
        emit({&*tile, 1});
      }
    }
    flush(pending);
    for (ValueId v : graph_.outputs) result_.outputs.push_back(map_.at(v));
    for (const auto& [name, v] : graph_.named_outputs) {
      result_.named_outputs.emplace_back(name, map_.at(v));
    }
    return std::move(result_);
  }

 private:
  void keep(uint32_t id) {
    const GraphNode& node = graph_.nodes[id];
    std::vector<ValueId> inputs;
    for (ValueId v : node.inputs) inputs.push_back(map_.at(v));
    const uint32_t now = result_.add_node(*node.op, node.attrs, std::move(inputs));
    for (uint32_t i = 0; i < node.outputs.size(); ++i) map_[{id, i}] = {now, i};
  }

  /// A cast rounds what has not been rounded: from float32 for users in the group (what leaves is
  /// rounded as it is stored), and from numbers of bfloat16 that the group computed.
  TileOp opcode(uint32_t id, const TileGroup& group) const {
    const GraphNode& node = graph_.nodes[id];
    if (node.op != &cast_op()) return *tile_opcode(*node.op);
    const auto inside = [&](uint32_t other) {
      return std::binary_search(group.nodes.begin(), group.nodes.end(), other);
    };
    const ValueId from = node.inputs[0];
    const DType source = graph_.spec(from).dtype;
    const bool rounds = source == DType::float32
                            ? node.outputs[0].dtype == DType::bfloat16 &&
                                  std::any_of(users_[id].begin(), users_[id].end(), inside)
                            : source == DType::bfloat16 && inside(from.node) &&
                                  graph_.nodes[from.node].op != &cast_op();
    return rounds ? TileOp::round_bfloat16 : TileOp::copy;
  }

  bool leaves_group(uint32_t node) const {
    return is_output_[node] || std::any_of(users_[node].begin(), users_[node].end(),
                                           [&](auto u) { return group_of_[u] != group_of_[node]; });
  }

  /// Nothing for a single node that no tile program can compute; larger groups always fit.
  std::optional<Tile> build(const TileGroup& group) const {
    Tile tile{.inputs = external_inputs(group, graph_), .time = group.time};
    std::vector<Shape> shapes;
    for (ValueId v : tile.inputs) shapes.push_back(graph_.spec(v).shape);
    const auto found = classify(group.shape, shapes, group.split);
    if (!found) return std::nullopt;
    const TileSpace& space = *found;
    tile.space = {space.outer, space.inner};
    std::unordered_map<uint32_t, uint16_t> reg;  // by node of the group
    auto register_of = [&](ValueId v) {
      const auto inside = reg.find(v.node);
      if (inside != reg.end()) return inside->second;
      const auto it = std::find(tile.inputs.begin(), tile.inputs.end(), v);
      return static_cast<uint16_t>(it - tile.inputs.begin());
    };
    for (size_t i = 0; i < tile.inputs.size(); ++i) {
      tile.program.inputs.push_back({graph_.spec(tile.inputs[i]).dtype, space.access[i]});
    }
    bool plain = true;
    for (uint32_t id : group.nodes) {
      const GraphNode& node = graph_.nodes[id];
      if (const auto epilogue = epilogue_of(node, graph_); epilogue && !is_tileable(node, graph_)) {
        tile.program.outputs.push_back(
            {node.outputs[0].dtype, epilogue->store, register_of(node.inputs[0])});
        tile.outputs.push_back({id, 0});
        plain = false;
        continue;
      }
      const TileOp op = opcode(id, group);
      if (op == TileOp::copy && !leaves_group(id)) {
        reg[id] = register_of(node.inputs[0]);
        continue;
      }
      TileInstr instr{.op = op, .a = register_of(node.inputs[0])};
      if (node.inputs.size() > 1) instr.b = register_of(node.inputs[1]);
      if (node.inputs.size() > 2) instr.c = register_of(node.inputs[2]);
      if (op == TileOp::add) instr = with_product(tile.program, group, node, reg, instr);
      reg[id] = emit(tile.program, instr);
      if (leaves_group(id)) {
        tile.program.outputs.push_back({node.outputs[0].dtype, TileStore::full, reg[id]});
        tile.outputs.push_back({id, 0});
      }
    }
    drop_unused(tile.program);
    const bool simple_access =
        std::all_of(space.access.begin(), space.access.end(), [](TileAccess access) {
          return access == TileAccess::full || access == TileAccess::scalar;
        });
    tile.mergeable = plain && simple_access && nothing_follows_at_once(tile);
    return tile;
  }

  /// The register of the instruction's result: of an equal one that is there already, which a value
  /// that is computed for each user (compile/recompute.cpp) may have.
  static uint16_t emit(TileProgram& program, const TileInstr& instr) {
    const auto equal = std::find(program.code.begin(), program.code.end(), instr);
    const auto at = equal - program.code.begin();
    if (equal == program.code.end()) program.code.push_back(instr);
    return static_cast<uint16_t>(std::ssize(program.inputs) + at);
  }

  /// a + b where a or b is a product that nothing else uses: one rounding instead of two.
  TileInstr with_product(const TileProgram& program, const TileGroup& group, const GraphNode& node,
                         const std::unordered_map<uint32_t, uint16_t>& reg, TileInstr instr) const {
    for (int side = 0; side < 2; ++side) {
      const uint32_t product = node.inputs[side].node;
      const bool ours = std::binary_search(group.nodes.begin(), group.nodes.end(), product) &&
                        graph_.nodes[product].op == &multiply_op() && reg.contains(product);
      if (!ours || users_[product].size() != 1 || is_output_[product]) continue;
      const TileInstr& mul = program.code[reg.at(product) - program.inputs.size()];
      if (mul.op != TileOp::mul) continue;
      return {.op = TileOp::fma, .a = mul.a, .b = mul.b, .c = side == 0 ? instr.b : instr.a};
    }
    return instr;
  }

  /// Products that became part of an fma are computed by nobody.
  static void drop_unused(TileProgram& program) {
    const size_t inputs = program.inputs.size();
    std::vector<bool> used(inputs + program.code.size(), false);
    for (const TileOutput& output : program.outputs) used[output.reg] = true;
    for (size_t i = program.code.size(); i-- > 0;) {
      if (!used[inputs + i]) continue;
      const TileInstr& instr = program.code[i];
      used[instr.a] = true;
      if (arity(instr.op) > 1) used[instr.b] = true;
      if (arity(instr.op) > 2) used[instr.c] = true;
    }
    std::vector<uint16_t> now(used.size());
    std::iota(now.begin(), now.begin() + inputs, uint16_t{0});
    std::vector<TileInstr> code;
    for (size_t i = 0; i < program.code.size(); ++i) {
      if (!used[inputs + i]) continue;
      TileInstr instr = program.code[i];
      instr.a = now[instr.a];
      instr.b = arity(instr.op) > 1 ? now[instr.b] : uint16_t{0};
      instr.c = arity(instr.op) > 2 ? now[instr.c] : uint16_t{0};
      now[inputs + i] = static_cast<uint16_t>(inputs + code.size());
      code.push_back(instr);
    }
    program.code = std::move(code);
    for (TileOutput& output : program.outputs) output.reg = now[output.reg];
  }

  /// Whether the outputs are used at a later time only, so that the tile may wait for its equals.
  bool nothing_follows_at_once(const Tile& tile) const {
    for (ValueId v : tile.outputs) {
      for (uint32_t user : users_[v.node]) {
        if (group_of_[user] != group_of_[v.node] && groups_[group_of_[user]].time <= tile.time) {
          return false;
        }
      }
    }
    return true;
  }

  void flush(std::vector<std::pair<size_t, Tile>>& pending) {
    while (!pending.empty()) {
      std::vector<Tile> equal;
      std::vector<size_t> equal_groups;
      const TileProgram program = pending.front().second.program;
      std::erase_if(pending, [&](auto& entry) {
        if (!(entry.second.program == program)) return false;
        equal.push_back(std::move(entry.second));
        equal_groups.push_back(entry.first);
        return true;
      });
      const TileGroup& first = groups_[equal_groups[0]];
      if (equal.size() == 1 && first.nodes.size() == 1) {
        keep(first.nodes[0]);
      } else {
        emit(equal);
      }
    }
  }

  void emit(std::span<const Tile> tiles) {
    TileAttrs attrs{.program = tiles[0].program};
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;
    for (const Tile& tile : tiles) {
      attrs.spaces.push_back(tile.space);
      for (ValueId v : tile.inputs) inputs.push_back(map_.at(v));
      for (ValueId v : tile.outputs) {
        attrs.shapes.push_back(graph_.spec(v).shape);
        outputs.push_back(v);
      }
    }
    const uint32_t now =
        result_.add_node(tile_op(), make_attrs(std::move(attrs)), std::move(inputs));
    for (uint32_t i = 0; i < outputs.size(); ++i) map_[outputs[i]] = {now, i};
  }

  const Graph& graph_;
  std::vector<TileGroup> groups_;
  std::vector<uint32_t> group_of_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> is_output_;
  Graph result_;
  std::map<ValueId, ValueId> map_;
};

}  // namespace

Graph fuse_tiles(const Graph& graph) { return TileFuser(graph).run(); }

}  // namespace danlu::compile
