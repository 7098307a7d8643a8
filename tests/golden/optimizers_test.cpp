#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "danlu/ops/manipulation.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/sgd.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

Optimizer make_optimizer(const std::string& kind, const Json& config) {
  const auto number = [&](const char* key) -> std::optional<double> {
    const Json* value = config.find(key);
    return value != nullptr ? std::optional(value->as_double()) : std::nullopt;
  };
  if (kind == "SGD") {
    const Json* nesterov = config.find("nesterov");
    return SGD({.learning_rate = number("learning_rate").value_or(0.01),
                .momentum = number("momentum").value_or(0),
                .nesterov = nesterov != nullptr && nesterov->as_bool(),
                .clipnorm = number("clipnorm"),
                .clipvalue = number("clipvalue"),
                .global_clipnorm = number("global_clipnorm")});
  }
  EXPECT_EQ(kind, "Adam");
  return Adam({.learning_rate = number("learning_rate").value_or(0.001),
               .beta_1 = number("beta_1").value_or(0.9),
               .beta_2 = number("beta_2").value_or(0.999),
               .epsilon = number("epsilon").value_or(1e-7),
               .clipnorm = number("clipnorm"),
               .clipvalue = number("clipvalue"),
               .global_clipnorm = number("global_clipnorm")});
}

/// Row `step` of a tensor, in `dtype`.
Array row(const golden::File& file, const std::string& name, int64_t step, DType dtype) {
  const HostTensor rows = file.host(name).slice(step, step + 1);
  const Shape shape = rows.shape().without_axis(0);
  const Array one = reshape(
      Array::from_bytes(rows.data(), static_cast<size_t>(rows.num_elements()), rows.spec()), shape);
  return one.dtype() == dtype ? one : cast(one, dtype);
}

void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const Optimizer optimizer = make_optimizer(about.at("optimizer").as_string(), about.at("config"));
  const std::vector<std::string> keys = {"a", "b"};
  std::vector<Variable> variables;
  for (const std::string& key : keys) {
    variables.emplace_back(file.array("start/" + key, run.dtype), key);
  }
  const std::string prefix = name + "/" + run.prefix + "/";
  const auto expect_row = [&](const Array& actual, const std::string& what, int64_t step) {
    const auto expected = row(file, prefix + what, step, run.dtype).to_vector<double>();
    EXPECT_LE(golden::distance(actual.to_vector<double>(), expected), run.tolerance)
        << what << " after step " << step + 1;
  };
  for (int64_t step = 0; step < file.metadata("steps").as_int(); ++step) {
    std::vector<Array> grads;
    for (const std::string& key : keys) {
      grads.push_back(row(file, "gradients/" + key, step, run.dtype));
    }
    optimizer->apply(grads, variables);
    for (size_t i = 0; i < keys.size(); ++i) expect_row(variables[i], keys[i], step);
    for (const Json& slot : about.at("slots").items()) {
      for (const std::string& key : keys) {
        for (const Variable& variable : optimizer->variables()) {
          if (variable.name() != key + "_" + slot.as_string()) continue;
          expect_row(variable, "slots/" + slot.as_string() + "/" + key, step);
        }
      }
    }
  }
  EXPECT_EQ(optimizer->iterations(), 10);
}

TEST(GoldenOptimizers, VariablesAndSlotsAreThoseOfKeras) {
  const golden::File file("optimizers.safetensors");
  ASSERT_GT(file.cases().size(), 10u);
  for (const std::string& name : file.cases()) {
    for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
  }
}

}  // namespace
}  // namespace danlu
