#include "danlu/backends/cpu/jit/registers.h"

#include <algorithm>

namespace danlu::cpu::jit {
namespace {

constexpr int kNowhere = -1;
constexpr size_t kNever = static_cast<size_t>(-1);

struct Value {
  std::vector<size_t> uses;  ///< steps that read it, ascending
  size_t next = 0;           ///< first of `uses` that is still to come
  size_t defined = kNever;   ///< the step that computes it; kNever: it comes from memory
  int vector = kNowhere;
  bool in_memory = false;
  int slot = kNowhere;

  size_t next_use() const { return next < uses.size() ? uses[next] : kNever; }
};

class Allocator {
 public:
  Allocator(const Segment& segment, int vectors)
      : segment_(segment), values_(segment.uniform.size()) {
    for (Value& value : values_) value.in_memory = true;
    for (size_t i = 0; i < segment.steps.size(); ++i) {
      const SegmentStep& step = segment.steps[i];
      for (const uint32_t reg : {step.a, step.b, step.c}) {
        std::vector<size_t>& uses = values_[reg].uses;
        if (uses.empty() || uses.back() != i) uses.push_back(i);
      }
      values_[step.out].defined = i;
      values_[step.out].in_memory = false;
    }
    hoist(vectors);
  }

  Allocation run() {
    for (size_t i = 0; i < segment_.steps.size(); ++i) add_step(i);
    return std::move(result_);
  }

 private:
  /// Uniform registers get the vectors that the others can spare, those read most often first.
  void hoist(int vectors) {
    std::vector<uint32_t> uniform;
    std::vector<int> change(segment_.steps.size() + 1, 0);
    for (uint32_t reg = 0; reg < values_.size(); ++reg) {
      const Value& value = values_[reg];
      if (value.uses.empty()) continue;
      if (segment_.uniform[reg]) {
        uniform.push_back(reg);
      } else {
        ++change[value.defined == kNever ? value.uses.front() : value.defined];
        --change[value.uses.back() + 1];
      }
    }
    int alive = 0, most = kMinVectors;
    for (const int by : change) most = std::max(most, alive += by);
    std::stable_sort(uniform.begin(), uniform.end(), [&](uint32_t x, uint32_t y) {
      return values_[x].uses.size() > values_[y].uses.size();
    });
    int taken = 0;
    for (const uint32_t reg : uniform) {
      if (taken + most + 1 > vectors) break;
      values_[reg].vector = taken;
      result_.hoisted.push_back({reg, static_cast<uint8_t>(taken++)});
    }
    occupants_.assign(static_cast<size_t>(vectors), kNowhere);
    first_ = static_cast<size_t>(taken);
  }

  void add_step(size_t i) {
    const SegmentStep& step = segment_.steps[i];
    const uint32_t operands[] = {step.a, step.b, step.c};
    for (const uint32_t reg : operands) {
      if (values_[reg].vector == kNowhere) fetch(reg, operands);
    }
    const auto at = [&](uint32_t reg) { return static_cast<uint8_t>(values_[reg].vector); };
    Action compute{Action::Kind::compute, step.op, 0, at(step.a), at(step.b), at(step.c), 0};
    for (const uint32_t reg : operands) {
      Value& value = values_[reg];
      if (value.next_use() == i) ++value.next;
      if (value.next_use() == kNever) release(value);
    }
    compute.vector = take(step.out, operands);
    result_.body.push_back(compute);
    Value& out = values_[step.out];
    if (step.stored) {
      result_.body.push_back({Action::Kind::store, step.op, compute.vector, 0, 0, 0, step.out});
      out.in_memory = !segment_.is_half(step.out);  // what has been rounded is another value
    }
    if (out.uses.empty()) release(out);
  }

  void fetch(uint32_t reg, const uint32_t (&operands)[3]) {
    const uint8_t vector = take(reg, operands);
    const Value& value = values_[reg];
    if (value.in_memory) {
      result_.body.push_back({Action::Kind::load, TileOp::copy, vector, 0, 0, 0, reg});
    } else {
      result_.body.push_back(
          {Action::Kind::reload, TileOp::copy, vector, 0, 0, 0, static_cast<uint32_t>(value.slot)});
    }
  }

  void release(Value& value) {
    if (value.vector < static_cast<int>(first_)) return;
    occupants_[static_cast<size_t>(value.vector)] = kNowhere;
    value.vector = kNowhere;
  }

  /// A vector for `reg`: a free one, or that of the value whose next use is farthest.
  uint8_t take(uint32_t reg, const uint32_t (&operands)[3]) {
    size_t best = first_, farthest = 0;
    for (size_t v = first_; v < occupants_.size(); ++v) {
      const int occupant = occupants_[v];
      if (occupant == kNowhere) {
        best = v;
        break;
      }
      const auto held = static_cast<uint32_t>(occupant);
      if (std::find(std::begin(operands), std::end(operands), held) != std::end(operands)) continue;
      const size_t use = values_[held].next_use();
      if (use > farthest) best = v, farthest = use;
    }
    if (occupants_[best] != kNowhere) evict(values_[static_cast<uint32_t>(occupants_[best])]);
    occupants_[best] = static_cast<int>(reg);
    values_[reg].vector = static_cast<int>(best);
    return static_cast<uint8_t>(best);
  }

  void evict(Value& value) {
    if (!value.in_memory && value.slot == kNowhere) {
      value.slot = static_cast<int>(result_.stack_slots++);
      result_.body.push_back({Action::Kind::spill, TileOp::copy, static_cast<uint8_t>(value.vector),
                              0, 0, 0, static_cast<uint32_t>(value.slot)});
    }
    value.vector = kNowhere;
  }

  const Segment& segment_;
  std::vector<Value> values_;   ///< by register
  std::vector<int> occupants_;  ///< by vector: the register that is in it
  size_t first_ = 0;            ///< vectors below hold hoisted registers
  Allocation result_;
};

}  // namespace

Allocation allocate(const Segment& segment, int vectors) {
  return Allocator(segment, vectors).run();
}

}  // namespace danlu::cpu::jit
