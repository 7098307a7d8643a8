#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/buffer.h"
#include "danlu/runtime/kernel.h"

namespace danlu {

/// Where the memory of a value is.
struct Slot {
  enum class Kind : uint8_t { input, output, arena, constant };
  Kind kind = Kind::arena;
  uint32_t index = 0;  ///< of the input, output or constant
  size_t offset = 0;   ///< in the arena
};

/// One kernel call of a Program.
struct Instruction {
  const OpDef* op = nullptr;
  AttrsPtr attrs;
  std::string_view kernel_name;
  std::unique_ptr<const Kernel> kernel;
  std::vector<uint32_t> inputs;   ///< slots
  std::vector<uint32_t> outputs;  ///< slots
  std::vector<TensorSpec> input_specs;
  std::vector<TensorSpec> output_specs;
  size_t scratch_offset = 0;
  size_t packed_offset = 0;
  double flops = 0;
  double bytes = 0;
  bool commit = false;  ///< writes state: skipped when the status word holds a fault
};

/// What one pass did, for people.
struct PassReport {
  std::string pass;
  int nodes_before = 0, nodes_after = 0;
  size_t bytes_before = 0, bytes_after = 0;  ///< of intermediate values
  std::string note;
};

struct PlanReport {
  std::vector<PassReport> passes;
  std::vector<std::string> refusals;  ///< "conv2d: onednn refused: …"
  size_t arena_bytes = 0;
  size_t arena_bytes_without_reuse = 0;
  int instructions = 0;
  int threads = 1;
  int64_t cache_hits = 0, cache_misses = 0;  ///< of the process, when the report was asked for
  std::string to_string() const;
};

/// A compiled graph: immutable, shared, runnable by many threads at once through Instances.
class Program {
 public:
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;  ///< the graph's outputs, then its named outputs
  std::vector<std::string> output_names;
  std::vector<Slot> slots;
  std::vector<std::shared_ptr<Buffer>> constants;
  std::vector<Instruction> instructions;  ///< commits stand last
  size_t arena_bytes = 0;
  size_t packed_bytes = 0;  ///< of an Instance's packed weights
  int threads = 1;
  PlanReport report;

  /// Bytes this Program holds itself, for the cache's bound.
  size_t footprint() const;
  /// The table of instructions.
  std::string to_string() const;
};

/// Where one run of a Program finds its memory; what it holds is garbage before `bind_frame`.
struct Frame {
  std::byte* arena = nullptr;           ///< `arena_bytes`, also the scratch of kernels
  std::byte* packed = nullptr;          ///< `packed_bytes`
  uint64_t* packed_versions = nullptr;  ///< by instruction; 0: nothing is packed yet
  void** slots = nullptr;               ///< one per slot
  void** operands = nullptr;            ///< inputs then outputs of each instruction
  int64_t* nanoseconds = nullptr;       ///< by instruction; null: nothing is measured
};
/// Operands of all instructions together.
size_t count_operands(const Program& program);
/// Sets what stays the same between runs.
void bind_frame(const Program& program, const Frame& frame);
/// Runs every instruction; commits only while `status` holds no fault. `versions[i]` tells when
/// inputs[i] has changed, so that packed copies can be kept; 0, or none given: always.
void run_frame(const Program& program, const Frame& frame, const void* const* inputs,
               void* const* outputs, std::span<const uint64_t> versions, Status& status);

/// Everything one run of a Program needs to itself.
class Instance {
 public:
  explicit Instance(std::shared_ptr<const Program> program);
  const Program& program() const { return *program_; }

  /// Runs every instruction; an output that was compiled as state must be the buffer of its input.
  /// Allocates nothing. `versions[i]` tells when inputs[i] has changed, so that packed copies can
  /// be kept; 0, or none given: always. Errors: ValueError for a fault that depends on data: then
  /// no state was written.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           std::span<const uint64_t> versions = {});

  /// Nanoseconds per instruction of the last `run` made with profiling on.
  void set_profiling(bool on) { profiling_ = on; }
  const std::vector<int64_t>& nanoseconds() const { return nanoseconds_; }

 private:
  [[noreturn]] void throw_fault() const;

  std::shared_ptr<const Program> program_;
  std::shared_ptr<Buffer> arena_;
  std::shared_ptr<Buffer> packed_;
  std::vector<uint64_t> packed_versions_;
  std::vector<void*> slot_pointers_;
  std::vector<void*> operands_;
  Frame frame_;
  Status status_;
  bool profiling_ = false;
  std::vector<int64_t> nanoseconds_;
};

/// Idle Instances of one Program.
class InstancePool {
 public:
  explicit InstancePool(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  const Program& program() const { return *program_; }
  std::shared_ptr<const Program> shared_program() const { return program_; }
  std::unique_ptr<Instance> take();
  void give_back(std::unique_ptr<Instance> instance);

 private:
  std::shared_ptr<const Program> program_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Instance>> idle_;
};

}  // namespace danlu
