#include "danlu/compile/compile.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "danlu/base/error.h"
#include "danlu/base/thread.h"
#include "danlu/compile/passes.h"

namespace danlu {
namespace {

struct PassSwitches {
  bool simplify = true, fuse = true, select = true, memory = true;
};

PassSwitches parse_switches(const std::string& names, const std::string& where) {
  PassSwitches on;
  size_t begin = 0;
  while (begin < names.size()) {
    size_t end = names.find(',', begin);
    if (end == std::string::npos) end = names.size();
    const std::string pass = names.substr(begin, end - begin);
    begin = end + 1;
    if (pass.empty()) continue;
    if (pass == "simplify") {
      on.simplify = false;
    } else if (pass == "fuse") {
      on.fuse = false;
    } else if (pass == "select") {
      on.select = false;
    } else if (pass == "memory") {
      on.memory = false;
    } else if (pass == "all") {
      on = {false, false, false, false};
    } else {
      throw ValueError({.where = where,
                        .what = "There is no pass of this name",
                        .expected = "simplify, fuse, select, memory or all, separated by commas",
                        .received = "'" + pass + "'"});
    }
  }
  return on;
}

std::atomic<PassSwitches>& switches() {
  static std::atomic<PassSwitches> value = [] {
    const char* text = std::getenv("DANLU_DISABLE");
    return parse_switches(text ? text : "", "DANLU_DISABLE");
  }();
  return value;
}

size_t intermediate_bytes(const Graph& graph) {
  size_t bytes = 0;
  for (const GraphNode& node : graph.nodes) {
    if (node.op == nullptr || compile::is_alias(node)) continue;
    for (const TensorSpec& spec : node.outputs) bytes += spec.bytes();
  }
  return bytes;
}

int count_nodes(const Graph& graph) {
  int count = 0;
  for (const GraphNode& node : graph.nodes) {
    if (node.op != nullptr && !compile::is_alias(node)) ++count;
  }
  return count;
}

}  // namespace

size_t CompileOptions::hash() const {
  size_t h = static_cast<size_t>(threads) * 8 + static_cast<size_t>(isa);
  h = internal::hash_combine(
      h, (simplify ? 1 : 0) | (fuse ? 2 : 0) | (select ? 4 : 0) | (memory ? 8 : 0));
  for (const auto& [input, output] : state) {
    h = internal::hash_combine(h, (size_t{input} << 32) | output);
  }
  return h;
}

CompileOptions current_options() {
  const PassSwitches on = switches().load(std::memory_order_relaxed);
  return {.threads = effective_threads(),
          .isa = cpu_isa(),
          .simplify = on.simplify,
          .fuse = on.fuse,
          .select = on.select,
          .memory = on.memory};
}

void set_disabled_passes(const std::string& names) {
  switches() = parse_switches(names, "set_disabled_passes");
}

int verbosity() {
  static const int level = [] {
    const char* text = std::getenv("DANLU_VERBOSE");
    return text ? std::atoi(text) : 0;
  }();
  return level;
}

namespace {

std::shared_ptr<const Program> compile_silently(const Graph& graph, const CompileOptions& options) {
  auto program = std::make_shared<Program>();
  program->threads = options.threads;
  PlanReport& report = program->report;
  report.threads = options.threads;

  Graph current = graph;
  auto apply = [&](const char* pass, Graph (*transform)(const Graph&)) {
    Graph next = transform(current);
    report.passes.push_back({.pass = pass,
                             .nodes_before = count_nodes(current),
                             .nodes_after = count_nodes(next),
                             .bytes_before = intermediate_bytes(current),
                             .bytes_after = intermediate_bytes(next)});
    current = std::move(next);
  };
  apply("lower", compile::lower);
  if (options.simplify) apply("simplify", compile::simplify);
  if (options.fuse) {
    apply("fuse patterns", compile::fuse_patterns);
    apply("recompute", compile::recompute);
    apply("fuse tiles", compile::fuse_tiles);
    apply("fuse products", compile::fuse_products);
  }
  compile::Selection selection = compile::select(current, options);
  report.refusals = selection.refusals;
  int fast = 0;
  for (const Instruction& instruction : selection.instructions) {
    if (instruction.kernel && instruction.kernel_name != "ref") ++fast;
  }
  const int nodes = count_nodes(current);
  const size_t bytes = intermediate_bytes(current);
  report.passes.push_back(
      {.pass = "select",
       .nodes_before = nodes,
       .nodes_after = nodes,
       .bytes_before = bytes,
       .bytes_after = bytes,
       .note = std::to_string(fast) + " of " + std::to_string(nodes) + " on fast kernels"});
  compile::plan_memory(current, std::move(selection), options, *program);
  report.passes.push_back({.pass = "memory",
                           .nodes_before = nodes,
                           .nodes_after = static_cast<int>(program->instructions.size()),
                           .bytes_before = report.arena_bytes_without_reuse,
                           .bytes_after = report.arena_bytes});
  report.instructions = static_cast<int>(program->instructions.size());
  return program;
}

}  // namespace

std::shared_ptr<const Program> compile_graph(const Graph& graph, const CompileOptions& options) {
  auto program = compile_silently(graph, options);
  if (verbosity() > 0) {
    std::fprintf(stderr, "danlu: compiled\n%s%s", program->report.to_string().c_str(),
                 program->to_string().c_str());
  }
  return program;
}

std::shared_ptr<const Program> compile_subgraph(const Graph& graph, const KernelQuery& query) {
  CompileOptions options = query.options ? *query.options : current_options();
  options.state.clear();
  return compile_silently(graph, options);  // shown as part of the whole
}

PlanReport plan_report(std::span<const Array> outputs) {
  std::vector<Array> pending(outputs.begin(), outputs.end());
  const Trace trace = trace_graph({}, pending);
  PlanReport report = compile_graph(trace.graph, current_options())->report;
  const CacheStatistics cache = cache_statistics();
  report.cache_hits = cache.hits;
  report.cache_misses = cache.misses;
  return report;
}

}  // namespace danlu
