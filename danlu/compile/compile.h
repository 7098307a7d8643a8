#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/graph.h"
#include "danlu/runtime/program.h"

namespace danlu {

/// What a Program depends on besides its graph. The choice of kernels follows from these alone,
/// never from timing or history, so results repeat.
struct CompileOptions {
  int threads = 1;
  Isa isa = Isa::baseline;
  bool simplify = true;  ///< false: the graph as it was traced
  bool fuse = true;      ///< false: one kernel per op
  bool select = true;    ///< false: reference kernels only
  bool memory = true;    ///< false: no memory is shared between values
  /// (input, output) pairs that share a buffer: state updated in place.
  std::vector<std::pair<uint32_t, uint32_t>> state;

  size_t hash() const;
  friend bool operator==(const CompileOptions&, const CompileOptions&) = default;
};

/// This process's options: `effective_threads()`, the CPU, and the passes that
/// `DANLU_DISABLE=simplify,fuse,select,memory` or `set_disabled_passes` leave on.
/// Errors: ValueError for an unknown pass name.
CompileOptions current_options();
/// Comma-separated pass names; "" switches all on.
void set_disabled_passes(const std::string& names);

/// DANLU_VERBOSE: 0 silent; 1 prints each compiled plan and each instruction it runs, to stderr.
int verbosity();

/// Compiles `graph` without the cache.
std::shared_ptr<const Program> compile_graph(const Graph& graph, const CompileOptions& options);

/// The compiled form of `graph`, from the cache where it is there: one compilation however many
/// threads ask at once.
std::shared_ptr<InstancePool> cached_program(const Graph& graph, const CompileOptions& options);

struct CacheStatistics {
  int64_t hits = 0;
  int64_t misses = 0;
  size_t programs = 0;
  size_t bytes = 0;
  size_t bytes_limit = 0;
};
CacheStatistics cache_statistics();
void clear_program_cache();
/// Bound on the Programs kept, in bytes; the least recently used go first. Default 256 MiB.
void set_program_cache_bytes(size_t bytes);

/// What the compiler makes of the pending computation of `outputs`: the passes' effects, the
/// kernels chosen and refused, the memory.
PlanReport plan_report(std::span<const Array> outputs);

}  // namespace danlu
