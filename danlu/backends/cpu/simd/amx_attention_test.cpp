#include "danlu/backends/cpu/simd/amx_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/backends/cpu/simd/amx_matmul.h"
#include "danlu/base/half.h"
#include "danlu/ops/nn/attention_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::relative_error;
using testing::run;
using Results = std::vector<std::vector<double>>;

struct Heads {
  int64_t batch, targets, sources, heads, kv_heads, width;
  bool causal = false;
  Shape bias = {}, mask = {};
};

class AmxAttention : public ::testing::Test {
 protected:
  static bool refuses() {
    if (simd::has_amx()) return false;
    EXPECT_NE(testing::refusal(forward({1, 32, 32, 1, 1, 32}), "simd"), "there is no AMX");
    return true;
  }

  static Call forward(const Heads& h, DType dtype = DType::float32) {
    const TensorSpec query{{h.batch, h.targets, h.heads, h.width}, dtype};
    const TensorSpec key{{h.batch, h.sources, h.kv_heads, h.width}, dtype};
    OpSample sample{
        .inputs = {query, key, key}, .attrs = make_attrs(attrs(h)), .low = -1.5, .high = 1.5};
    add_optional(h, sample);
    Call call = make_call(attention_op(), sample);
    if (dtype != DType::float32) round(call);
    return call;
  }

  /// The gradients at the results that `ref` gives for the same call.
  static Call backward(const Heads& h, DType dtype = DType::float32) {
    const Call first = forward(h, dtype);
    const Results results = run(first.with_float(DType::float64), "ref");
    const TensorSpec row{{h.batch, h.targets, h.heads}, DType::float32};
    OpSample sample{
        .inputs = {first.inputs[0], first.inputs[1], first.inputs[2], first.inputs[0], row, row},
        .attrs = first.attrs,
        .low = -1.5,
        .high = 1.5};
    add_optional(h, sample);
    Call call = make_call(attention_backward_op(), sample);
    for (size_t i = 0; i < 3; ++i) call.values[i] = first.values[i];
    for (size_t i = 3; i < first.values.size(); ++i) call.values[i + 3] = first.values[i];
    if (dtype != DType::float32) round(call);
    call.values[4] = results[1];
    const auto width = static_cast<size_t>(h.width);
    for (size_t r = 0; r < call.values[5].size(); ++r) {
      call.values[5][r] = 0;
      for (size_t i = r * width; i < (r + 1) * width; ++i) {
        call.values[5][r] += call.values[3][i] * results[0][i];
      }
    }
    return call;
  }

  static Call in_float64(Call call) {
    for (TensorSpec& spec : call.inputs) {
      if (spec.dtype == DType::bfloat16) spec.dtype = DType::float32;
    }
    return call.with_float(DType::float64);
  }

 private:
  static AttentionAttrs attrs(const Heads& h) {
    return {.scale = 1 / std::sqrt(static_cast<double>(h.width)),
            .causal = h.causal,
            .bias = h.bias.rank() > 0,
            .mask = h.mask.rank() > 0};
  }
  static void add_optional(const Heads& h, OpSample& sample) {
    if (h.bias.rank() > 0) sample.inputs.push_back({h.bias, DType::float32});
    if (h.mask.rank() == 0) return;
    const auto at = static_cast<int>(sample.inputs.size());
    sample.inputs.push_back({h.mask, DType::bool_});
    // Some keys, and all of the first query.
    const int64_t sources = h.mask[3];
    sample.fill = [at, sources](int index, std::span<double> values) {
      for (size_t i = 0; index == at && i < values.size(); ++i) {
        values[i] = static_cast<int64_t>(i) >= sources && i * 7 % 5 != 0;
      }
    };
  }
  static void round(Call& call) {
    for (std::vector<double>& values : call.values) {
      for (double& x : values) x = static_cast<float>(bfloat16(static_cast<float>(x)));
    }
  }
};

// Both sides of the borders of tiles (16, 32), of blocks of queries (64, 256) and keys (256).
const Heads kHeads[] = {
    {2, 128, 128, 4, 4, 32},
    {1, 16, 16, 2, 2, 16},
    {2, 33, 47, 3, 1, 20},
    {1, 70, 300, 2, 1, 64, true},
    {1, 300, 270, 4, 2, 33, true},
    {1, 90, 530, 1, 1, 40},
    {2, 50, 65, 2, 2, 32, false, {2, 1, 50, 65}},
    {1, 50, 65, 2, 2, 32, true, {1, 2, 1, 65}, {1, 1, 50, 65}},
    {2, 49, 64, 2, 1, 17, false, {}, {2, 1, 49, 64}},
};

TEST_F(AmxAttention, IsAsExactAsFloat32) {
  if (refuses()) return;
  for (const Heads& h : kHeads) {
    for (const bool back : {false, true}) {
      const Call call = back ? backward(h) : forward(h);
      const Results exact = run(call.with_float(DType::float64), "ref");
      const Results plain = run(call, "simd");
      for (const int threads : {1, 2, 3}) {
        const Results results = run(call, "amx", threads);
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_LE(relative_error(results[i], exact[i]),
                    std::max(1.5 * relative_error(plain[i], exact[i]), 3e-7))
              << call.inputs[0].to_string() << ", output " << i << (back ? " backward, " : ", ")
              << threads << " threads";
        }
      }
    }
  }
}

TEST_F(AmxAttention, TakesBfloat16) {
  if (refuses()) return;
  for (const Heads& h : kHeads) {
    if (h.bias.rank() > 0) continue;
    for (const bool back : {false, true}) {
      const Call call = back ? backward(h, DType::bfloat16) : forward(h, DType::bfloat16);
      const Results exact = run(in_float64(call), "ref");
      const Results expected = run(call, "amx");
      for (size_t i = 0; i < exact.size(); ++i) {
        EXPECT_LE(relative_error(expected[i], exact[i]), 5e-3)
            << call.inputs[0].to_string() << ", output " << i << (back ? " backward" : "");
      }
      for (const int threads : {2, 3}) {
        const Results results = run(call, "amx", threads);
        for (size_t i = 0; i < exact.size(); ++i) {
          EXPECT_LE(relative_error(results[i], exact[i]), 5e-3) << threads << " threads";
        }
      }
    }
  }
}

TEST_F(AmxAttention, KeepsInfinitiesAndNaN) {
  if (refuses()) return;
  const double inf = std::numeric_limits<double>::infinity();
  for (const double strange : {inf, -inf, std::nan(""), 3.4e38}) {
    for (const size_t operand : {0, 1, 2, 3}) {
      for (const bool back : {false, true}) {
        if (operand == 3 && !back) continue;
        Call call = back ? backward({2, 40, 50, 2, 2, 32}) : forward({2, 40, 50, 2, 2, 32});
        call.values[operand][1234] = strange;
        const Results plain = run(call, "simd", 2), results = run(call, "amx", 2);
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_LE(relative_error(results[i], plain[i]), 1e-6)
              << strange << " in " << operand << (back ? " backward" : "");
        }
      }
    }
  }
}

TEST_F(AmxAttention, LeavesWhatDoesNotFillTilesToOthers) {
  if (refuses()) return;
  const std::string small = "the heads do not fill the tiles";
  EXPECT_EQ(testing::refusal(forward({2, 8, 64, 2, 2, 32}), "amx"), small);
  EXPECT_EQ(testing::refusal(forward({2, 64, 8, 2, 2, 32}), "amx"), small);
  EXPECT_EQ(testing::refusal(forward({2, 64, 64, 2, 2, 8}), "amx"), small);
  EXPECT_EQ(testing::refusal(forward({2, 64, 64, 2, 2, 32}, DType::float16), "amx"),
            "only float32 and bfloat16");
  EXPECT_EQ(testing::refusal(forward({2, 64, 64, 2, 2, 32}), "amx", 1, Isa::avx2),
            "there is no AMX");
}

}  // namespace
}  // namespace danlu::cpu
