#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/nn/layers/identity.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

/// A file of tests/golden/layers and the least number of cases in it.
struct Part {
  const char* file;
  size_t least;
};
constexpr Part kParts[] = {
    {"basics", 60},  {"normalization", 40}, {"convolution", 70},
    {"pooling", 70}, {"reshaping", 40},     {"simple", 42},
};

bool contains(const Json& names, const std::string& name) {
  const auto& items = names.items();
  return std::any_of(items.begin(), items.end(),
                     [&](const Json& item) { return item.as_string() == name; });
}

/// What a config of Keras's lacks would make Keras refuse ours: members of `actual` that are
/// neither in `expected` nor null. A config says `input_shape` in Keras too.
std::string surplus(const Json& actual, const Json& expected) {
  std::string names;
  for (const auto& [key, value] : actual.members()) {
    if (expected.find(key) == nullptr && !value.is_null()) names += " " + key;
  }
  return names;
}

/// The only Lambda that there is a golden of; no config says what it computes.
Layer x_sin_x(const Json& config) {
  return Lambda({.function = [](const Array& x, const CallContext&) { return x * sin(x); },
                 .dtype = config.at("dtype").as_string()});
}

/// The layer of Keras's config, with the file's weights; its config is Keras's again.
Layer make_layer(const golden::File& file, const std::string& name, DType dtype) {
  const Json& about = file.metadata(name);
  const Json config = golden::with_dtype(about.at("config"), std::string(danlu::name(dtype)));
  const std::string& type = about.at("layer").as_string();
  const Layer layer = type == "Lambda" ? x_sin_x(config) : layer_from_config(type, config);
  if (type != "Lambda") {
    EXPECT_EQ(golden::config_difference(layer->get_config(), config), "");
    EXPECT_EQ(surplus(layer->get_config(), config), "");
  }
  EXPECT_EQ(layer->supports_masking(), about.at("supports_masking").as_bool());
  layer->ensure_built(file.array(name + "/x", dtype).shape().with_dim(0, kNone));
  for (Variable weight : layer.weights()) {
    EXPECT_TRUE(contains(about.at("variables"), weight.name())) << weight.name();
    weight.assign(file.array(name + "/weights/" + weight.name(), dtype));
  }
  EXPECT_EQ(layer.weights().size(), about.at("variables").size());
  return layer;
}

/// Output, gradients of sum(layer(x) · cotangent) + losses, and the new state.
void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const Layer layer = make_layer(file, name, run.dtype);
  const std::string prefix = name + "/" + run.prefix + "/";

  const Array x = file.array(name + "/x", run.dtype);
  std::vector<Array> sources;
  std::vector<std::string> names;
  if (is_floating(x.dtype())) {
    sources.push_back(x);
    names.push_back("x");
  }
  for (const Variable& weight : layer->trainable_weights()) {
    EXPECT_TRUE(contains(about.at("trainable"), weight.name())) << weight.name();
    sources.push_back(weight);
    names.push_back(weight.name());
  }
  ASSERT_EQ(layer->trainable_weights().size(), about.at("trainable").size());

  CallContext context{.training = about.at("training").as_bool()};
  if (file.contains(name + "/mask")) {
    context.masks = {cast(file.array(name + "/mask"), DType::bool_)};
  }
  const LayerOutputs outputs = layer->apply({x}, context);
  ASSERT_EQ(outputs.values.size(), 1u);
  const Array& y = outputs.values[0];
  const bool masked = !outputs.masks.empty() && outputs.masks[0].defined();
  EXPECT_EQ(masked, file.contains(name + "/y_mask"));
  if (masked) {
    EXPECT_EQ(cast(outputs.masks[0], DType::uint8).to_vector<double>(),
              file.values(name + "/y_mask"));
  }
  EXPECT_EQ(layer->compute_output_shape(x.shape()), y.shape());
  Array loss = zeros({}, run.dtype);
  for (const Array& part : layer->losses()) loss = loss + part;
  const Array total = sum(y * file.array(name + "/cotangent", run.dtype)) + loss;
  const std::vector<Array> grads = gradients(total, sources);
  std::vector<Array> all = grads;
  all.push_back(y);
  eval(all);

  golden::expect_close(y, file, prefix + "y", run.tolerance);
  golden::expect_close(loss, file, prefix + "loss", run.tolerance);
  for (size_t i = 0; i < names.size(); ++i) {
    golden::expect_close(grads[i], file, prefix + "grad/" + names[i], run.tolerance);
  }
  for (const Variable& weight : layer->non_trainable_weights()) {
    const std::string key = prefix + "state/" + weight.name();
    ASSERT_EQ(file.contains(key), context.training) << key;
    if (context.training) golden::expect_close(weight, file, key, run.tolerance);
  }
}

TEST(GoldenLayers, OutputsGradientsAndConfigsAreThoseOfKeras) {
  golden::Proof proof("layers");
  for (const Part& part : kParts) {
    SCOPED_TRACE(part.file);
    const golden::File file("layers/" + std::string(part.file) + ".safetensors");
    EXPECT_GE(file.cases().size(), part.least);
    for (const std::string& name : file.cases()) {
      const auto check = [&] {
        for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
      };
      const std::string& type = file.metadata(name).at("layer").as_string();
      if (type == "Lambda") {
        proof.check(type, {"forward", "gradient"}, check);
      } else {
        proof.check(type, {"forward", "gradient", "config"}, check);
      }
    }
  }
}

}  // namespace
}  // namespace danlu
