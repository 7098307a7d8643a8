#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/nn/network.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/registry.h"
#include "danlu/train/model.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

/// Keras's model, from its config, start weights and optimizer, trained on its batches.
void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const std::string dtype(danlu::name(run.dtype));
  Model model(sequential_from_config(golden::with_dtype(about.at("config"), dtype)));
  const Json& names = about.at("weights");
  std::vector<Array> start;
  for (size_t i = 0; i < names.size(); ++i) {
    start.push_back(file.array(name + "/start/" + std::to_string(i), run.dtype));
  }
  ASSERT_EQ(model.weights().size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(model.weights()[i].name(), names[i].as_string());
  }
  model.set_weights(start);
  const Json& optimizer = about.at("optimizer");
  model.compile({.optimizer = optimizer_from_config(optimizer.at("class_name").as_string(),
                                                    optimizer.at("config")),
                 .loss = "sparse_categorical_crossentropy"});

  const Array x = file.array(name + "/x", run.dtype), y = file.array(name + "/y");
  std::vector<double> losses;
  for (int64_t step = 0; step < file.metadata("steps").as_int(); ++step) {
    const auto batch = [&](const Array& all) {
      return take(all, Array::scalar(step, DType::int64), 0).eval();
    };
    const History history =
        model.fit(batch(x), batch(y), {.batch_size = x.shape()[1], .verbose = 0});
    losses.push_back(history.last("loss"));
  }
  const std::string prefix = name + "/" + run.prefix + "/";
  // Keras logs float32.
  EXPECT_LE(golden::distance(losses, file.values(prefix + "loss")), 1e-5);
  for (size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i].as_string());
    golden::expect_close(model.weights()[i], file, prefix + "end/" + std::to_string(i),
                         run.tolerance);
  }
}

TEST(GoldenTrained, FiveStepsAreThoseOfKeras) {
  const golden::File file("trained.safetensors");
  ASSERT_GE(file.cases().size(), 5u);
  for (const std::string& name : file.cases()) {
    for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
  }
}

}  // namespace
}  // namespace danlu
