#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "danlu/compile/bound_step.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/registry.h"
#include "danlu/optim/schedules.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

/// Row `step` of a tensor, in `dtype`.
Array row(const golden::File& file, const std::string& name, int64_t step, DType dtype) {
  const HostTensor rows = file.host(name).slice(step, step + 1);
  const Shape shape = rows.shape().without_axis(0);
  const Array one = reshape(
      Array::from_bytes(rows.data(), static_cast<size_t>(rows.num_elements()), rows.spec()), shape);
  return one.dtype() == dtype ? one : cast(one, dtype);
}

/// The gradients of a step, with the infinity that a case may ask for.
std::vector<Array> gradients_of(const golden::File& file, const std::vector<std::string>& keys,
                                const Json& poisoned, int64_t step, DType dtype) {
  std::vector<Array> grads;
  for (const std::string& key : keys) grads.push_back(row(file, "gradients/" + key, step, dtype));
  if (poisoned.is_int() && poisoned.as_int() == step) {
    const Array first = arange(grads[1].size()) == 0;
    grads[1] = where(first, std::numeric_limits<double>::infinity(), grads[1]);
  }
  return grads;
}

void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const std::string class_name = about.at("optimizer").as_string();
  const Optimizer given = optimizer_from_config(class_name, about.at("get_config"));
  EXPECT_EQ(golden::config_difference(given->get_config(), about.at("get_config")), "");
  const Optimizer optimizer = optimizer_from_config(class_name, given->get_config());
  std::vector<std::string> excluded;
  for (const Json& pattern : about.at("exclude").items()) excluded.push_back(pattern.as_string());
  optimizer->exclude_from_weight_decay({}, excluded);

  std::vector<std::string> keys;
  std::vector<Variable> variables;
  for (const Json& key : file.metadata("variables").items()) {
    keys.push_back(key.as_string());
    variables.emplace_back(file.array("start/" + keys.back(), run.dtype), keys.back());
  }
  const std::string prefix = name + "/" + run.prefix + "/";
  for (int64_t step = 0; step < file.metadata("steps").as_int(); ++step) {
    optimizer->apply(gradients_of(file, keys, about.at("poisoned"), step, run.dtype), variables);
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto expected = row(file, prefix + keys[i], step, run.dtype).to_vector<double>();
      EXPECT_LE(golden::distance(variables[i].value().to_vector<double>(), expected), run.tolerance)
          << keys[i] << " after step " << step + 1;
    }
  }
  const std::vector<Variable>& slots = optimizer->variables();
  ASSERT_EQ(slots.size(), about.at("slots").size());
  for (size_t i = 0; i < slots.size(); ++i) {
    const auto expected = file.values(prefix + "slots/" + std::to_string(i));
    const std::string slot = about.at("slots")[i].as_string();
    // The rate of an optimizer that has no variables is float32.
    const double tolerance = slots[i].dtype() == DType::float32 ? 1e-5 : run.tolerance;
    EXPECT_LE(golden::distance(slots[i].value().to_vector<double>(), expected), tolerance) << slot;
    if (slot != "variable") {
      EXPECT_EQ(slots[i].name(), slot);
    }
  }
}

TEST(GoldenOptimizers, VariablesSlotsAndConfigsAreThoseOfKeras) {
  const golden::File file("optimizers.safetensors");
  ASSERT_GT(file.cases().size(), 50u);
  golden::Proof proof("optimizers");
  for (const std::string& name : file.cases()) {
    const std::string& type = file.metadata(name).at("optimizer").as_string();
    const auto check = [&] {
      for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
    };
    proof.check(type, {"10 steps", "slots", "config"}, check);
    if (type == "MultiOptimizer") proof.check("OptimizerMap", {"10 steps", "config"}, check);
  }
}

TEST(GoldenOptimizers, CompiledStepsAreTheSame) {
  const golden::File file("optimizers.safetensors");
  for (const std::string& name : file.cases()) {
    SCOPED_TRACE(name);
    const Json& about = file.metadata(name);
    if (!about.at("poisoned").is_null() || about.at("exclude").size() > 0) continue;
    const Optimizer optimizer =
        optimizer_from_config(about.at("optimizer").as_string(), about.at("get_config"));
    std::vector<Variable> variables;
    std::vector<std::string> keys;
    std::vector<TensorSpec> specs;
    for (const Json& key : file.metadata("variables").items()) {
      keys.push_back(key.as_string());
      variables.emplace_back(file.array("start/" + keys.back()), keys.back());
      specs.push_back(variables.back().spec());
    }
    optimizer->build(variables);
    std::vector<Variable> state = optimizer->variables();
    state.insert(state.end(), variables.begin(), variables.end());
    BoundStep step(state, specs, [&](std::span<const Array> inputs) {
      optimizer->apply(inputs, variables);
      return std::vector<Array>{};
    });
    for (int64_t i = 0; i < file.metadata("steps").as_int(); ++i) {
      std::vector<HostTensor> inputs;
      for (const std::string& key : keys) {
        const Array gradient = row(file, "gradients/" + key, i, DType::float32);
        inputs.emplace_back(gradient.dtype(), gradient.shape(), gradient.buffer());
      }
      step.run(inputs);
    }
    const int64_t last = file.metadata("steps").as_int() - 1;
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto expected =
          row(file, name + "/f32/" + keys[i], last, DType::float32).to_vector<double>();
      EXPECT_LE(golden::distance(variables[i].value().to_vector<double>(), expected), 1e-5)
          << keys[i];
    }
  }
}

void check_schedule(const Json& about) {
  SCOPED_TRACE(about.at("config").dump());
  const Json keras =
      Json::object({{"class_name", about.at("class_name")}, {"config", about.at("config")}});
  LearningRate first = 0.0, rate = 0.0;
  from_json(keras, first);
  EXPECT_EQ(golden::config_difference(to_json(first), keras), "");
  from_json(to_json(first), rate);
  for (const golden::Run& run : golden::kRuns) {
    const Json& rates = about.at("rates").at(run.prefix);
    for (size_t i = 0; i < rates.size(); ++i) {
      const Array step = Array::scalar(static_cast<double>(i), run.dtype);
      EXPECT_NEAR(rate(step).item<double>(), rates[i].as_double(),
                  run.tolerance * rates[i].as_double() + 1e-9)
          << run.prefix << " step " << i;
    }
  }
}

TEST(GoldenSchedules, RatesAndConfigsAreThoseOfKeras) {
  std::stringstream text;
  text << std::ifstream("tests/golden/schedules.json").rdbuf();
  const Json file = Json::parse(text.str());
  ASSERT_GT(file.at("cases").size(), 10u);
  golden::Proof proof("schedules");
  for (const Json& about : file.at("cases").items()) {
    proof.check(about.at("class_name").as_string(), {"rates", "config"},
                [&] { check_schedule(about); });
  }
}

}  // namespace
}  // namespace danlu
