#include "danlu/backends/cpu/simd/random.h"

#include <algorithm>
#include <cmath>

#include "danlu/backends/cpu/simd/random_loops.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/random/random_attrs.h"

namespace danlu::cpu::simd {
namespace {

constexpr int64_t kNumbersAtOnce = 4 * kBlocksAtOnce;

/// Numbers [begin, end) of one draw. What does not fill a group of blocks goes through a buffer.
template <class T, class Fill>
void fill_range(const int64_t* state, int64_t begin, int64_t end, T* out, const Fill& fill) {
  PhiloxRange range{.seed = static_cast<uint64_t>(state[0]),
                    .counter = static_cast<uint64_t>(state[1]),
                    .first = 0,
                    .blocks = kBlocksAtOnce};
  while (begin < end) {
    const int64_t group = begin / kNumbersAtOnce;
    range.first = static_cast<uint64_t>(group * kBlocksAtOnce);
    const int64_t groups = begin % kNumbersAtOnce == 0 ? (end - begin) / kNumbersAtOnce : 0;
    if (groups > 0) {
      range.blocks = groups * kBlocksAtOnce;
      fill(range, out);
      begin += groups * kNumbersAtOnce;
      out += groups * kNumbersAtOnce;
      continue;
    }
    T buffer[kNumbersAtOnce];
    range.blocks = kBlocksAtOnce;
    fill(range, buffer);
    const int64_t stop = std::min(end, (group + 1) * kNumbersAtOnce);
    out = std::copy(buffer + begin % kNumbersAtOnce,
                    buffer + begin % kNumbersAtOnce + (stop - begin), out);
    begin = stop;
  }
}

/// fill(range, out) for the draws of all states.
template <class T, class Fill>
std::unique_ptr<Kernel> draws(const KernelQuery& q, Fill fill) {
  const int64_t total = q.outputs[0].shape.num_elements();
  const int64_t count = total / std::max<int64_t>(1, q.inputs[0].shape.num_elements() / 2);
  const int threads = total < 16384 ? 1 : q.threads;
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(total, threads, chunk, kNumbersAtOnce);
          for (int64_t at = range.begin; at < range.end;) {
            const int64_t draw = at / count;
            const int64_t stop = std::min<int64_t>(range.end, (draw + 1) * count);
            fill_range(args.in<int64_t>(0) + 2 * draw, at - draw * count, stop - draw * count,
                       args.out<T>(0) + at, fill);
            at = stop;
          }
        });
      },
      0, threads);
}

std::string only_float32(const KernelQuery& q) {
  return q.outputs[0].dtype == DType::float32 ? "" : "only float32 is computed here";
}

}  // namespace

KernelDef random_uniform() {
  return {"simd", only_float32, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<RandomAttrs>();
            const auto run = random_loops(q.isa).uniform;
            return draws<float>(
                q, [run, low = attrs.a, high = attrs.b](const PhiloxRange& range, float* out) {
                  run(range, low, high, out);
                });
          }};
}

KernelDef random_normal() {
  return {"simd", only_float32, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<RandomAttrs>();
            const auto run = random_loops(q.isa).normal;
            return draws<float>(
                q, [run, mean = attrs.a, stddev = attrs.b](const PhiloxRange& range, float* out) {
                  run(range, mean, stddev, out);
                });
          }};
}

KernelDef random_bernoulli() {
  return {"simd", takes_everything, [](const KernelQuery& q) {
            // A word is below p · 2^32 with probability p.
            const auto bound =
                static_cast<uint64_t>(std::llround(q.attrs_as<RandomAttrs>().a * 0x1p32));
            const auto run = random_loops(q.isa).bernoulli;
            return draws<bool>(
                q, [run, bound](const PhiloxRange& range, bool* out) { run(range, bound, out); });
          }};
}

}  // namespace danlu::cpu::simd
