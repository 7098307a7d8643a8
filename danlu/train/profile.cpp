#include "danlu/train/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

namespace danlu {

double ProfileRow::roofline_share(const MachinePeaks& peaks) const {
  return microseconds > 0 ? peaks.seconds(flops, bytes) * 1e6 / microseconds : 0;
}

std::string Profile::to_string() const {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return rows[a].microseconds > rows[b].microseconds; });
  double total = 0;
  for (const ProfileRow& row : rows) total += row.microseconds;

  std::string s = fmt::format("{:>9} {:>6} {:>8} {:>7} {:>8}  {:<28} {}\n", "us", "share",
                              "GFLOP/s", "GB/s", "roofline", "op [kernel, threads]", "shapes");
  for (size_t i : order) {
    const ProfileRow& row = rows[i];
    s += fmt::format("{:9.1f} {:5.1f}% {:8.1f} {:7.1f} {:7.0f}%  {:<28} {}\n", row.microseconds,
                     100 * row.microseconds / total, row.gflops(), row.gigabytes(),
                     100 * row.roofline_share(peaks),
                     fmt::format("{} [{}, {}]", row.op, row.kernel, row.threads), row.shapes);
  }
  s += fmt::format(
      "\nstep {:.1f} us (median of {}), {} instructions, {:.1f} us in them\n"
      "machine: {:.0f} GFLOP/s in multiply-adds, {:.1f} GB/s from memory, {} threads\n\n{}",
      step_microseconds, steps, rows.size(), total, peaks.gflops, peaks.gigabytes, plan.threads,
      plan.to_string());
  return s;
}

Json Profile::to_json() const {
  Json instructions = Json::array(), passes = Json::array();
  for (const ProfileRow& row : rows) {
    instructions.push_back(Json::object({{"op", row.op},
                                         {"kernel", row.kernel},
                                         {"shapes", row.shapes},
                                         {"threads", row.threads},
                                         {"calls", steps},
                                         {"us", row.microseconds},
                                         {"gflops", row.gflops()},
                                         {"gigabytes_per_second", row.gigabytes()},
                                         {"roofline_share", row.roofline_share(peaks)}}));
  }
  for (const PassReport& pass : plan.passes) {
    passes.push_back(Json::object({{"pass", pass.pass},
                                   {"nodes_before", pass.nodes_before},
                                   {"nodes_after", pass.nodes_after},
                                   {"bytes_before", pass.bytes_before},
                                   {"bytes_after", pass.bytes_after}}));
  }
  return Json::object({{"step_us", step_microseconds},
                       {"steps", steps},
                       {"threads", plan.threads},
                       {"peak_gflops", peaks.gflops},
                       {"peak_gigabytes_per_second", peaks.gigabytes},
                       {"instructions", std::move(instructions)},
                       {"passes", std::move(passes)}});
}

std::string Profile::chrome_trace() const {
  Json events = Json::array();
  double now = 0;
  for (const ProfileRow& row : rows) {
    events.push_back(Json::object({{"name", row.op},
                                   {"ph", "X"},
                                   {"pid", 1},
                                   {"tid", 1},
                                   {"ts", now},
                                   {"dur", row.microseconds},
                                   {"args", Json::object({{"kernel", row.kernel},
                                                          {"shapes", row.shapes},
                                                          {"threads", row.threads},
                                                          {"gflops", row.gflops()}})}}));
    now += row.microseconds;
  }
  return Json::object({{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events)}}).dump();
}

namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::string> texts(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> result;
  for (const TensorSpec& spec : specs) result.push_back(spec.to_string());
  return result;
}

std::string shapes_text(const Instruction& instruction) {
  std::string s = fmt::format("{}", fmt::join(texts(instruction.input_specs), " "));
  s += fmt::format(" -> {}", fmt::join(texts(instruction.output_specs), " "));
  constexpr size_t kMostText = 200;
  if (s.size() > kMostText) {
    s.resize(kMostText);
    s += " …";
  }
  return s;
}

}  // namespace

Profile profile_step(BoundStep& step, const std::function<void()>& run, int steps) {
  using Clock = std::chrono::steady_clock;
  const Program& program = step.program();
  const size_t count = program.instructions.size();
  std::vector<std::vector<double>> times(count);
  std::vector<double> whole;
  step.set_profiling(true);
  for (int i = 0; i < steps; ++i) {
    const auto start = Clock::now();
    run();
    whole.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    for (size_t k = 0; k < count; ++k) {
      times[k].push_back(static_cast<double>(step.nanoseconds()[k]) / 1e3);
    }
  }
  step.set_profiling(false);

  Profile profile{.steps = steps,
                  .step_microseconds = median(whole),
                  .peaks = measure_peaks(program.threads),
                  .plan = program.report};
  for (size_t k = 0; k < count; ++k) {
    const Instruction& instruction = program.instructions[k];
    profile.rows.push_back({.op = std::string(instruction.op->name),
                            .kernel = std::string(instruction.kernel_name),
                            .shapes = shapes_text(instruction),
                            .threads = instruction.kernel->threads(),
                            .microseconds = median(times[k]),
                            .flops = instruction.flops,
                            .bytes = instruction.bytes});
  }
  return profile;
}

}  // namespace danlu
