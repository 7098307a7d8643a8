#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/interop/keras.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/losses.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/registry.h"
#include "danlu/train/model.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

constexpr const char* kPolicies[] = {"mixed_bfloat16", "mixed_float16", "bfloat16", "float16"};

/// Half the distance of two neighbours, as a share.
double epsilon_of(const std::string& policy) {
  return policy.ends_with("bfloat16") ? 1.0 / 256 : policy.ends_with("float16") ? 1.0 / 2048 : 0;
}

Array as_bool(const golden::File& file, const std::string& key) {
  return file.contains(key) ? cast(file.array(key), DType::bool_) : Array();
}

/// A comparison of one case under one policy. Keras's own rounding is in the file; two roundings
/// may be that far apart, and once more.
class Comparison {
 public:
  Comparison(const golden::File& file, const std::string& name, const std::string& policy)
      : file_(file), prefix_(name + "/" + policy + "/"), policy_(policy) {}

  void expect(const Array& actual, const std::string& key, const Json& expected) const {
    EXPECT_EQ(danlu::name(actual.dtype()), expected[0].as_string()) << prefix_ << key;
    const double tolerance = 2 * epsilon_of(policy_) + 2 * expected[1].as_double();
    EXPECT_EQ(actual.shape(), file_.host(prefix_ + key).shape()) << prefix_ << key;
    EXPECT_LE(golden::distance(cast(actual, DType::float64).to_vector<double>(),
                               file_.values(prefix_ + key)),
              tolerance)
        << prefix_ << key << ", which in Keras is " << expected[1].as_double() << " off float32";
  }

 private:
  const golden::File& file_;
  std::string prefix_, policy_;
};

void check_layer(const golden::File& file, const std::string& name, const std::string& policy) {
  SCOPED_TRACE(name + " " + policy);
  const Json& about = file.metadata(name);
  const Layer layer = layer_from_config(about.at("layer").as_string(),
                                        golden::with_dtype(about.at("config"), policy));
  std::vector<Array> inputs;
  for (int64_t i = 0; i < about.at("inputs").as_int(); ++i) {
    inputs.push_back(file.array(name + "/x/" + std::to_string(i)));
  }
  CallContext context{.arguments = about.at("arguments")};
  context.training = context.flag("training");
  for (int64_t i = 0; i < about.at("masks").as_int(); ++i) {
    context.masks.push_back(as_bool(file, name + "/mask/" + std::to_string(i)));
  }
  for (const Json& key : about.at("tensors").items()) {
    context.tensors.emplace(key.as_string(), as_bool(file, name + "/tensor/" + key.as_string()));
  }
  layer->apply(inputs, context);  // builds it
  const std::vector<Variable> weights = layer.weights();
  ASSERT_EQ(static_cast<int64_t>(weights.size()), about.at("weights").as_int());
  std::vector<Array> sources;
  std::vector<std::string> keys;
  const Json& expected = about.at(policy);
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string index = std::to_string(i);
    Variable(weights[i]).assign(cast(file.array(name + "/w/" + index), weights[i].dtype()));
    if (!expected.contains("grad/w/" + index)) continue;
    sources.push_back(weights[i]);
    keys.push_back("grad/w/" + index);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!is_floating(inputs[i].dtype())) continue;
    sources.push_back(inputs[i]);
    keys.push_back("grad/x/" + std::to_string(i));
  }

  const LayerOutputs outputs = layer->apply(inputs, context);
  Array total = zeros({}, DType::float32);
  for (const Array& part : layer->losses()) total = total + cast(part, DType::float32);
  std::vector<Array> all = {total};
  for (size_t i = 0; i < outputs.values.size(); ++i) {
    const Array cotangent = file.array(name + "/cotangent/" + std::to_string(i));
    total = total + sum(cast(outputs.values[i], DType::float32) * cotangent);
    all.push_back(outputs.values[i]);
  }
  const std::vector<Array> grads = gradients(total, sources);
  all.insert(all.end(), grads.begin(), grads.end());
  eval(all);

  const Comparison compare(file, name, policy);
  compare.expect(all[0], "loss", expected.at("loss"));
  for (size_t i = 0; i < outputs.values.size(); ++i) {
    const std::string key = "y/" + std::to_string(i);
    compare.expect(outputs.values[i], key, expected.at(key));
  }
  for (size_t i = 0; i < keys.size(); ++i) compare.expect(grads[i], keys[i], expected.at(keys[i]));
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string key = "state/" + std::to_string(i);
    if (const Json* state = expected.find(key)) compare.expect(weights[i], key, *state);
  }
}

TEST(GoldenMixed, LayersUnderPoliciesOf16BitsAreThoseOfKeras) {
  const golden::File file("mixed.safetensors");
  EXPECT_GT(file.cases().size(), 100u);
  golden::Proof proof("layers", "mixed");
  for (const std::string& name : file.cases()) {
    proof.check(file.metadata(name).at("name").as_string(), {"16-bit policies"}, [&] {
      for (const char* policy : kPolicies) check_layer(file, name, policy);
    });
  }
}

TEST(GoldenMixed, LossesOf16BitPredictionsAreFloat32) {
  const golden::File file("mixed.safetensors");
  golden::Proof proof("losses", "mixed");
  for (const Json& pair : file.metadata("losses").items()) {
    const std::string type = pair[0].as_string(), dtype = pair[1].as_string();
    proof.check(type, {"16-bit predictions"}, [&] {
      const std::string prefix = "loss/" + type + "/" + dtype + "/";
      SCOPED_TRACE(prefix);
      const Array pred = cast(file.array(prefix + "pred"), dtype_from_name(dtype));
      const Array value = Loss(type)(file.array(prefix + "true"), pred);
      const std::vector<Array> sources = {pred};
      const Array grad = gradients(value, sources)[0];
      golden::expect_close(value, file, prefix + "value", 1e-5);
      EXPECT_EQ(danlu::name(grad.dtype()), dtype);
      golden::expect_close(cast(grad, DType::float32), file, prefix + "grad", epsilon_of(dtype));
    });
  }
}

struct Policy {
  explicit Policy(const std::string& name) { set_dtype_policy(name); }
  ~Policy() { set_dtype_policy(""); }
};

/// The steps of `name` under `policy`, as Keras took them.
void check_training(const golden::File& file, const std::string& name, const std::string& policy) {
  SCOPED_TRACE(name + " " + policy);
  const Json& about = file.metadata(name).at(policy);
  const Policy scope(policy);  // on which it depends whether the loss is scaled
  Model model = model_from_json(about.at("model").as_string());
  const std::vector<Variable> weights = model.weights();
  ASSERT_EQ(weights.size(), about.at("dtypes").size());
  std::vector<Array> first;
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(danlu::name(weights[i].dtype()), about.at("dtypes")[i].as_string());
    first.push_back(cast(file.array(name + "/first/" + std::to_string(i)), weights[i].dtype()));
  }
  model.set_weights(first);
  const Json& given = about.at("given");
  model.compile(
      {.optimizer = optimizer_from_config(given.at("class_name").as_string(), given.at("config")),
       .loss = about.at("loss").as_string()});
  EXPECT_EQ(model.optimizer().type(), about.at("optimizer").as_string());
  const HostTensors x = to_host(file.array(name + "/x")), y = to_host(file.array(name + "/y"));
  const bool has_half = name == "one_in_full";  // one of its layers has the policy mixed_float16
  const double epsilon = std::max(epsilon_of(policy), has_half ? epsilon_of("float16") : 0.0);
  const double tolerance = std::max(8 * epsilon, 1e-5);
  for (int64_t step = 0; step < file.metadata("steps").as_int(); ++step) {
    const auto place = static_cast<size_t>(step);
    const History history = model.fit(x, y, {.epochs = 1, .batch_size = 6, .verbose = 0});
    const double expected = about.at("losses")[place].as_double();
    EXPECT_NEAR(history.history.at("loss")[0], expected, tolerance * expected) << "step " << step;
    const Json& scale = about.at("scales")[place];
    if (scale.is_null()) continue;
    constexpr size_t kScale = 3;  // behind the steps, the rate and the counter
    EXPECT_EQ(model.optimizer().variables().at(kScale).value().item<double>(), scale.as_double())
        << "step " << step;
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string key = name + "/" + policy + "/weights/" + std::to_string(i);
    EXPECT_LE(
        golden::distance(cast(weights[i], DType::float64).to_vector<double>(), file.values(key)),
        tolerance)
        << key;
  }
}

TEST(GoldenMixed, TrainingUnderPoliciesIsThatOfKeras) {
  const golden::File file("mixed_training.safetensors");
  EXPECT_GE(file.cases().size(), 6u);
  for (const std::string& name : file.cases()) {
    for (const auto& [policy, about] : file.metadata(name).members()) {
      check_training(file, name, policy);
    }
  }
}

}  // namespace
}  // namespace danlu
