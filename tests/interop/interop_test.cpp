#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/danlu.h"
#include "danlu/train/steps.h"

/// Models that Keras has built and trained go on here as they do there;
/// tests/interop/make_models.py made them, and checks what this test leaves in $DANLU_INTEROP_OUT
/// the other way round.
namespace danlu {
namespace {

constexpr int kSteps = 5;
/// Of float64, and of models with layers of 16 bits.
double tolerance_of(const std::string& name) { return name.starts_with("mixed") ? 3e-2 : 1e-9; }

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::directory_iterator("tests/interop/models")) {
    if (file.path().extension() == ".keras") found.push_back(file.path().stem());
  }
  std::sort(found.begin(), found.end());
  return found;
}

double distance(const HostTensor& a, const HostTensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  EXPECT_EQ(a.dtype(), DType::float64);
  if (a.spec() != b.spec()) return INFINITY;
  double difference = 0, norm = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    const auto at = static_cast<size_t>(i);
    difference += std::pow(a.values<double>()[at] - b.values<double>()[at], 2);
    norm += std::pow(b.values<double>()[at], 2);
  }
  return std::sqrt(difference) / std::max(std::sqrt(norm), 1e-300);
}

struct Exchange {
  std::string name;
  TensorMap told;

  explicit Exchange(const std::string& model)
      : name(model), told(load_npz("tests/interop/models/" + model + ".npz")) {}

  std::string file() const { return "tests/interop/models/" + name + ".keras"; }
  HostTensors all(const std::string& prefix) const {
    std::vector<HostTensor> found;
    while (const HostTensor* one = told.find(prefix + std::to_string(found.size()))) {
      found.push_back(*one);
    }
    return HostTensors(found);
  }
};

HostTensors predictions(Model& model, const HostTensors& x) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < x.count(); ++i) {
    inputs.push_back(Array::from_buffer(x.at(i).buffer(), x.at(i).spec()));
  }
  std::vector<HostTensor> outputs;
  for (const Array& y : model(inputs)) outputs.push_back(to_host(cast(y, DType::float64)));
  return HostTensors(outputs);
}

HostTensor losses_of_steps(Model& model, const HostTensors& x, const HostTensors& y) {
  std::vector<double> losses;
  for (int i = 0; i < kSteps; ++i) {
    model.steps().reset_metrics();
    model.steps().train({.x = x, .y = y});
    losses.push_back(model.steps().logs().at("loss"));
  }
  return HostTensor::from(losses);
}

void expect_near(const HostTensors& mine, const HostTensors& told, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(mine.count(), told.count()) << what;
  for (size_t i = 0; i < mine.count(); ++i) {
    EXPECT_LE(distance(mine.at(i), told.at(i)), tolerance) << what;
  }
}

class Interop : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { set_floatx("float64"); }
  void TearDown() override { set_floatx("float32"); }
};

TEST_P(Interop, AModelOfKerasGoesOnAsThere) {
  const Exchange exchange(GetParam());
  Model model = load_model(exchange.file());
  const HostTensors x = exchange.all("x"), y = exchange.all("y");
  expect_near(predictions(model, x), exchange.all("predicted"), tolerance_of(GetParam()),
              "predictions of the loaded model");
  const HostTensor losses = losses_of_steps(model, x, y);
  EXPECT_LE(distance(losses, exchange.told.at("losses")), tolerance_of(GetParam()));
  expect_near(predictions(model, x), exchange.all("trained"), tolerance_of(GetParam()),
              "predictions after more steps");
}

TEST_P(Interop, AndIsTheSameSavedHereAndLoadedAgain) {
  const Exchange exchange(GetParam());
  const HostTensors x = exchange.all("x"), y = exchange.all("y");
  const char* out = std::getenv("DANLU_INTEROP_OUT");
  const std::string folder = out != nullptr ? out : testing::TempDir();
  const std::string path = folder + "/" + exchange.name + ".keras";

  Model first = load_model(exchange.file());
  losses_of_steps(first, x, y);
  first.save(path);
  TensorMap told;
  const auto tell = [&](const std::string& prefix, const HostTensors& tensors) {
    for (size_t i = 0; i < tensors.count(); ++i) {
      told.add(prefix + std::to_string(i), tensors.at(i));
    }
  };
  Model second = load_model(path);
  EXPECT_EQ(second.to_json(), first.to_json());
  tell("x", x), tell("y", y);
  tell("predicted", predictions(first, x));
  expect_near(predictions(second, x), predictions(first, x), tolerance_of(GetParam()),
              "predictions");
  const HostTensor losses = losses_of_steps(first, x, y);
  EXPECT_LE(distance(losses_of_steps(second, x, y), losses), 0);
  expect_near(predictions(second, x), predictions(first, x), tolerance_of(GetParam()),
              "predictions after more steps");
  told.add("losses", losses);
  tell("trained", predictions(first, x));

  // The weights alone, and the architecture alone, are that model too.
  const std::string weights = folder + "/" + exchange.name + ".weights.h5";
  first.save_weights(weights);
  Model third = model_from_json(first.to_json());
  third.load_weights(weights);
  expect_near(predictions(third, x), predictions(first, x), tolerance_of(GetParam()),
              "predictions of weights and JSON");
  if (out != nullptr) {
    save_npz(folder + "/" + exchange.name + ".npz", told);
  } else {
    remove_file(path);
  }
  remove_file(weights);
}

INSTANTIATE_TEST_SUITE_P(, Interop, testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace danlu
