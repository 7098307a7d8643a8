#include "danlu/train/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/danlu.h"

namespace danlu {
namespace {

using ::testing::HasSubstr;

TEST(Profile, CountsEveryInstructionAndLeavesTheModelAlone) {
  Sequential model({Dense({.units = 32, .activation = "relu", .input_shape = {8}}),
                    Dense({.units = 3, .activation = "softmax"})});
  model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
  const DataSplit data{HostTensor::zeros({40, 8}, DType::float32),
                       HostTensor::zeros({40}, DType::int32)};
  model.fit(data, {.batch_size = 10, .verbose = 0});
  const auto before = model.get_weights();
  const Profile profile = model.profile(data, 10, 5);
  const auto after = model.get_weights();
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].to_vector(), after[i].to_vector());
  }
  EXPECT_EQ(model.optimizer().iterations(), 4);

  EXPECT_EQ(profile.rows.size(), size_t(profile.plan.instructions));
  double sum = 0;
  for (const ProfileRow& row : profile.rows) sum += row.microseconds;
  EXPECT_GT(sum, 0);
  EXPECT_GT(profile.peaks.gflops, 0);
  EXPECT_GT(profile.peaks.gigabytes, 0);
  EXPECT_THAT(profile.to_string(), HasSubstr("fused_matmul"));
  EXPECT_THAT(profile.to_string(), HasSubstr("fuse tiles"));
  EXPECT_EQ(profile.to_json().at("instructions").size(), profile.rows.size());
  const Json trace = Json::parse(profile.chrome_trace());
  EXPECT_EQ(trace.at("traceEvents").size(), profile.rows.size());
  EXPECT_EQ(trace.at("traceEvents")[0].at("ph").as_string(), "X");
}

/// A network that counts its steps in a metric of its own.
class Counting : public CustomNetwork {
 public:
  Counting() : CustomNetwork("Counting") {}
  Layer inner = track(Dense({.units = 2}));
  metrics::Mean seen = track(metrics::Mean("seen"));
  Array call(const Array& x, const CallContext& context) override { return inner(x, context); }
  StepLogs train_step(const StepInputs& data, Steps& compiled) override {
    const LayerOutputs y = apply(data.x, {.training = true});
    const Array loss = compiled.compute_loss(data, y);
    compiled.minimize(loss, trainable_weights());
    seen.update_state(loss);
    return {{"loss", loss}};
  }
};

TEST(Profile, OfANetworkOfOnesOwn) {
  Model model(std::make_shared<Counting>());
  model.compile({.optimizer = "adam", .loss = "mse"});
  const DataSplit data{HostTensor::zeros({40, 8}, DType::float32),
                       HostTensor::zeros({40, 2}, DType::float32)};
  const Profile profile = model.profile(data, 10, 3);
  EXPECT_EQ(profile.rows.size(), size_t(profile.plan.instructions));
  EXPECT_EQ(model.optimizer().iterations(), 0);
  const std::vector<LayerCost> costs = layer_costs(model.network());
  ASSERT_EQ(costs.size(), 1u);
  EXPECT_EQ(costs[0].weight_bytes, 4 * (8 * 2 + 2));
  EXPECT_GT(costs[0].flops.value(), 0);
  EXPECT_THAT(model.summary_text({.show_costs = true}), HasSubstr("dense"));
}

TEST(Profile, NeedsACompiledModel) {
  Sequential model({Dense({.units = 1, .input_shape = {2}})});
  const DataSplit data{HostTensor::zeros({4, 2}, DType::float32),
                       HostTensor::zeros({4, 1}, DType::float32)};
  EXPECT_THROW(model.profile(data), StateError);
}

TEST(MachinePeaks, GiveTheLeastTime) {
  const MachinePeaks peaks{.gflops = 100, .gigabytes = 10};
  EXPECT_DOUBLE_EQ(peaks.seconds(1e9, 0), 0.01);
  EXPECT_DOUBLE_EQ(peaks.seconds(1e6, 1e9), 0.1);
}

}  // namespace
}  // namespace danlu
