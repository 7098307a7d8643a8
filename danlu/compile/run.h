#pragma once

#include <memory>
#include <span>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/runtime/program.h"

namespace danlu {

/// Runs a Program on evaluated inputs; one new buffer per output.
std::vector<std::shared_ptr<Buffer>> run_pooled(InstancePool& pool, std::span<const Array> inputs);

/// `instance.run`, with the time of each instruction on stderr under DANLU_VERBOSE.
void run_instance(Instance& instance, std::span<const void* const> inputs,
                  std::span<void* const> outputs, std::span<const uint64_t> versions = {});

}  // namespace danlu
