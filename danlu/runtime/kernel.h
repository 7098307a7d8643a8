#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/core/node.h"
#include "danlu/core/op_def.h"

namespace danlu {

struct CompileOptions;
struct Graph;
struct Instruction;
class Program;

/// Instruction sets that kernels distinguish.
enum class Isa : uint8_t { baseline, avx2, avx512 };

/// The best one this CPU has (and DANLU_ISA=baseline|avx2|avx512 permits).
Isa cpu_isa();
std::string_view name(Isa isa);

/// A question to a kernel list: one node with everything known about it.
struct KernelQuery {
  const OpDef* op = nullptr;
  const Attrs* attrs = nullptr;
  std::span<const TensorSpec> inputs;
  std::span<const TensorSpec> outputs;
  int threads = 1;  ///< the most this instruction should use (already from the cost model)
  Isa isa = Isa::baseline;
  const CompileOptions* options = nullptr;  ///< of the Program; null outside of a compilation

  template <class T>
  const T& attrs_as() const {
    return danlu::attrs_as<T>(attrs);
  }
  /// Whether every input and output has this dtype.
  bool all_are(DType dtype) const;
};

/// The status word of a run: the first fault wins.
class Status {
 public:
  void raise(const Instruction* instruction, int64_t value) {
    bool expected = false;
    if (faulted_.compare_exchange_strong(expected, true)) {
      instruction_ = instruction;
      value_ = value;
    }
  }
  bool ok() const { return !faulted_.load(std::memory_order_relaxed); }
  const Instruction* instruction() const { return instruction_; }
  int64_t value() const { return value_; }
  void clear() { faulted_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> faulted_{false};
  const Instruction* instruction_ = nullptr;
  int64_t value_ = 0;
};

/// What a kernel gets when it runs. Pointers are row-major, channels last, 64-byte aligned except
/// where a caller's own memory is an input; scratch is 64-byte aligned and holds garbage.
struct KernelArgs {
  const void* const* inputs = nullptr;
  void* const* outputs = nullptr;
  std::byte* scratch = nullptr;
  Status* status = nullptr;
  const Instruction* instruction = nullptr;  ///< whose call this is, for faults
  const std::byte* packed = nullptr;         ///< what `Kernel::pack` made of the packed input

  template <class T>
  const T* in(int i) const {
    return static_cast<const T*>(inputs[i]);
  }
  template <class T>
  T* out(int i) const {
    return static_cast<T*>(outputs[i]);
  }
  /// Reports a fault that depends on data; the run's commits are then skipped and the host throws
  /// a ValueError with the op's `fault_text`.
  void fault(int64_t value) const { status->raise(instruction, value); }
};

/// A prepared kernel: everything that depends on shapes is decided. Immutable and shared by all
/// Instances of a Program; `run` may be called by several threads with different arguments.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(const KernelArgs& args) const = 0;
  /// Scratch bytes wanted in `KernelArgs::scratch`.
  virtual size_t scratch_bytes() const { return 0; }
  /// Whether output `output` may share memory with input `input`: true only if each element is
  /// read before it is written and nothing reads it later.
  virtual bool may_alias(int output, int input) const {
    (void)output, (void)input;
    return false;
  }
  /// Threads it uses.
  virtual int threads() const { return 1; }

  /// The input (usually weights) of which the kernel wants a copy in a layout of its own, or −1.
  /// The copy lives in the Instance and is made anew only when the input's version has changed.
  virtual int packed_input() const { return -1; }
  virtual size_t packed_bytes() const { return 0; }
  /// `scratch` is as in `run`.
  virtual void pack(const void* input, std::byte* packed, std::byte* scratch) const {
    (void)input, (void)packed, (void)scratch;
  }

  /// The Programs that it runs itself, in its scratch: those of control flow.
  virtual std::vector<std::shared_ptr<const Program>> subprograms() const { return {}; }
};

/// One line of a kernel list. `refusal` answers why the kernel cannot take the node, or "".
struct KernelDef {
  std::string_view name;  ///< "onednn", "simd", "ref", …
  std::string (*refusal)(const KernelQuery&);
  std::unique_ptr<Kernel> (*prepare)(const KernelQuery&);
};

/// The kernels of `op`, fastest first, `ref` last. Defined by danlu/backends/cpu.
/// Errors: UnsupportedError when it has none.
std::span<const KernelDef> cpu_kernels(const OpDef& op);
bool has_cpu_kernels(const OpDef& op);
/// Kernels for ops that users register at run time; `list` must outlive the process.
void register_kernels(const OpDef& op, std::span<const KernelDef> list);

/// The Program of a subgraph that a node's attributes hold, for a kernel to run: made with the
/// options of the Program that the kernel is for. Defined by danlu/compile.
std::shared_ptr<const Program> compile_subgraph(const Graph& graph, const KernelQuery& query);

/// Threads worth using for `flops` operations over `bytes` of traffic, at most `limit`: a
/// fork-join costs about 1.7 µs.
int threads_for(double flops, double bytes, int limit);

}  // namespace danlu
