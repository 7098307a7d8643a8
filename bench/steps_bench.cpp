// Whole training steps, and processes from their start.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "bench/benchmarks.h"
#include "bench/models.h"
#include "danlu/runtime/roofline.h"
#include "danlu/train/steps.h"

namespace danlu::bench {
namespace {

/// Peak and step alternate, so that both see the machine in the same state.
void cnn_step(benchmark::State& state) {
  const auto threads = static_cast<int>(state.range(0));
  const int before = num_threads();
  set_num_threads(threads);
  Sequential model = cnn();
  const Dataset data = Dataset(images(64), {}).batch(64);
  model.fit(data, {.epochs = 3, .verbose = 0});
  Steps& steps = model.steps();
  Batch batch;
  for (const Batch& b : data.epoch(0)) batch = b;
  double peak = 0;
  std::vector<double> seconds;
  for (auto _ : state) {
    if (seconds.size() % 50 == 0) {
      state.PauseTiming();
      peak = std::max(peak, fma_peak(threads));
      state.ResumeTiming();
    }
    const auto start = std::chrono::steady_clock::now();
    steps.train(batch);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds.push_back(taken.count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + long(seconds.size() / 2), seconds.end());
  const double median = seconds[seconds.size() / 2];
  state.counters["median_ms"] = median * 1e3;
  state.counters["GFLOP/s"] = cnn_step_flops(64) / median / 1e9;
  state.counters["fma_peak"] = peak;
  state.counters["share"] = cnn_step_flops(64) / median / 1e9 / peak;
  set_num_threads(before);
}

void xor_plan(benchmark::State& state) {
  Sequential model = xor_network();
  const Dataset data = Dataset(xor_samples(), {}).batch(4);
  model.fit(data, {.epochs = 3, .verbose = 0});
  Steps& steps = model.steps();
  Batch batch;
  for (const Batch& b : data.epoch(0)) batch = b;
  for (auto _ : state) steps.train(batch);
}

void xor_epoch(benchmark::State& state) {
  Sequential model = xor_network();
  const HostTensor x = xor_samples().x, y = xor_samples().y;
  model.fit(x, y, {.epochs = 3, .batch_size = 4, .verbose = 0});
  constexpr int64_t kEpochs = 200;
  for (auto _ : state) {
    model.fit(x, y, {.epochs = kEpochs, .batch_size = 4, .verbose = 0, .shuffle = false});
  }
  state.counters["us_per_epoch"] = benchmark::Counter(
      static_cast<double>(kEpochs) * 1e-6,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

std::filesystem::path own_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

void run_process(benchmark::State& state, const std::filesystem::path& program,
                 const char* argument) {
  std::string path = program.string();
  char* arguments[] = {path.data(), const_cast<char*>(argument), nullptr};
  if (!std::filesystem::exists(program)) {
    state.SkipWithError(("not built: " + path).c_str());
    return;
  }
  for (auto _ : state) {
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    posix_spawn(&child, path.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) {
      state.SkipWithError("the process failed");
      break;
    }
  }
}

void version(benchmark::State& state) {
  run_process(state, own_path().parent_path() / "danlu", "--version");
}

void cold_start(benchmark::State& state) { run_process(state, own_path(), "--first-step"); }

}  // namespace

void first_step() {
  Sequential model = cnn();
  model.fit(Dataset(images(64), {}).batch(64), {.verbose = 0});
}

void register_steps() {
  benchmark::RegisterBenchmark("cnn step, batch 64", cnn_step)
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kMillisecond)
      ->MinTime(3)
      ->UseRealTime();
  benchmark::RegisterBenchmark("xor plan, batch 4", xor_plan)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
  benchmark::RegisterBenchmark("xor fit, 200 epochs", xor_epoch)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
  benchmark::RegisterBenchmark("danlu --version", version)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(30)
      ->UseRealTime();
  benchmark::RegisterBenchmark("process start to first cnn step", cold_start)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(20)
      ->UseRealTime();
}

}  // namespace danlu::bench
