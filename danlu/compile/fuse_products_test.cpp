#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "danlu/autodiff/jit.h"
#include "danlu/compile/compile.h"
#include "danlu/danlu.h"

namespace danlu {
namespace {

bool runs(const Trace& trace, std::string_view op, bool fuse = true) {
  CompileOptions options = current_options();
  options.fuse = fuse;
  return compile_graph(trace.graph, options)->to_string().find(op) != std::string::npos;
}

Array numbers(const Shape& shape) {
  static SeedGenerator seeds(1);
  return random::normal(seeds.next(), shape);
}

Trace update(int64_t rows, bool twice) {
  const Array x = numbers({32, rows}), g = numbers({32, 256});
  const Array w = numbers({rows, 256}), m = numbers({rows, 256});
  for (const Array& a : {x, g, w, m}) a.eval();
  const Array gradient = matmul(transpose(x), g);
  const Array momentum = 0.9 * m + gradient;
  std::vector<Array> outputs = {momentum, w - 0.1 * momentum};
  if (twice) outputs.push_back(gradient);
  return trace_graph({}, outputs);
}

TEST(FuseProducts, LargeGradientsAreReadBeforeTheyLeaveTheCache) {
  EXPECT_TRUE(runs(update(1024, false), "matmul_tile"));
  EXPECT_FALSE(runs(update(64, false), "matmul_tile")) << "small ones stay in the cache anyway";
  EXPECT_FALSE(runs(update(1024, true), "matmul_tile")) << "somebody else wants the gradient";
  EXPECT_FALSE(runs(update(1024, false), "matmul_tile", false));
}

TEST(FuseProducts, ChangesNoResult) {
  const auto step = [] {
    set_random_seed(3);
    Sequential model({Dense({.units = 700, .activation = "relu", .input_shape = Shape{300}}),
                      Dense({.units = 5})});
    model.compile({.optimizer = Adam(), .loss = "mse"});
    const HostTensor x = HostTensor::from(std::vector<float>(64 * 300, 0.25f), {64, 300});
    const HostTensor y = HostTensor::from(std::vector<float>(64 * 5, 1.5f), {64, 5});
    model.fit(DataSplit{x, y}, {.epochs = 3, .batch_size = 32, .verbose = 0, .seed = 1});
    return model.get_weights()[0].to_vector<float>();
  };
  const std::vector<float> fused = step();
  set_disabled_passes("fuse");
  const std::vector<float> plain = step();
  set_disabled_passes("");
  ASSERT_EQ(fused.size(), plain.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < fused.size(); ++i) {
    difference += std::pow(fused[i] - plain[i], 2);
    norm += std::pow(plain[i], 2);
  }
  EXPECT_LE(std::sqrt(difference / norm), 1e-5);
}

}  // namespace
}  // namespace danlu
