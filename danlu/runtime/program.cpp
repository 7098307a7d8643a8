#include "danlu/runtime/program.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "danlu/base/error.h"
#include "danlu/base/float_mode.h"

namespace danlu {
namespace {

std::string megabytes(size_t bytes) {
  char text[32];
  if (bytes < 1u << 20) {
    std::snprintf(text, sizeof text, "%.1f KiB", static_cast<double>(bytes) / 1024);
  } else {
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  }
  return text;
}

std::string specs_text(const std::vector<TensorSpec>& specs) {
  std::string s;
  for (const TensorSpec& spec : specs) s += (s.empty() ? "" : " ") + spec.to_string();
  return s;
}

}  // namespace

std::string PlanReport::to_string() const {
  std::string s = "pass            nodes          intermediate bytes\n";
  char line[160];
  for (const PassReport& p : passes) {
    std::snprintf(line, sizeof line, "%-12s %5d -> %-5d %12s -> %-12s %s\n", p.pass.c_str(),
                  p.nodes_before, p.nodes_after, megabytes(p.bytes_before).c_str(),
                  megabytes(p.bytes_after).c_str(), p.note.c_str());
    s += line;
  }
  s += std::to_string(instructions) + " instructions, " + std::to_string(threads) +
       (threads == 1 ? " thread, arena " : " threads, arena ") + megabytes(arena_bytes) +
       " (without reuse " + megabytes(arena_bytes_without_reuse) + ")\n";
  if (cache_misses > 0) {
    s += "program cache: " + std::to_string(cache_hits) + " hits, " + std::to_string(cache_misses) +
         " misses\n";
  }
  for (const std::string& refusal : refusals) s += refusal + "\n";
  return s;
}

size_t Program::footprint() const {
  size_t bytes = sizeof(Program) + arena_bytes + packed_bytes;
  for (const Instruction& i : instructions) {
    bytes += sizeof(Instruction) + 256 + 8 * (i.inputs.size() + i.outputs.size()) +
             sizeof(TensorSpec) * (i.input_specs.size() + i.output_specs.size());
  }
  return bytes;
}

std::string Program::to_string() const {
  std::string s;
  for (size_t i = 0; i < instructions.size(); ++i) {
    const Instruction& instruction = instructions[i];
    s += std::to_string(i) + " " + std::string(instruction.op->name) + " [" +
         std::string(instruction.kernel_name) + ", " +
         std::to_string(instruction.kernel->threads()) + "t] (" +
         specs_text(instruction.input_specs) + ") -> " + specs_text(instruction.output_specs) +
         (instruction.commit ? " commit" : "") + "\n";
  }
  return s;
}

Instance::Instance(std::shared_ptr<const Program> program) : program_(std::move(program)) {
  arena_ = Buffer::allocate(program_->arena_bytes);
  auto* base = static_cast<std::byte*>(arena_->data());
  slot_pointers_.resize(program_->slots.size());
  for (size_t i = 0; i < program_->slots.size(); ++i) {
    const Slot& slot = program_->slots[i];
    if (slot.kind == Slot::Kind::arena) slot_pointers_[i] = base + slot.offset;
    if (slot.kind == Slot::Kind::constant) {
      slot_pointers_[i] = program_->constants[slot.index]->data();
    }
  }
  size_t operands = 0;
  for (const Instruction& i : program_->instructions) {
    operands += i.inputs.size() + i.outputs.size();
  }
  operands_.resize(operands);
  nanoseconds_.resize(program_->instructions.size());
  packed_ = Buffer::allocate(program_->packed_bytes);
  packed_versions_.resize(program_->instructions.size());
}

const std::byte* Instance::pack(uint32_t index, const void* input, std::byte* scratch,
                                std::span<const uint64_t> versions) {
  const Instruction& instruction = program_->instructions[index];
  auto* packed = static_cast<std::byte*>(packed_->data()) + instruction.packed_offset;
  const Slot& slot = program_->slots[instruction.inputs[instruction.kernel->packed_input()]];
  uint64_t version = 0;
  if (slot.kind == Slot::Kind::constant) version = 1;
  if (slot.kind == Slot::Kind::input && !versions.empty()) version = versions[slot.index];
  if (version == 0 || version != packed_versions_[index]) {
    instruction.kernel->pack(input, packed, scratch);
    packed_versions_[index] = version;
  }
  return packed;
}

void Instance::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                   std::span<const uint64_t> versions) {
  const FlushDenormals flush;
  const Program& program = *program_;
  for (size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    if (slot.kind == Slot::Kind::input) {
      slot_pointers_[i] = const_cast<void*>(inputs[slot.index]);
    } else if (slot.kind == Slot::Kind::output) {
      slot_pointers_[i] = outputs[slot.index];
    }
  }
  status_.clear();
  if (Buffer::poison()) std::memset(arena_->data(), 0xff, arena_->bytes());
  auto* scratch = static_cast<std::byte*>(arena_->data());
  void** operand = operands_.data();
  for (uint32_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    if (instruction.commit && !status_.ok()) break;
    void** in = operand;
    for (uint32_t slot : instruction.inputs) *operand++ = slot_pointers_[slot];
    void** out = operand;
    for (uint32_t slot : instruction.outputs) *operand++ = slot_pointers_[slot];
    KernelArgs args{.inputs = in,
                    .outputs = out,
                    .scratch = scratch + instruction.scratch_offset,
                    .status = &status_,
                    .instruction = &instruction};
    const auto start =
        profiling_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
    if (const int packed = instruction.kernel->packed_input(); packed >= 0) {
      args.packed = pack(i, in[packed], args.scratch, versions);
    }
    if (profiling_) {
      instruction.kernel->run(args);
      nanoseconds_[i] = (std::chrono::steady_clock::now() - start).count();
    } else {
      instruction.kernel->run(args);
    }
  }
  if (!status_.ok()) throw_fault();
}

void Instance::throw_fault() const {
  const Instruction& instruction = *status_.instruction();
  const std::string where(instruction.op->name);
  std::string what = instruction.op->fault_text
                         ? instruction.op->fault_text(instruction.attrs.get(), status_.value())
                         : "A value is out of range. Received " + std::to_string(status_.value());
  throw ValueError({.where = where, .what = std::move(what)});
}

std::unique_ptr<Instance> InstancePool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto instance = std::move(idle_.back());
      idle_.pop_back();
      return instance;
    }
  }
  return std::make_unique<Instance>(program_);
}

void InstancePool::give_back(std::unique_ptr<Instance> instance) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(instance));
}

}  // namespace danlu
