#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "danlu/compile/bound_step.h"
#include "danlu/io/json.h"
#include "danlu/runtime/program.h"
#include "danlu/runtime/roofline.h"

namespace danlu {

/// One instruction of a training step.
struct ProfileRow {
  std::string op;
  std::string kernel;
  std::string shapes;  ///< "float32(64, 28, 28, 1) … -> float32(64, 13, 13, 32)"
  int threads = 1;
  double microseconds = 0;  ///< median over the profiled steps
  double flops = 0;
  double bytes = 0;  ///< of its operands

  double gflops() const { return microseconds > 0 ? flops / microseconds / 1e3 : 0; }
  double gigabytes() const { return microseconds > 0 ? bytes / microseconds / 1e3 : 0; }
  /// The least time the machine allows over the time taken.
  double roofline_share(const MachinePeaks& peaks) const;
};

/// Where the time of one training step goes.
struct Profile {
  std::vector<ProfileRow> rows;  ///< in the order they run
  int steps = 0;                 ///< profiled
  double step_microseconds = 0;  ///< median of whole steps
  MachinePeaks peaks;
  PlanReport plan;

  /// A table, slowest first, with what each pass decided.
  std::string to_string() const;
  Json to_json() const;
  /// One step as a trace for Perfetto or chrome://tracing (JSON).
  std::string chrome_trace() const;
};

/// Runs `step` through `run` `steps` times with the time of every instruction taken.
Profile profile_step(BoundStep& step, const std::function<void()>& run, int steps);

}  // namespace danlu
