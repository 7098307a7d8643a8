#include <algorithm>
#include <map>
#include <set>

#include "danlu/compile/passes.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

constexpr size_t kAlign = 64;
constexpr uint32_t kNone = UINT32_MAX;

size_t aligned(size_t bytes) {
  return std::max<size_t>(kAlign, (bytes + kAlign - 1) & ~(kAlign - 1));
}

/// A piece of memory and the instructions during which it is needed (inclusive).
struct Storage {
  Slot slot;
  size_t bytes = 0;
  int first = 0, last = 0;
  bool placed = false;
};

/// Offsets in the arena by first fit over the pieces that live at the same time, largest first.
class Arena {
 public:
  explicit Arena(bool share) : share_(share) {}

  size_t place(size_t bytes, int first, int last) {
    bytes = aligned(bytes);
    size_t offset = 0;
    if (share_) {
      std::vector<const Block*> overlapping;
      for (const Block& b : blocks_) {
        if (b.first <= last && first <= b.last) overlapping.push_back(&b);
      }
      std::sort(overlapping.begin(), overlapping.end(),
                [](const Block* a, const Block* b) { return a->offset < b->offset; });
      for (const Block* b : overlapping) {
        if (offset + bytes <= b->offset) break;
        offset = std::max(offset, b->offset + b->bytes);
      }
    } else {
      offset = total_;
    }
    blocks_.push_back({offset, bytes, first, last});
    size_ = std::max(size_, offset + bytes);
    total_ += bytes;
    return offset;
  }
  size_t size() const { return size_; }
  size_t total() const { return total_; }

 private:
  struct Block {
    size_t offset, bytes;
    int first, last;
  };
  bool share_;
  std::vector<Block> blocks_;
  size_t size_ = 0, total_ = 0;
};

class Planner {
 public:
  Planner(const Graph& graph, Selection& selection, const CompileOptions& options, Program& program)
      : graph_(graph), selection_(selection), options_(options), program_(program) {
    storage_of_.resize(graph.nodes.size());
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      storage_of_[i].assign(graph.nodes[i].outputs.size(), kNone);
    }
  }

  void run() {
    collect_outputs();
    make_leaves();
    order_instructions();
    make_storages();
    find_lifetimes();
    place();
    finish();
  }

 private:
  /// The node's value behind reshapes.
  ValueId origin(ValueId v) const {
    while (is_alias(graph_.node(v))) v = graph_.node(v).inputs[0];
    return v;
  }

  void collect_outputs() {
    for (ValueId v : graph_.outputs) outputs_.push_back(v);
    for (const auto& [name, v] : graph_.named_outputs) outputs_.push_back(v);
  }

  uint32_t add_storage(Slot slot, size_t bytes) {
    storages_.push_back({.slot = slot, .bytes = bytes, .first = INT32_MAX, .last = -1});
    return static_cast<uint32_t>(storages_.size() - 1);
  }

  void make_leaves() {
    for (uint32_t k = 0; k < graph_.inputs.size(); ++k) {
      const uint32_t node = graph_.inputs[k];
      storage_of_[node][0] =
          add_storage({Slot::Kind::input, k, 0}, graph_.nodes[node].outputs[0].bytes());
    }
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!graph_.nodes[i].constant) continue;
      const auto index = static_cast<uint32_t>(program_.constants.size());
      program_.constants.push_back(graph_.nodes[i].constant);
      storage_of_[i][0] =
          add_storage({Slot::Kind::constant, index, 0}, graph_.nodes[i].outputs[0].bytes());
    }
    for (const auto& [input, output] : options_.state) state_input_of_output_[output] = input;
  }

  bool runs(uint32_t node) const { return selection_.instructions[node].kernel != nullptr; }

  /// Writers of state go last, so that a fault found before them leaves the state alone. What may
  /// find a fault itself never writes to state. An output that cannot be written in place is copied
  /// at the very end.
  void order_instructions() {
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      if (runs(i)) order_.push_back(i);
    }
    std::map<ValueId, uint32_t> direct;
    for (uint32_t j = 0; j < outputs_.size(); ++j) {
      const ValueId v = origin(outputs_[j]);
      if (runs(v.node) && !direct.contains(v)) direct[v] = j;
    }
    std::set<uint32_t> commit;
    for (const auto& [v, j] : direct) {
      if (state_input_of_output_.contains(j) && !graph_.node(v).op->fault_text) {
        commit.insert(v.node);
      }
    }
    // A commit whose result something else than a commit reads cannot wait.
    for (auto i = order_.rbegin(); i != order_.rend(); ++i) {
      if (commit.contains(*i)) continue;
      for (ValueId v : graph_.nodes[*i].inputs) commit.erase(origin(v).node);
    }
    std::stable_partition(order_.begin(), order_.end(),
                          [&](uint32_t i) { return !commit.contains(i); });
    for (size_t p = 0; p < order_.size(); ++p) position_[order_[p]] = static_cast<int>(p);

    // In place only if nothing reads the old value later.
    for (const auto& [v, j] : direct) {
      const auto state = state_input_of_output_.find(j);
      if (state == state_input_of_output_.end() || !commit.contains(v.node)) continue;
      if (!in_place_is_safe(v, graph_.inputs[state->second])) commit.erase(v.node);
    }
    for (const auto& [v, j] : direct) {
      if (!state_input_of_output_.contains(j) || commit.contains(v.node)) direct_[v] = j;
    }
    commit_ = std::move(commit);
  }

  bool in_place_is_safe(ValueId written, uint32_t input_node) const {
    const int at = position_.at(written.node);
    for (uint32_t i : order_) {
      const GraphNode& node = graph_.nodes[i];
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        if (origin(node.inputs[k]).node != input_node) continue;
        if (position_.at(i) > at) return false;
        if (i == written.node) {
          const Kernel& kernel = *selection_.instructions[i].kernel;
          if (!kernel.may_alias(static_cast<int>(written.index), static_cast<int>(k))) return false;
        }
      }
    }
    // An output that is the old value itself must be copied before.
    for (ValueId v : outputs_) {
      if (origin(v).node == input_node) return false;
    }
    return true;
  }

  void make_storages() {
    for (uint32_t i : order_) {
      const GraphNode& node = graph_.nodes[i];
      for (uint32_t k = 0; k < node.outputs.size(); ++k) {
        const auto direct = direct_.find(ValueId{i, k});
        const Slot slot = direct == direct_.end() ? Slot{Slot::Kind::arena, 0, 0}
                                                  : Slot{Slot::Kind::output, direct->second, 0};
        storage_of_[i][k] = add_storage(slot, node.outputs[k].bytes());
      }
    }
    for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
      if (is_alias(graph_.nodes[i])) {
        const ValueId v = origin({i, 0});
        storage_of_[i][0] = storage_of_[v.node][v.index];
      }
    }
    for (uint32_t j = 0; j < outputs_.size(); ++j) {
      const ValueId v = origin(outputs_[j]);
      const auto direct = direct_.find(v);
      if (direct != direct_.end() && direct->second == j) continue;
      const auto state = state_input_of_output_.find(j);
      if (state != state_input_of_output_.end() && graph_.inputs[state->second] == v.node) continue;
      // The old value of a state is set aside before anything overwrites it.
      const size_t bytes = graph_.spec(v).bytes();
      const bool old_state = graph_.node(v).is_input() && !options_.state.empty();
      copies_.push_back(
          {.from = storage_of_[v.node][v.index],
           .to = add_storage({Slot::Kind::output, j, 0}, bytes),
           .output = j,
           .staged = old_state ? add_storage({Slot::Kind::arena, 0, 0}, bytes) : kNone});
    }
  }

  void touch(uint32_t storage, int at) {
    storages_[storage].first = std::min(storages_[storage].first, at);
    storages_[storage].last = std::max(storages_[storage].last, at);
  }

  void find_lifetimes() {
    for (size_t p = 0; p < order_.size(); ++p) {
      const GraphNode& node = graph_.nodes[order_[p]];
      for (ValueId v : node.inputs) touch(storage_of_[v.node][v.index], static_cast<int>(p));
      for (uint32_t s : storage_of_[order_[p]]) touch(s, static_cast<int>(p));
    }
    const int end = static_cast<int>(order_.size() + copies_.size());
    for (const Copy& copy : copies_) {
      touch(copy.from, end);
      if (copy.staged != kNone) touch(copy.staged, end);
    }
  }

  void place() {
    Arena arena(options_.memory);
    std::vector<uint32_t> scratch_of(order_.size());
    if (options_.memory) share_in_place();
    std::vector<uint32_t> by_size;
    for (uint32_t s = 0; s < storages_.size(); ++s) {
      if (storages_[s].slot.kind == Slot::Kind::arena && storages_[s].last >= 0 &&
          !reuses_.contains(s)) {
        by_size.push_back(s);
      }
    }
    std::stable_sort(by_size.begin(), by_size.end(), [&](uint32_t a, uint32_t b) {
      return storages_[a].bytes > storages_[b].bytes;
    });
    for (uint32_t s : by_size) {
      Storage& storage = storages_[s];
      storage.slot.offset = arena.place(storage.bytes, storage.first, storage.last);
    }
    for (uint32_t s = 0; s < storages_.size(); ++s) {
      uint32_t root = s;
      while (reuses_.contains(root)) root = reuses_.at(root);
      if (root != s) storages_[s].slot = storages_[root].slot;
    }
    for (size_t p = 0; p < order_.size(); ++p) {
      Instruction& instruction = selection_.instructions[order_[p]];
      const size_t bytes = instruction.kernel->scratch_bytes();
      if (bytes > 0) {
        instruction.scratch_offset = arena.place(bytes, static_cast<int>(p), static_cast<int>(p));
      }
    }
    for (uint32_t node : order_) {
      Instruction& instruction = selection_.instructions[node];
      if (instruction.kernel->packed_input() < 0) continue;
      instruction.packed_offset = program_.packed_bytes;
      program_.packed_bytes += aligned(instruction.kernel->packed_bytes());
    }
    program_.arena_bytes = arena.size();
    program_.report.arena_bytes = arena.size();
    size_t separate = 0;
    for (const Storage& storage : storages_) {
      if (storage.slot.kind == Slot::Kind::arena && storage.last >= 0) {
        separate += aligned(storage.bytes);
      }
    }
    for (uint32_t node : order_) {
      const size_t bytes = selection_.instructions[node].kernel->scratch_bytes();
      if (bytes > 0) separate += aligned(bytes);
    }
    program_.report.arena_bytes_without_reuse = separate;
  }

  /// An output takes over the memory of an input that dies in the same instruction.
  void share_in_place() {
    for (size_t p = 0; p < order_.size(); ++p) {
      const uint32_t id = order_[p];
      const GraphNode& node = graph_.nodes[id];
      const Kernel& kernel = *selection_.instructions[id].kernel;
      for (uint32_t k = 0; k < node.outputs.size(); ++k) {
        const uint32_t out = storage_of_[id][k];
        if (storages_[out].slot.kind != Slot::Kind::arena) continue;
        for (uint32_t i = 0; i < node.inputs.size(); ++i) {
          const uint32_t in = storage_of_[node.inputs[i].node][node.inputs[i].index];
          Storage& dying = storages_[root_of(in)];
          if (dying.slot.kind != Slot::Kind::arena || dying.last != static_cast<int>(p) ||
              dying.bytes != storages_[out].bytes || storages_[out].bytes == 0 || taken(in, id) ||
              !kernel.may_alias(int(k), int(i)) || used_twice(node, in, i)) {
            continue;
          }
          reuses_[out] = in;
          dying.last = storages_[out].last;
          break;
        }
      }
    }
  }

  uint32_t root_of(uint32_t s) const {
    while (reuses_.contains(s)) s = reuses_.at(s);
    return s;
  }

  bool taken(uint32_t in, uint32_t node) const {
    for (uint32_t out : storage_of_[node]) {
      const auto it = reuses_.find(out);
      if (it != reuses_.end() && root_of(it->second) == root_of(in)) return true;
    }
    return false;
  }

  bool used_twice(const GraphNode& node, uint32_t in, uint32_t position) const {
    for (uint32_t i = 0; i < node.inputs.size(); ++i) {
      if (i == position) continue;
      if (root_of(storage_of_[node.inputs[i].node][node.inputs[i].index]) == root_of(in)) {
        return true;
      }
    }
    return false;
  }

  void finish() {
    for (const Storage& storage : storages_) program_.slots.push_back(storage.slot);
    for (uint32_t id : order_) {
      Instruction instruction = std::move(selection_.instructions[id]);
      for (ValueId v : graph_.nodes[id].inputs) {
        instruction.inputs.push_back(storage_of_[v.node][v.index]);
      }
      for (uint32_t s : storage_of_[id]) instruction.outputs.push_back(s);
      instruction.commit = commit_.contains(id);
      program_.instructions.push_back(std::move(instruction));
    }
    for (const Copy& copy : copies_) {
      if (copy.staged != kNone)
        add_copy(copy.from, copy.staged, graph_.spec(outputs_[copy.output]));
    }
    for (const Copy& copy : copies_) {
      add_copy(copy.staged != kNone ? copy.staged : copy.from, copy.to,
               graph_.spec(outputs_[copy.output]));
    }
  }

  void add_copy(uint32_t from, uint32_t to, const TensorSpec& spec) {
    const std::vector<TensorSpec> specs = {spec};
    const KernelQuery query{.op = &copy_op(), .inputs = specs, .outputs = specs};
    const KernelDef& kernel = cpu_kernels(copy_op()).back();
    program_.instructions.push_back({.op = &copy_op(),
                                     .kernel_name = kernel.name,
                                     .kernel = kernel.prepare(query),
                                     .inputs = {from},
                                     .outputs = {to},
                                     .input_specs = specs,
                                     .output_specs = specs,
                                     .bytes = 2.0 * static_cast<double>(spec.bytes()),
                                     .commit = true});
  }

  struct Copy {
    uint32_t from, to, output;
    uint32_t staged;
  };

  const Graph& graph_;
  Selection& selection_;
  const CompileOptions& options_;
  Program& program_;
  std::vector<ValueId> outputs_;
  std::vector<std::vector<uint32_t>> storage_of_;
  std::vector<Storage> storages_;
  std::map<uint32_t, uint32_t> state_input_of_output_;
  std::vector<uint32_t> order_;
  std::map<uint32_t, int> position_;
  std::set<uint32_t> commit_;
  std::map<ValueId, uint32_t> direct_;  ///< value → the output whose buffer it is written to
  std::map<uint32_t, uint32_t> reuses_;
  std::vector<Copy> copies_;
};

}  // namespace

void plan_memory(const Graph& graph, Selection selection, const CompileOptions& options,
                 Program& program) {
  for (uint32_t input : graph.inputs) program.inputs.push_back(graph.nodes[input].outputs[0]);
  for (ValueId v : graph.outputs) program.outputs.push_back(graph.spec(v));
  for (const auto& [name, v] : graph.named_outputs) {
    program.outputs.push_back(graph.spec(v));
    program.output_names.push_back(name);
  }
  Planner(graph, selection, options, program).run();
}

}  // namespace danlu::compile
