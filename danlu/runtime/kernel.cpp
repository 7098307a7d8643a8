#include "danlu/runtime/kernel.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "danlu/base/error.h"

namespace danlu {
namespace {

Isa hardware_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  if (!avx2) return Isa::baseline;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 ? Isa::avx512 : Isa::avx2;
#else
  return Isa::baseline;
#endif
}

Isa permitted_isa() {
  const Isa best = hardware_isa();
  const char* text = std::getenv("DANLU_ISA");
  if (text == nullptr || *text == '\0' || std::string_view(text) == "amx") return best;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (name(isa) == text) return std::min(isa, best);
  }
  throw ValueError({.where = "DANLU_ISA",
                    .what = "There is no such instruction set",
                    .expected = "baseline, avx2, avx512 or amx",
                    .received = "'" + std::string(text) + "'"});
}

// What one core does, on the careful side: a team is asked for only where it clearly pays.
constexpr double kFlopsPerMicrosecond = 50e3;
constexpr double kBytesPerMicrosecond = 8e3;
constexpr double kMicrosecondsPerThread = 15;

}  // namespace

Isa cpu_isa() {
  static const Isa isa = permitted_isa();
  return isa;
}

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::baseline:
      break;
  }
  return "baseline";
}

bool KernelQuery::all_are(DType dtype) const {
  const auto same = [dtype](const TensorSpec& spec) { return spec.dtype == dtype; };
  return std::all_of(inputs.begin(), inputs.end(), same) &&
         std::all_of(outputs.begin(), outputs.end(), same);
}

int threads_for(double flops, double bytes, int limit) {
  const double alone = std::max(flops / kFlopsPerMicrosecond, bytes / kBytesPerMicrosecond);
  const double worth = alone / kMicrosecondsPerThread;
  if (!(worth >= 2)) return 1;
  return std::max(1, static_cast<int>(std::min<double>(worth, limit)));
}

}  // namespace danlu
