#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/functional.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/input.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/custom_network.h"
#include "danlu/train/model.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

/// Steps whose numbers are all 0 do not count.
class Masked : public LayerImpl {
 public:
  Masked() : LayerImpl("Masked", {.name = "masked"}) {}
  Json get_config() const override { return Json::object({{"name", name()}}); }
  bool supports_masking() const override { return true; }
  std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                  const std::vector<Array>&) const override {
    return {any(inputs[0] != 0, {-1})};
  }

 private:
  Shape output_shape(const Shape& shape) const override { return shape; }
  Array call(const Array& x, const CallContext&) override { return x; }
};

/// Adds the mean square of what passes, times 0.1, to the loss.
class Weighing : public LayerImpl {
 public:
  Weighing() : LayerImpl("Weighing", {.name = "weighing"}) {}
  Json get_config() const override { return Json::object({{"name", name()}}); }

 private:
  Shape output_shape(const Shape& shape) const override { return shape; }
  Array call(const Array& x, const CallContext&) override {
    add_loss(0.1 * mean(square(x)));
    return x;
  }
};

/// Lets pass what comes, with an activity regularizer.
class Regularized : public LayerImpl {
 public:
  Regularized() : LayerImpl("Identity", {.name = "passing"}) { set_activity_regularizer("l2"); }
  Json get_config() const override { return Json::object({{"name", name()}}); }

 private:
  Shape output_shape(const Shape& shape) const override { return shape; }
  Array call(const Array& x, const CallContext&) override { return x; }
};

template <class T>
Layer own() {
  return Layer(std::make_shared<T>());
}

Model two_branches() {
  const KerasTensor a = Input({.shape = {3}, .name = "a"}), b = Input({.shape = {2}, .name = "b"});
  const KerasTensor left = Dense({.units = 4, .activation = "tanh", .name = "left"})(a);
  const KerasTensor right = Dense({.units = 4, .activation = "sigmoid", .name = "right"})(b);
  const Layer shared = Dense({.units = 4, .activation = "tanh", .name = "shared"});
  const KerasTensor score = Dense({.units = 1, .name = "score"})(shared(left));
  const KerasTensor label =
      Dense({.units = 3, .activation = "softmax", .name = "label"})(shared(right));
  return Model({a, b}, {score, label});
}

Model shared_nested_and_frozen() {
  const KerasTensor inner_x = Input({.shape = {3}, .name = "inner_x"});
  const KerasTensor hidden = Dense({.units = 4, .activation = "tanh", .name = "hidden"})(inner_x);
  const Layer inner = Model(inner_x, Dense({.units = 3, .name = "code"})(hidden), "inner");
  const Layer frozen = Dense({.units = 3, .activation = "tanh", .name = "frozen"});
  const KerasTensor a = Input({.shape = {3}, .name = "a"}), b = Input({.shape = {3}, .name = "b"});
  const KerasTensor y = Dense({.units = 1, .name = "out"})(frozen(inner(inner(a))));
  const KerasTensor z = Dense({.units = 1, .name = "other"})(frozen(inner(b)));
  Model model({a, b}, {y, z});
  frozen->set_trainable(false);
  return model;
}

class Doubling : public CustomNetwork {
 public:
  Doubling() : CustomNetwork("Doubling") {}
  Layer first = track(Dense({.units = 4, .activation = "tanh", .name = "first"}));
  Layer last = track(Dense({.units = 1, .name = "last"}));
  metrics::Mean own = track(metrics::Mean("own"));

  StepLogs train_step(const StepInputs& data, Steps& compiled) override {
    const Array y_pred = (*this)(data.x[0], {.training = true});
    const Array loss = 2 * mean(square(y_pred - data.y[0]));
    compiled.minimize(loss, trainable_weights());
    own.update_state(loss);
    return {{"own", own.result()}, {"double", loss}};
  }
  StepLogs test_step(const StepInputs& data, Steps&) override {
    return {{"error", max(abs((*this)(data.x[0]) - data.y[0]))}};
  }

 private:
  Array call(const Array& x, const CallContext& context) override {
    return last(first(x, context), context);
  }
};

struct Case {
  std::function<Model()> model;
  std::function<CompileConfig()> compile;
  int64_t batch_size = 6;
};

std::map<std::string, Case> cases() {
  return {
      {"losses_by_name",
       {two_branches,
        [] {
          return CompileConfig{
              .optimizer = SGD({.learning_rate = 0.1}),
              .loss = {{"score", "mse"}, {"label", "sparse_categorical_crossentropy"}},
              .loss_weights = {{"score", 0.5}, {"label", 2.0}},
              .metrics = {{"score", {"mae", "mse"}}, {"label", "accuracy"}},
              .weighted_metrics = {{"score", "mae"}, {"label", {"accuracy"}}}};
        }}},
      {"one_loss_for_all",
       {two_branches,
        [] {
          return CompileConfig{.optimizer = Adam({.learning_rate = 0.01}),
                               .loss = "mse",
                               .metrics = {MetricList{"mae"}, MetricList{"accuracy", "mae"}}};
        },
        4}},
      {"output_without_loss",
       {two_branches,
        [] {
          return CompileConfig{.optimizer = SGD({.learning_rate = 0.1}),
                               .loss = {"mse", std::nullopt},
                               .metrics = {std::nullopt, "accuracy"}};
        }}},
      {"masks_reach_losses",
       {[] {
          const KerasTensor x = Input({.shape = {4, 3}, .name = "x"});
          return Model(x, Dense({.units = 2, .name = "steps"})(own<Masked>()(x)));
        },
        [] {
          return CompileConfig{
              .optimizer = SGD({.learning_rate = 0.1}),
              .loss = "mse",
              .metrics = {"mae"},
              .weighted_metrics = {"mae", metrics::MeanSquaredError({.name = "weighted"})}};
        }}},
      {"layers_add_losses",
       {[] {
          const KerasTensor x = Input({.shape = {3}, .name = "x"});
          KerasTensor y = Dense({.units = 4, .activation = "tanh", .name = "first"})(x);
          y = own<Weighing>()(own<Regularized>()(y));
          return Model(x, Dense({.units = 2, .kernel_regularizer = "l1", .name = "last"})(y));
        },
        [] {
          return CompileConfig{
              .optimizer = SGD({.learning_rate = 0.1}), .loss = "mse", .metrics = {"mse"}};
        },
        4}},
      {"only_added_losses",
       {[] {
          const KerasTensor x = Input({.shape = {3}, .name = "x"});
          return Model(x, own<Weighing>()(Dense({.units = 2, .name = "dense"})(x)));
        },
        [] { return CompileConfig{.optimizer = SGD({.learning_rate = 0.1}), .loss = {}}; }}},
      {"shared_nested_and_frozen",
       {shared_nested_and_frozen,
        [] {
          return CompileConfig{.optimizer = SGD({.learning_rate = 0.1}), .loss = {"mse", "mae"}};
        }}},
      {"own_train_step",
       {[] { return Model(std::make_shared<Doubling>()); },
        [] { return CompileConfig{.optimizer = Adam({.learning_rate = 0.01})}; }, 4}},
  };
}

/// The tensors "<case>/<kind>/…": in order where they are numbered, else by name.
HostTensors group(const golden::File& file, const std::string& prefix, const Json& names,
                  DType dtype) {
  std::vector<HostTensor> tensors;
  std::vector<std::pair<std::string, HostTensor>> named;
  for (const Json& name : names.items()) {
    tensors.push_back(to_host(file.array(prefix + name.as_string(), dtype)));
    named.emplace_back(name.as_string(), tensors.back());
  }
  const bool numbered = named.empty() || named[0].first == "0";
  return numbered ? HostTensors(tensors) : HostTensors(named);
}

void expect_logs(const Logs& actual, const Json& expected, double tolerance) {
  EXPECT_GE(actual.size(), expected.size());
  for (const auto& [name, value] : expected.members()) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      ADD_FAILURE() << "there is no " << name;
      continue;
    }
    EXPECT_NEAR(found->second, value.as_double(), tolerance * (1 + std::abs(value.as_double())))
        << name;
  }
}

void check(const golden::File& file, const std::string& name, const Case& about,
           const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& expected = file.metadata(name).at(run.prefix);
  const auto data = [&](const char* kind) {
    return group(file, name + "/" + kind + "/", file.metadata(name).at(kind), run.dtype);
  };
  set_floatx(danlu::name(run.dtype));
  set_dtype_policy(expected.at("policy").as_string());
  Model model = about.model();
  const HostTensors x = data("x"), y = data("y"), weight = data("sample_weight");
  if (!model.network().built()) model(Array::from_buffer(x.buffer(), x.spec()));
  std::vector<Array> first;
  for (size_t i = 0; i < model.weights().size(); ++i) {
    first.push_back(file.array(name + "/first/" + std::to_string(i), run.dtype));
  }
  model.set_weights(first);
  model.compile(about.compile());
  EXPECT_EQ(model.optimizer().type(), expected.at("optimizer").as_string());
  const History history = model.fit(x, y,
                                    {.epochs = 5,
                                     .batch_size = about.batch_size,
                                     .verbose = 0,
                                     .shuffle = false,
                                     .sample_weight = weight});
  for (size_t epoch = 0; epoch < 5; ++epoch) {
    Logs logs;
    for (const auto& [key, values] : history.history) logs[key] = values[epoch];
    Json wanted = Json::object();
    for (const auto& [key, values] : expected.at("history").members())
      wanted.set(key, values[epoch]);
    expect_logs(logs, wanted, run.tolerance);
  }
  if (y.count() > 0) {
    expect_logs(model.evaluate(x, y, {.verbose = 0, .sample_weight = weight}),
                expected.at("evaluation"), run.tolerance);
  }
  const std::string prefix = name + "/" + run.prefix + "/";
  for (size_t i = 0; i < model.weights().size(); ++i) {
    golden::expect_close(model.weights()[i], file, prefix + "weights/" + std::to_string(i),
                         run.tolerance);
  }
  const Predictions predictions = model.predict(x);
  for (size_t i = 0; i < predictions.outputs().size(); ++i) {
    const Array& y_pred = predictions.output(i);
    EXPECT_EQ(danlu::name(y_pred.dtype()), expected.at("prediction_dtypes")[i].as_string());
    golden::expect_close(cast(y_pred, run.dtype), file, prefix + "predictions/" + std::to_string(i),
                         run.tolerance);
  }
  EXPECT_FALSE(
      file.contains(prefix + "predictions/" + std::to_string(predictions.outputs().size())));
  set_floatx("float32");
  set_dtype_policy("");
}

/// As golden::kRuns, and with numbers of 16 bits, which hold 8 or 11 digits.
constexpr golden::Run kRuns[] = {golden::kRuns[0],
                                 golden::kRuns[1],
                                 {"bf16", DType::float32, 2e-2},
                                 {"f16", DType::float32, 5e-3}};

TEST(GoldenTraining, IsThatOfKeras) {
  const golden::File file("training.safetensors");
  const auto known = cases();
  ASSERT_EQ(file.cases().size(), known.size());
  for (const std::string& name : file.cases()) {
    for (const golden::Run& run : kRuns) {
      if (file.metadata(name).find(run.prefix) != nullptr) check(file, name, known.at(name), run);
    }
  }
}

}  // namespace
}  // namespace danlu
