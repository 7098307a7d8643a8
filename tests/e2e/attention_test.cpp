// What attention promises beyond its numbers, which the sweeps and tests/names check: memory that
// grows with the length and not with its square, the same results on every instruction set, errors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/derivatives.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/danlu.h"
#include "danlu/ops/registry.h"
#include "tests/support/mistakes.h"
#include "tests/support/op_calls.h"

namespace danlu {
namespace {

using cpu::testing::relative_error;

Array numbers(const Shape& shape, uint64_t seed, DType dtype = DType::float32) {
  PhiloxStream random(seed);
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (double& x : values) x = 4 * random.uniform() - 2;
  return cast(Array(values, shape), dtype);
}

/// Query, key and value, and the gradients of the sum of squares.
std::vector<Array> with_gradients(int64_t length, const DotProductAttentionOptions& options,
                                  DType dtype = DType::float32) {
  std::vector<Array> inputs;
  for (uint64_t i = 0; i < 3; ++i) inputs.push_back(numbers({1, length, 2, 16}, 1 + i, dtype));
  const Array result = dot_product_attention(inputs[0], inputs[1], inputs[2], options);
  std::vector<Array> all = gradients(sum(square(cast(result, DType::float32))), inputs);
  all.push_back(result);
  return all;
}

size_t arena(int64_t length, bool flash) {
  return plan_report(with_gradients(length, {.is_causal = true, .flash_attention = flash}))
      .arena_bytes;
}

TEST(Attention, MemoryGrowsWithTheLengthAndNotItsSquare) {
  constexpr int64_t kLength = 4096;
  constexpr size_t kLogits = size_t{2} * kLength * kLength * sizeof(float);
  EXPECT_LT(arena(kLength, true), kLogits / 16);
  EXPECT_LE(arena(2 * kLength, true), 2 * arena(kLength, true) + 4096);
  EXPECT_GE(arena(kLength, false), kLogits);
}

TEST(Attention, BlocksEqualTheCompositionThatStoresEverything) {
  const Array mask = numbers({1, 1, 300, 1}, 9) > Array(-1.0);
  const Array bias = numbers({2, 1, 300}, 10);
  for (const DotProductAttentionOptions& each :
       {DotProductAttentionOptions{}, DotProductAttentionOptions{.scale = 2, .is_causal = true},
        DotProductAttentionOptions{.bias = bias, .mask = mask}}) {
    DotProductAttentionOptions stored = each;
    stored.flash_attention = false;
    for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
      const auto a = with_gradients(300, each, dtype), b = with_gradients(300, stored, dtype);
      const double tolerance = dtype == DType::float64   ? 1e-13
                               : dtype == DType::float32 ? 1e-5
                                                         : 2e-2;
      for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].spec(), b[i].spec());
        EXPECT_LE(relative_error(a[i].to_vector<double>(), b[i].to_vector<double>()), tolerance)
            << name(dtype) << ", result " << i;
      }
    }
  }
}

TEST(Attention, EveryInstructionSetAgrees) {
  for (const OpDef* op : {&attention_op(), &attention_backward_op()}) {
    for (const OpSample& sample : op->samples()) {
      const auto call = cpu::testing::make_call(*op, sample);
      const auto expected = cpu::testing::run(call.with_float(DType::float64), "ref");
      const auto specs = call.outputs();
      for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (isa > cpu_isa()) continue;
        const auto actual = cpu::testing::run(call, "simd", 2, isa);
        for (size_t i = 0; i < specs.size(); ++i) {
          EXPECT_LE(relative_error(actual[i], expected[i]), sample.tolerance)
              << testing_support::title(*op, sample) << ", " << name(isa) << ", output " << i;
        }
      }
    }
  }
}

TEST(Attention, AQueryWithoutKeysTakesTheMean) {
  const Array q = numbers({1, 3, 2, 4}, 1), k = numbers({1, 5, 2, 4}, 2),
              v = numbers({1, 5, 2, 4}, 3);
  const Array mask = reshape(Array({true, false, true}), {3, 1});
  const auto f = [&](const Array& query, const Array& value) {
    return dot_product_attention(query, k, value, {.mask = mask});
  };
  const Array row = take(f(q, v), Array::scalar(1, DType::int32), 1);
  EXPECT_LE(relative_error(row.to_vector<double>(), mean(v, {1}).to_vector<double>()), 1e-6);
  const Array result = f(q, v);
  const auto grads = gradients(sum(take(result, Array::scalar(1, DType::int32), 1)), {{q, v}});
  EXPECT_THAT(grads[0].to_vector<double>(), ::testing::Each(0));
  EXPECT_THAT(grads[1].to_vector<float>(), ::testing::Each(0.2f));
}

TEST(Attention, SecondOrderAndForwardModeGoThroughOps) {
  const Array q = numbers({1, 4, 2, 3}, 1, DType::float64),
              k = numbers({1, 5, 1, 3}, 2, DType::float64);
  const auto through = [&](bool flash) {
    const auto f = [&, flash](const Array& x) {
      return sum(square(dot_product_attention(x, k, k * 2, {.flash_attention = flash})));
    };
    return std::vector<Array>{hvp(f, q, ones_like(q)), jvp(f, q, ones_like(q)).second};
  };
  const auto blocks = through(true), stored = through(false);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_LE(relative_error(blocks[i].to_vector<double>(), stored[i].to_vector<double>()), 1e-12);
  }
}

TEST(Attention, RejectsWhatDoesNotFit) {
  const Array q = zeros({2, 3, 4, 5}), k = zeros({2, 6, 2, 5});
  const auto attend = [](const Array& query, const Array& key, const Array& value,
                         const DotProductAttentionOptions& options = {}) {
    return [=] { dot_product_attention(query, key, value, options); };
  };
  using testing::mistake;
  testing::expect_each({
      mistake<ShapeError>("rank", attend(zeros({3, 4, 5}), k, k),
                          "[attention] The query has the wrong rank. Expected (batch, length, "
                          "heads, width). Received float32(3, 4, 5)."),
      mistake<ShapeError>("width", attend(q, zeros({2, 6, 2, 3}), k),
                          "[attention] The key does not fit the query. Expected (2, length, heads, "
                          "5). Received float32(2, 6, 2, 3)."),
      mistake<ShapeError>("heads", attend(q, zeros({2, 6, 3, 5}), zeros({2, 6, 3, 5})),
                          "[attention] The heads of the query cannot be shared out to those of the "
                          "key. Expected a number of heads that divides 4. Received "
                          "float32(2, 6, 3, 5)."),
      mistake<ShapeError>("value", attend(q, k, zeros({2, 6, 2, 4})),
                          "[attention] The value does not fit the key. Expected (2, 6, 2, 5). "
                          "Received float32(2, 6, 2, 4)."),
      mistake<ShapeError>("no keys", attend(q, zeros({2, 0, 2, 5}), zeros({2, 0, 2, 5})),
                          "[attention] There are no keys to attend to. Expected a length of 1 or "
                          "more. Received float32(2, 0, 2, 5)."),
      mistake<ShapeError>("no width", attend(zeros({2, 3, 4, 0}), k, k),
                          "[attention] The heads have no width. Expected a last axis of 1 or more. "
                          "Received float32(2, 3, 4, 0)."),
      mistake<ShapeError>("mask", attend(q, k, k, {.mask = zeros({5, 6}, DType::bool_)}),
                          "[attention] The mask does not fit the logits. Expected a shape that "
                          "broadcasts to (2, 4, 3, 6). Received bool(1, 1, 5, 6)."),
      mistake<ShapeError>("bias", attend(q, k, k, {.bias = zeros({2, 1, 1, 1, 1})}),
                          "[dot_product_attention] The bias has too many axes. Expected a shape "
                          "that broadcasts to (batch, heads, queries, keys). Received (2, 1, 1, 1, "
                          "1)."),
      mistake<ValueError>("soft cap", attend(q, k, k, {.attn_logits_soft_cap = 2}),
                          "[dot_product_attention] attn_logits_soft_cap is only for TPUs. Expected "
                          "no attn_logits_soft_cap. Received 2.000000."),
  });
}

}  // namespace
}  // namespace danlu
