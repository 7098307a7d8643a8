#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

/// The config with another dtype, also for the layers inside.
Json with_dtype(const Json& config, const std::string& dtype) {
  if (config.is_array()) {
    Json all = Json::array();
    for (const Json& item : config.items()) all.push_back(with_dtype(item, dtype));
    return all;
  }
  if (!config.is_object()) return config;
  Json all = Json::object();
  for (const auto& [key, value] : config.members()) {
    all.set(key, key == "dtype" ? Json(dtype) : with_dtype(value, dtype));
  }
  return all;
}

double norm(const golden::File& file, const std::string& name) {
  double sum = 0;
  for (const double value : file.values(name)) sum += value * value;
  return std::sqrt(sum);
}

struct Call {
  std::vector<Array> inputs;
  CallContext context;
};

Call read_call(const golden::File& file, const std::string& name, DType dtype) {
  const Json& about = file.metadata(name);
  Call call;
  for (int64_t i = 0; i < about.at("inputs").as_int(); ++i) {
    call.inputs.push_back(file.array(name + "/x/" + std::to_string(i), dtype));
  }
  for (int64_t i = 0; i < about.at("masks").as_int(); ++i) {
    const std::string key = name + "/mask/" + std::to_string(i);
    call.context.masks.push_back(file.contains(key) ? cast(file.array(key), DType::bool_)
                                                    : Array());
  }
  call.context.arguments = about.at("arguments");
  for (const Json& key : about.at("tensors").items()) {
    call.context.tensors.emplace(
        key.as_string(), cast(file.array(name + "/tensor/" + key.as_string()), DType::bool_));
  }
  return call;
}

/// Outputs, masks, shapes, and gradients of Σ outputs · cotangents.
void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const Json& config = about.at("config");
  EXPECT_EQ(golden::config_difference(
                layer_from_config(about.at("layer").as_string(), config)->get_config(), config),
            "");
  const Layer layer = layer_from_config(about.at("layer").as_string(),
                                        with_dtype(config, std::string(danlu::name(run.dtype))));

  const Call call = read_call(file, name, run.dtype);
  layer->apply(call.inputs, call.context);  // builds it
  std::vector<Variable> weights = layer.weights();
  const Json& names = about.at("weights");
  ASSERT_EQ(weights.size(), names.size());
  std::vector<Array> sources;
  std::vector<std::string> keys;
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string key = std::to_string(i);
    EXPECT_EQ(weights[i].name(), names[i].as_string());
    weights[i].assign(file.array(name + "/w/" + key, run.dtype));
    if (!file.contains(name + "/" + run.prefix + "/grad/w/" + key)) continue;
    sources.push_back(weights[i]);
    keys.push_back("grad/w/" + key);
  }
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (!is_floating(call.inputs[i].dtype())) continue;
    sources.push_back(call.inputs[i]);
    keys.push_back("grad/x/" + std::to_string(i));
  }

  const LayerOutputs outputs = layer->apply(call.inputs, call.context);
  ASSERT_EQ(static_cast<int64_t>(outputs.values.size()), about.at("outputs").as_int());
  std::vector<Shape> shapes;
  for (const Array& x : call.inputs) shapes.push_back(x.shape());
  const std::vector<Shape> promised = layer->compute_output_shapes(shapes, about.at("arguments"));
  ASSERT_EQ(promised.size(), outputs.values.size());
  for (size_t i = 0; i < promised.size(); ++i) {
    EXPECT_EQ(promised[i], outputs.values[i].shape());
  }
  Array total = zeros({}, run.dtype);
  std::vector<Array> all;
  for (size_t i = 0; i < outputs.values.size(); ++i) {
    const Array& y = outputs.values[i];
    total = total + sum(y * file.array(name + "/cotangent/" + std::to_string(i), run.dtype));
    all.push_back(y);
  }
  const std::vector<Array> grads = gradients(total, sources);
  all.insert(all.end(), grads.begin(), grads.end());
  eval(all);
  const std::string prefix = name + "/" + run.prefix + "/";
  const bool rounds = about.at("float32_inside").as_bool() && run.dtype == DType::float64;
  const double tolerance = rounds ? golden::kRuns[1].tolerance : run.tolerance;
  for (size_t i = 0; i < outputs.values.size(); ++i) {
    const std::string index = std::to_string(i), mask = name + "/y_mask/" + index;
    golden::expect_close(outputs.values[i], file, prefix + "y/" + index, tolerance);
    const bool masked = i < outputs.masks.size() && outputs.masks[i].defined();
    ASSERT_EQ(masked, file.contains(mask)) << "the mask of output " << i;
    if (!masked) continue;
    EXPECT_EQ(outputs.masks[i].dtype(), DType::bool_);
    EXPECT_EQ(cast(outputs.masks[i], DType::float64).to_vector<double>(), file.values(mask));
  }
  double largest = 0;
  for (const std::string& key : keys) largest = std::max(largest, norm(file, prefix + key));
  for (size_t i = 0; i < keys.size(); ++i) {
    // A gradient that is almost nothing beside the others is the rest of terms that cancel; in one
    // number, a sum over everything, float32 terms do.
    const double own = norm(file, prefix + keys[i]);
    double scale = own > 0 && own < 1e-3 * largest ? largest / own : 1;
    if (run.dtype == DType::float32 && grads[i].size() == 1) scale = std::max(scale, 10.0);
    golden::expect_close(grads[i], file, prefix + keys[i], tolerance * scale);
  }
}

class GoldenSequence : public testing::TestWithParam<const char*> {};

TEST_P(GoldenSequence, OutputsMasksAndGradientsAreThoseOfKeras) {
  const std::string family = GetParam();
  const golden::File file("sequence_" + family + ".safetensors");
  const bool of_hub = family == "positions" || family == "transformers";  // Keras's core lacks them
  golden::Proof proof(of_hub ? "hub" : "layers", family);
  for (const std::string& name : file.cases()) {
    proof.check(file.metadata(name).at("name").as_string(), {"forward", "gradient", "config"}, [&] {
      for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenSequence,
                         testing::Values("embeddings", "recurrent", "cells", "wrappers", "merging",
                                         "attention", "heads", "conv_lstm", "transformers",
                                         "positions"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace danlu
