#include "danlu/nn/activations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/regularizers.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

using Function = std::function<Array(const Array&)>;

/// keras.activations' `kind` with these arguments.
Function activation(const std::string& kind, const Json& config) {
  if (config.size() == 0) return ActivationFunction(kind);
  const auto number = [&](const char* name, double otherwise) {
    const Json* member = config.find(name);
    return member != nullptr ? member->as_double() : otherwise;
  };
  const auto axis = static_cast<int64_t>(number("axis", -1));
  if (kind == "celu") return [=](const Array& x) { return celu(x, number("alpha", 1)); };
  if (kind == "elu") return [=](const Array& x) { return elu(x, number("alpha", 1)); };
  if (kind == "gelu") return [](const Array& x) { return gelu(x, true); };
  if (kind == "glu") return [=](const Array& x) { return glu(x, axis); };
  if (kind == "leaky_relu") {
    return [=](const Array& x) { return leaky_relu(x, number("negative_slope", 0.2)); };
  }
  if (kind == "hard_shrink") {
    return [=](const Array& x) { return hard_shrink(x, number("threshold", 0.5)); };
  }
  if (kind == "soft_shrink") {
    return [=](const Array& x) { return soft_shrink(x, number("threshold", 0.5)); };
  }
  if (kind == "softmax") return [=](const Array& x) { return softmax(x, axis); };
  if (kind == "log_softmax") return [=](const Array& x) { return log_softmax(x, axis); };
  if (kind == "sparsemax") return [=](const Array& x) { return sparsemax(x, axis); };
  if (kind == "squareplus") return [=](const Array& x) { return squareplus(x, number("b", 4)); };
  if (kind == "threshold") {
    return [=](const Array& x) {
      return threshold(x, number("threshold", 0), number("default_value", 0));
    };
  }
  EXPECT_EQ(kind, "relu");
  activations::ReLUOptions options{.negative_slope = number("negative_slope", 0),
                                   .threshold = number("threshold", 0)};
  if (config.contains("max_value")) options.max_value = number("max_value", 0);
  return [=](const Array& x) { return activations::relu(x, options); };
}

/// A regularizer or constraint from Keras's config, by way of its own.
template <class T>
Function by_config(const std::string& kind, const Json& config) {
  T given, again;
  from_json(Json::object({{"class_name", kind}, {"config", config}}), given);
  EXPECT_EQ(given.class_name(), kind);
  EXPECT_EQ(golden::config_difference(given.get_config(), config), "");
  from_json(to_json(given), again);
  return again;
}

void check_case(const golden::File& file, const std::string& name) {
  SCOPED_TRACE(name);
  const Json& about = file.metadata(name);
  const std::string family = about.at("family").as_string(), kind = about.at("kind").as_string();
  const Function function = family == "activations" ? activation(kind, about.at("config"))
                            : family == "regularizers"
                                ? by_config<Regularizer>(kind, about.at("get_config"))
                                : by_config<Constraint>(kind, about.at("get_config"));
  for (const golden::Run& run : golden::kRuns) {
    const Array x = file.array(name + "/x", run.dtype);
    const Array y = function(x);
    const Array total = sum(y * file.array(name + "/cotangent", run.dtype));
    const std::vector<Array> sources = {x};
    const Array grad = gradients(total, sources)[0];
    eval({y, grad});
    const std::string prefix = name + "/" + run.prefix + "/";
    golden::expect_close(y, file, prefix + "y", run.tolerance);
    golden::expect_close(grad, file, prefix + "grad", run.tolerance);
  }
}

TEST(GoldenActivations, RegularizersAndConstraintsAreThoseOfKeras) {
  const golden::File file("activations.safetensors");
  ASSERT_GT(file.cases().size(), 80u);
  golden::Proof activations("activations"), regularizers("regularizers"),
      constraints("constraints");
  for (const std::string& name : file.cases()) {
    const std::string family = file.metadata(name).at("family").as_string();
    const std::string kind = file.metadata(name).at("kind").as_string();
    const auto compare = [&] { check_case(file, name); };
    if (family == "activations") {
      activations.check(kind, {"forward", "gradient"}, compare);
    } else {
      (family == "regularizers" ? regularizers : constraints)
          .check(kind, {"forward", "gradient", "config"}, compare);
    }
  }
}

}  // namespace
}  // namespace danlu
