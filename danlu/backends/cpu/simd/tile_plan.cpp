#include "danlu/backends/cpu/simd/tile_plan.h"

#include <algorithm>
#include <tuple>

namespace danlu::cpu::simd {
namespace {

constexpr size_t index(TileOp op) { return static_cast<size_t>(op); }
constexpr size_t index(DType dtype) { return static_cast<size_t>(dtype); }

/// What a register holds before and while a tile runs.
struct Register {
  bool uniform = false;  ///< one value, repeated
  bool column = false;   ///< one value where a tile lies within a row
  bool input = false;
};

}  // namespace

TilePlan::TilePlan(const TileProgram& program, Isa isa, TileCode code, int64_t elements)
    : table(&tile_table(isa)),
      num_inputs(static_cast<uint32_t>(program.inputs.size())),
      num_outputs(static_cast<uint32_t>(program.outputs.size())) {
  std::vector<Register> registers;
  for (uint32_t i = 0; i < num_inputs; ++i) {
    const TileInput& input = program.inputs[i];
    const Load load{i, size_of(input.dtype), table->load[index(input.dtype)],
                    input.dtype == DType::float32};
    registers.push_back({.uniform = input.access == TileAccess::scalar,
                         .column = input.access == TileAccess::column,
                         .input = true});
    switch (input.access) {
      case TileAccess::full:
        if (input.dtype == DType::float32) {
          direct_in.push_back(i);
        } else {
          full.push_back(load);
        }
        break;
      case TileAccess::scalar:
        scalars.push_back(load);
        uniform_registers.push_back(i);
        break;
      case TileAccess::row:
        rows.push_back(load);
        is_flat_ = false;
        break;
      case TileAccess::column:
        columns.push_back(load);
        is_flat_ = false;
        break;
    }
  }

  const auto add_step = [&](const TileInstr& instr) {
    TileStep step{.loop = table->loops[index(instr.op)],
                  .op = instr.op,
                  .a = instr.a,
                  .b = instr.b,
                  .c = instr.c,
                  .out = static_cast<uint32_t>(registers.size())};
    const int operand_count = arity(instr.op);
    // Operands that do not exist name the first, so that no register seems read that is not.
    if (operand_count < 2) step.b = instr.a;
    if (operand_count < 3) step.c = instr.a;
    const uint32_t operands[] = {step.a, step.b, step.c};
    bool all_uniform = true;
    for (int k = 0; k < operand_count; ++k) {
      const Register& operand = registers[operands[k]];
      all_uniform &= operand.uniform;
      step.uniform[0] |= static_cast<uint32_t>(operand.uniform) << k;
      step.uniform[1] |= static_cast<uint32_t>(operand.uniform || operand.column) << k;
    }
    return std::pair(step, all_uniform);
  };
  for (const TileInstr& instr : program.code) {
    auto [step, all_uniform] = add_step(instr);
    if (all_uniform) {
      step.uniform[0] = step.uniform[1] = 0;
      once.push_back(step);
      uniform_registers.push_back(step.out);
    } else {
      steps.push_back(step);
    }
    registers.push_back({.uniform = all_uniform});
  }

  // Outputs that no step writes to memory get a step of their own, a copy.
  std::vector<bool> written(registers.size(), false);
  for (uint32_t o = 0; o < num_outputs; ++o) {
    const TileOutput& output = program.outputs[o];
    const bool direct = output.store == TileStore::full && output.dtype == DType::float32;
    uint32_t reg = output.reg;
    const Register& source = registers[reg];
    if (source.uniform || source.column || (direct && (source.input || written[reg]))) {
      auto [step, all_uniform] = add_step({.op = TileOp::copy, .a = output.reg});
      reg = step.out;
      steps.push_back(step);
      registers.push_back({});
      written.push_back(false);
    }
    const auto convert = table->store[index(output.dtype)];
    const size_t element_size = size_of(output.dtype);
    if (direct) {
      written[reg] = true;
      direct_out.push_back({reg, o, element_size, convert});
    } else if (output.store == TileStore::full) {
      stores.push_back({reg, o, element_size, convert});
    } else {
      reductions.push_back(
          {reg, o, output.store, convert, element_size, output.dtype == DType::float32});
      if (output.store != TileStore::sum_all) is_flat_ = false;
      if (output.store == TileStore::sum_inner || output.store == TileStore::max_inner) {
        reduces_inner_ = true;
      }
    }
  }
  num_registers = static_cast<uint32_t>(registers.size());
  for (uint32_t i = 0; i < steps.size(); ++i) stages.push_back({i, i + 1});
  plan_buffers(std::vector<bool>(num_registers, true));
  // A tile is as long as loops want it, whatever runs: partial sums depend on its length.
  const size_t alive = num_slots + direct_in.size() + rows.size() + columns.size();
  if (alive > 8) tile = kShortTile;
  if (code == TileCode::generated) generate(isa, elements);
  plan_aliases(program);
}

bool TilePlan::is_streaming() const {
  return stages.size() == 1 && stages[0].code[0] != nullptr && num_slots == 0 && is_flat_ &&
         full.empty() && stores.empty() && reductions.empty();
}

size_t TilePlan::pointer_bytes() const {
  constexpr size_t kAlign = 64;
  return (num_registers * sizeof(float*) + kAlign - 1) / kAlign * kAlign;
}

void TilePlan::place_uniform(const void* const* inputs, float* memory, float** regs) const {
  for (const uint32_t reg : uniform_registers) {
    regs[reg] = memory;
    memory += kUniform;
  }
  for (const Load& load : scalars) {
    float value;
    load.convert(inputs[load.input], &value, 1);
    std::fill_n(regs[load.input], kUniform, value);
  }
  for (const TileStep& step : once) {
    step.loop(regs[step.a], regs[step.b], regs[step.c], regs[step.out], kUniform, 0);
  }
}

void TilePlan::place_streams(const void* const* inputs, void* const* outputs, int64_t offset,
                             float** regs) const {
  for (const uint32_t i : direct_in) {
    regs[i] = const_cast<float*>(static_cast<const float*>(inputs[i])) + offset;
  }
  for (const Store& store : direct_out) {
    regs[store.reg] = static_cast<float*>(outputs[store.output]) + offset;
  }
  // Memory of bfloat16 stands behind a pointer of the same type: only code for it reads there.
  const auto half = [offset](const void* memory) {
    auto* first = const_cast<uint16_t*>(static_cast<const uint16_t*>(memory));
    return reinterpret_cast<float*>(first + offset);
  };
  for (const uint32_t i : half_in) regs[i] = half(inputs[i]);
  for (const Store& store : half_out) regs[store.reg] = half(outputs[store.output]);
}

/// Registers whose values somebody wants in memory: an output, or a stage that did not compute
/// them.
std::vector<bool> TilePlan::registers_in_memory() const {
  std::vector<bool> in_memory(num_registers, false);
  for (const auto* list : {&direct_out, &half_out, &stores}) {
    for (const Store& store : *list) in_memory[store.reg] = true;
  }
  for (const Reduction& reduction : reductions) in_memory[reduction.reg] = true;
  std::vector<const Stage*> computed_by(num_registers, nullptr);
  for (const Stage& stage : stages) {
    for (uint32_t i = stage.begin; i < stage.end; ++i) {
      for (const uint32_t reg : {steps[i].a, steps[i].b, steps[i].c}) {
        if (computed_by[reg] != &stage) in_memory[reg] = true;
      }
      computed_by[steps[i].out] = &stage;
      if (stage.is_loop()) in_memory[steps[i].out] = true;
    }
  }
  return in_memory;
}

/// Joins neighbouring basic steps to stages and generates code for them; leaves all as it is where
/// there are none, or no memory for code.
void TilePlan::generate(Isa isa, int64_t elements) {
  std::vector<Stage> loops = std::move(stages);
  stages.clear();
  bool was_basic = false;
  for (const Stage& loop : loops) {
    const bool is_basic = jit::can_generate(steps[loop.begin].op);
    if (is_basic && was_basic) {
      stages.back().end = loop.end;
    } else {
      stages.push_back(loop);
    }
    was_basic = is_basic;
  }
  const auto before = std::tuple(full, half_in, half_out, stores);
  if (jit::can_convert(isa)) take_halves();
  const std::vector<bool> in_memory = registers_in_memory();
  std::vector<bool> half(num_registers, false);
  for (const uint32_t reg : half_in) half[reg] = true;
  for (const Store& store : half_out) half[store.reg] = true;
  std::vector<bool> uniform(num_registers, false);
  for (const uint32_t reg : uniform_registers) uniform[reg] = true;
  std::vector<bool> distant(num_registers, false);
  if (elements * static_cast<int64_t>(stream_bytes()) > kCachedBytes) {
    for (const auto* list : {&direct_in, &half_in}) {
      for (const uint32_t reg : *list) distant[reg] = true;
    }
    for (const auto* list : {&direct_out, &half_out}) {
      for (const Store& store : *list) distant[store.reg] = true;
    }
  }
  std::vector<jit::Segment> segments;
  const auto add_segments = [&] {
    for (const Stage& stage : stages) {
      if (stage.is_loop()) continue;
      jit::Segment& segment = segments.emplace_back();
      segment.uniform = uniform;
      segment.distant = distant;
      segment.half = half;
      for (uint32_t i = stage.begin; i < stage.end; ++i) {
        const TileStep& step = steps[i];
        segment.steps.push_back({step.op, step.a, step.b, step.c, step.out, in_memory[step.out]});
      }
    }
  };
  add_segments();
  const size_t count = segments.size();
  // Where a tile lies within a row, columns are uniform too.
  for (const Load& load : columns) uniform[load.input] = true;
  if (!columns.empty()) add_segments();
  if (!segments.empty()) code_ = jit::SegmentCode(segments, isa);
  if (code_.empty()) {
    stages = std::move(loops);
    std::tie(full, half_in, half_out, stores) = before;
    return;
  }
  size_t next = 0;
  for (Stage& stage : stages) {
    if (stage.is_loop()) continue;
    stage.code[0] = code_.function(next);
    stage.code[1] = code_.function(columns.empty() ? next : count + next);
    ++next;
  }
  buffers.clear();
  num_slots = 0;
  plan_buffers(in_memory);
}

/// Operands and results of bfloat16 that only generated code touches stay as they are.
void TilePlan::take_halves() {
  std::vector<int> wanted(num_registers, 0);  // in float32, by somebody else
  std::vector<bool> computed(num_registers, false);
  for (const Stage& stage : stages) {
    for (uint32_t i = stage.begin; i < stage.end; ++i) {
      for (const uint32_t reg : {steps[i].a, steps[i].b, steps[i].c}) {
        const bool ours = !stage.is_loop() && (reg < num_inputs || computed_within(stage, reg));
        wanted[reg] += ours ? 0 : 1;
      }
      computed[steps[i].out] = !stage.is_loop();
    }
  }
  for (const auto* list : {&direct_out, &stores}) {
    for (const Store& store : *list) ++wanted[store.reg];
  }
  for (const Reduction& reduction : reductions) ++wanted[reduction.reg];
  const auto load = table->load[index(DType::bfloat16)];
  const auto convert = table->store[index(DType::bfloat16)];
  std::erase_if(full, [&](const Load& one) {
    if (one.convert != load || wanted[one.input] > 0) return false;
    half_in.push_back(one.input);
    return true;
  });
  std::erase_if(stores, [&](const Store& one) {
    if (one.convert != convert || wanted[one.reg] > 1 || !computed[one.reg]) return false;
    half_out.push_back(one);
    return true;
  });
}

bool TilePlan::computed_within(const Stage& stage, uint32_t reg) const {
  return std::any_of(steps.begin() + stage.begin, steps.begin() + stage.end,
                     [&](const TileStep& step) { return step.out == reg; });
}

/// Bytes of one element of all operands that stay where they are.
size_t TilePlan::stream_bytes() const {
  return (direct_in.size() + direct_out.size()) * sizeof(float) +
         (half_in.size() + half_out.size()) * sizeof(uint16_t);
}

/// Slots for the registers of `in_memory`, used again when nothing reads them any more.
void TilePlan::plan_buffers(const std::vector<bool>& in_memory) {
  const size_t end = steps.size();
  constexpr size_t kNever = static_cast<size_t>(-1);
  std::vector<size_t> last_use(num_registers, kNever);
  for (size_t i = 0; i < end; ++i) {
    for (const uint32_t reg : {steps[i].a, steps[i].b, steps[i].c}) last_use[reg] = i;
  }
  for (const Store& store : stores) last_use[store.reg] = end;
  for (const Reduction& reduction : reductions) last_use[reduction.reg] = end;

  constexpr uint32_t kNone = static_cast<uint32_t>(-1);
  std::vector<uint32_t> slot_of(num_registers, kNone);
  std::vector<uint32_t> free;
  const auto take = [&](uint32_t reg) {
    uint32_t slot = num_slots;
    if (free.empty()) {
      ++num_slots;
    } else {
      slot = free.back();
      free.pop_back();
    }
    slot_of[reg] = slot;
    buffers.push_back({reg, slot});
  };
  for (const Load& load : full) take(load.input);
  std::vector<bool> direct(num_registers, false);
  for (const auto* list : {&direct_out, &half_out}) {
    for (const Store& store : *list) direct[store.reg] = true;
  }
  for (size_t i = 0; i < end; ++i) {
    const TileStep& step = steps[i];
    // An operand that dies here gives its memory to the result: loops read before they write.
    uint32_t operands[] = {step.a, step.b, step.c};
    std::sort(std::begin(operands), std::end(operands));
    const auto* last = std::unique(std::begin(operands), std::end(operands));
    for (const uint32_t* reg = operands; reg != last; ++reg) {
      if (last_use[*reg] == i && slot_of[*reg] != kNone) free.push_back(slot_of[*reg]);
    }
    if (!direct[step.out] && in_memory[step.out]) take(step.out);
  }
}

void TilePlan::plan_aliases(const TileProgram& program) {
  // A position is a step's; conversions stand before the first, stores after the last.
  const int64_t end = static_cast<int64_t>(steps.size());
  std::vector<int64_t> last_read(num_inputs, -1);
  std::vector<bool> converted(num_inputs, false);
  for (const Load& load : full) converted[load.input] = true;
  const auto read = [&](uint32_t reg, int64_t position) {
    if (reg < num_inputs && !converted[reg]) last_read[reg] = std::max(last_read[reg], position);
  };
  for (int64_t i = 0; i < end; ++i) {
    for (const uint32_t reg : {steps[i].a, steps[i].b, steps[i].c}) read(reg, i);
  }
  std::vector<int64_t> written(num_outputs, -1);
  for (const auto* list : {&direct_out, &half_out}) {
    for (const Store& store : *list) {
      for (int64_t i = 0; i < end; ++i) {
        if (steps[i].out == store.reg) written[store.output] = i;
      }
    }
  }
  for (size_t k = 0; k < stores.size(); ++k) {
    const int64_t position = end + static_cast<int64_t>(k);
    written[stores[k].output] = position;
    read(stores[k].reg, position);
  }
  for (const Reduction& reduction : reductions) {
    read(reduction.reg, end + static_cast<int64_t>(stores.size()));
  }
  alias.assign(static_cast<size_t>(num_outputs) * num_inputs, false);
  for (uint32_t o = 0; o < num_outputs; ++o) {
    if (program.outputs[o].store != TileStore::full) continue;
    for (uint32_t i = 0; i < num_inputs; ++i) {
      alias[o * num_inputs + i] =
          program.inputs[i].access == TileAccess::full &&
          size_of(program.inputs[i].dtype) == size_of(program.outputs[o].dtype) &&
          last_read[i] <= written[o];
    }
  }
}

}  // namespace danlu::cpu::simd
