#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "danlu/base/half.h"
#include "danlu/compile/compile.h"
#include "danlu/danlu.h"

namespace danlu {
namespace {

Array halves(double scale) {
  std::vector<float> values(100);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(scale * (static_cast<double>(i * 37 % 100) - 49.5));
  }
  return cast(Array(values), DType::bfloat16).eval();
}

float rounded(float x) { return static_cast<float>(bfloat16(x)); }

TEST(FuseTiles, Bfloat16IsComputedInFloat32AndRoundedOnce) {
  const Array a = halves(0.37), b = halves(0.011), c = halves(1.9);
  const std::vector<Array> outputs = {relu(a * b + c)};
  const Trace trace = trace_graph({}, outputs);
  EXPECT_EQ(compile_graph(trace.graph, current_options())->instructions.size(), 1u);
  const auto in = [](const Array& x) { return cast(x, DType::float32).to_vector<float>(); };
  const auto x = in(a), z = in(b), w = in(c), result = in(outputs[0]);
  for (size_t i = 0; i < result.size(); ++i) {
    EXPECT_EQ(result[i], rounded(std::max(std::fma(x[i], z[i], w[i]), 0.0f))) << i;
  }
}

TEST(FuseTiles, ACastToBfloat16Rounds) {
  const Array x = Array(std::vector<float>{1.001f, -3.1415926f, 255.7f});
  const Array y = cast(cast(x + 1.0, DType::bfloat16), DType::float32) * 2.0;
  const auto in = x.to_vector<float>(), out = y.to_vector<float>();
  for (size_t i = 0; i < in.size(); ++i) EXPECT_EQ(out[i], 2 * rounded(in[i] + 1.0f)) << i;
}

TEST(FuseTiles, CastsToBfloat16AndBackAreInOneProgramWithWhatIsAroundThem) {
  std::vector<float> values(300);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.001f * static_cast<float>(i * i);
  const Array x = Array(values).eval();
  const Array half = cast(x * 1.01, DType::bfloat16);
  const std::vector<Array> outputs = {half, cast(relu(half), DType::float32) + 1.0,
                                      cast(half * half, DType::float32) - 1.0};
  const Trace trace = trace_graph({}, outputs);
  EXPECT_EQ(compile_graph(trace.graph, current_options())->instructions.size(), 1u);
  const auto y = outputs[1].to_vector<float>(), z = outputs[2].to_vector<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const float h = rounded(values[i] * 1.01f);
    EXPECT_EQ(y[i], std::max(h, 0.0f) + 1) << i;
    EXPECT_EQ(z[i], rounded(h * h) - 1) << i;
  }
}

TEST(FuseTiles, SumsOfBfloat16AreAddedUpInFloat32) {
  std::vector<float> values(1000, 1.0f);
  const Array x = cast(Array(values), DType::bfloat16).eval();
  // In bfloat16 256 + 1 is 256.
  EXPECT_EQ(cast(sum(x * 1.5), DType::float32).item<float>(), rounded(1500));
}

}  // namespace
}  // namespace danlu
