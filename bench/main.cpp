#include <benchmark/benchmark.h>

#include <string_view>

#include "bench/benchmarks.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--first-step") {
    danlu::bench::first_step();
    return 0;
  }
  danlu::bench::register_kernels();
  danlu::bench::register_steps();
  danlu::bench::register_tiles();
  danlu::bench::register_transforms();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
