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

std::string indented(const std::string& lines) {
  std::string s = "    ";
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    s += lines[i];
    if (lines[i] == '\n') s += "    ";
  }
  return s + "\n";
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
    for (const auto& inner : i.kernel->subprograms()) bytes += inner->footprint();
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
    for (const auto& inner : instruction.kernel->subprograms()) {
      s += "    program of " + std::to_string(inner->instructions.size()) + " instructions\n";
      s += indented(inner->to_string());
    }
  }
  return s;
}

size_t count_operands(const Program& program) {
  size_t count = 0;
  for (const Instruction& i : program.instructions) count += i.inputs.size() + i.outputs.size();
  return count;
}

void bind_frame(const Program& program, const Frame& frame) {
  for (size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    if (slot.kind == Slot::Kind::arena) frame.slots[i] = frame.arena + slot.offset;
    if (slot.kind == Slot::Kind::constant) frame.slots[i] = program.constants[slot.index]->data();
  }
  std::fill_n(frame.packed_versions, program.instructions.size(), 0);
}

namespace {

/// Brings the instruction's packed copy up to date; where it is.
const std::byte* pack(const Program& program, const Frame& frame, size_t index, const void* input,
                      std::byte* scratch, std::span<const uint64_t> versions) {
  const Instruction& instruction = program.instructions[index];
  std::byte* packed = frame.packed + instruction.packed_offset;
  const Slot& slot = program.slots[instruction.inputs[instruction.kernel->packed_input()]];
  uint64_t version = 0;
  if (slot.kind == Slot::Kind::constant) version = 1;
  if (slot.kind == Slot::Kind::input && !versions.empty()) version = versions[slot.index];
  if (version == 0 || version != frame.packed_versions[index]) {
    instruction.kernel->pack(input, packed, scratch);
    frame.packed_versions[index] = version;
  }
  return packed;
}

}  // namespace

void run_frame(const Program& program, const Frame& frame, const void* const* inputs,
               void* const* outputs, std::span<const uint64_t> versions, Status& status) {
  for (size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    if (slot.kind == Slot::Kind::input) {
      frame.slots[i] = const_cast<void*>(inputs[slot.index]);
    } else if (slot.kind == Slot::Kind::output) {
      frame.slots[i] = outputs[slot.index];
    }
  }
  if (Buffer::poison()) std::memset(frame.arena, 0xff, program.arena_bytes);
  void** operand = frame.operands;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    if (instruction.commit && !status.ok()) break;
    void** in = operand;
    for (uint32_t slot : instruction.inputs) *operand++ = frame.slots[slot];
    void** out = operand;
    for (uint32_t slot : instruction.outputs) *operand++ = frame.slots[slot];
    KernelArgs args{.inputs = in,
                    .outputs = out,
                    .scratch = frame.arena + instruction.scratch_offset,
                    .status = &status,
                    .instruction = &instruction};
    const auto start = frame.nanoseconds ? std::chrono::steady_clock::now()
                                         : std::chrono::steady_clock::time_point();
    if (const int packed = instruction.kernel->packed_input(); packed >= 0) {
      args.packed = pack(program, frame, i, in[packed], args.scratch, versions);
    }
    instruction.kernel->run(args);
    if (frame.nanoseconds) {
      frame.nanoseconds[i] = (std::chrono::steady_clock::now() - start).count();
    }
  }
}

Instance::Instance(std::shared_ptr<const Program> program) : program_(std::move(program)) {
  arena_ = Buffer::allocate(program_->arena_bytes);
  packed_ = Buffer::allocate(program_->packed_bytes);
  packed_versions_.resize(program_->instructions.size());
  slot_pointers_.resize(program_->slots.size());
  operands_.resize(count_operands(*program_));
  nanoseconds_.resize(program_->instructions.size());
  frame_ = {.arena = static_cast<std::byte*>(arena_->data()),
            .packed = static_cast<std::byte*>(packed_->data()),
            .packed_versions = packed_versions_.data(),
            .slots = slot_pointers_.data(),
            .operands = operands_.data()};
  bind_frame(*program_, frame_);
}

void Instance::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                   std::span<const uint64_t> versions) {
  const FlushDenormals flush;
  status_.clear();
  frame_.nanoseconds = profiling_ ? nanoseconds_.data() : nullptr;
  run_frame(*program_, frame_, inputs.data(), outputs.data(), versions, status_);
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
