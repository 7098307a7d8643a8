#include "danlu/compile/run.h"

#include <cstdio>

#include "danlu/compile/compile.h"

namespace danlu {

void run_instance(Instance& instance, std::span<const void* const> inputs,
                  std::span<void* const> outputs, std::span<const uint64_t> versions) {
  if (verbosity() == 0) {
    instance.run(inputs, outputs, versions);
    return;
  }
  instance.set_profiling(true);
  instance.run(inputs, outputs, versions);
  instance.set_profiling(false);
  const Program& program = instance.program();
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    std::fprintf(stderr, "danlu: run %.*s,%.*s,%dt,%.0f flop,%.0f bytes,%.2f us\n",
                 static_cast<int>(instruction.op->name.size()), instruction.op->name.data(),
                 static_cast<int>(instruction.kernel_name.size()), instruction.kernel_name.data(),
                 instruction.kernel->threads(), instruction.flops, instruction.bytes,
                 static_cast<double>(instance.nanoseconds()[i]) / 1000);
  }
}

}  // namespace danlu
