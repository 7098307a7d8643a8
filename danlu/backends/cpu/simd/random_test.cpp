#include <gtest/gtest.h>

#include <cmath>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/ops/random/random_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::run;

std::vector<Isa> instruction_sets() {
  std::vector<Isa> sets;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa <= cpu_isa()) sets.push_back(isa);
  }
  return sets;
}

/// `count` numbers for each of `states` states.
Call draw(const OpDef& op, int64_t states, int64_t count, double a, double b) {
  Call call{.op = &op,
            .attrs = make_attrs(RandomAttrs{Shape{count}, DType::float32, a, b}),
            .inputs = {{Shape{states, 2}, DType::int64}},
            .values = {{}}};
  if (&op == &random_bernoulli_op()) {
    call.attrs = make_attrs(RandomAttrs{Shape{count}, DType::bool_, a, b});
  }
  for (int64_t i = 0; i < states; ++i) {
    call.values[0].push_back(static_cast<double>(int64_t{1} << 40) + 17 * static_cast<double>(i));
    call.values[0].push_back(static_cast<double>((int64_t{1} << 33) + i));
  }
  return call;
}

template <class Check>
void check(const Call& call, const Check& same) {
  const auto expected = run(call, "ref")[0];
  for (const Isa isa : instruction_sets()) {
    for (const int threads : {1, 2, 5}) {
      const auto actual = run(call, "simd", threads, isa)[0];
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_TRUE(same(actual[i], expected[i]))
            << call.op->name << ", " << name(isa) << ", " << threads << " threads, element " << i
            << " of " << expected.size() << ": " << actual[i] << ", expected " << expected[i];
      }
    }
  }
}

constexpr int64_t kCounts[] = {1, 3, 4, 31, 32, 33, 1000, 40'003};

TEST(SimdRandom, UniformNumbersAreTheReferencesBitForBit) {
  const auto same = [](double a, double b) { return a == b; };
  for (const int64_t count : kCounts) {
    check(draw(random_uniform_op(), 1, count, -1, 3), same);
    check(draw(random_uniform_op(), 5, count, 0, 1), same);
  }
  // Rounding reaches the open end: of two floats, of tiny numbers, at zero.
  check(draw(random_uniform_op(), 1, 2000, 1, 1 + 0x1p-23), same);
  check(draw(random_uniform_op(), 1, 2000, -0x1p-149, 0), same);
  check(draw(random_uniform_op(), 1, 2000, -1 - 0x1p-22, -1), same);
}

TEST(SimdRandom, ChoicesAreTheReferencesBitForBit) {
  const auto same = [](double a, double b) { return a == b; };
  for (const double p : {0.0, 0x1p-32, 0.3, 0.5, 1 - 0x1p-32, 1.0}) {
    for (const int64_t count : kCounts) check(draw(random_bernoulli_op(), 3, count, p, 1), same);
  }
}

TEST(SimdRandom, NormalNumbersAreTheReferencesUpToRounding) {
  const auto same = [](double a, double b) { return std::abs(a - b) <= 1.2e-7 * std::abs(b); };
  for (const int64_t count : kCounts) {
    check(draw(random_normal_op(), 1, count, 0, 1), same);
    check(draw(random_normal_op(), 4, count, 0, 2.5), same);
  }
}

}  // namespace
}  // namespace danlu::cpu
