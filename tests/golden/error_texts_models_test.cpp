#include <filesystem>

#include "danlu/base/file.h"
#include "danlu/danlu.h"
#include "tests/golden/error_texts.h"

namespace danlu::golden {
namespace {

Sequential unbuilt(int64_t features = 2) {
  return Sequential({Input({features}), Dense({.units = 4, .activation = "relu", .name = "hidden"}),
                     Dense({.units = 3, .activation = "softmax", .name = "out"})},
                    "net");
}

Sequential classifier(CompileConfig config = {.optimizer = "sgd",
                                              .loss = "sparse_categorical_crossentropy"}) {
  Sequential model = unbuilt();
  model.compile(std::move(config));
  return model;
}

Model two_inputs() {
  const KerasTensor a = Input({.shape = {3}, .name = "left"});
  const KerasTensor b = Input({.shape = {4}, .name = "right"});
  return Model({a, b}, Concatenate({.name = "both"})({a, b})[0], "net");
}

Model two_outputs(CompileConfig config) {
  const KerasTensor x = Input({.shape = {3}, .name = "x"});
  Model model(x, {Dense({.units = 2, .name = "label"})(x), Dense({.units = 1, .name = "score"})(x)},
              "net");
  config.optimizer = "sgd";
  model.compile(std::move(config));
  return model;
}

HostTensor labels(int64_t n) { return HostTensor::zeros({n}, DType::int32); }

const FitOptions kSilent{.verbose = 0};

KerasTensor matrix() { return Input({4}); }

std::string path_of(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("danlu_texts_" + name)).string();
}

/// Saves `model`, and does something with the file.
template <class Use>
void with_file(const Model& model, const std::string& name, Use use) {
  const std::string path = path_of(name);
  model.save_weights(path);
  try {
    use(path);
  } catch (...) {
    remove_file(path);
    throw;
  }
  remove_file(path);
}

/// The JSON of the classifier with a piece replaced.
void read_changed(const std::string& from, const std::string& to) {
  std::string json = unbuilt().to_json();
  json.replace(json.find(from), from.size(), to);
  model_from_json(json);
}

Mistakes graphs() {
  return {
      {"disconnected_graph",
       [] {
         const KerasTensor a = Input({.shape = {3}, .name = "first"});
         const KerasTensor b = Input({.shape = {3}, .name = "second"});
         Model(a, Add({.name = "sum"})({a, b})[0], "net");
       }},
      {"duplicate_names",
       [] {
         const KerasTensor x = Input({3});
         Model(x, Dense({.units = 2, .name = "twin"})(Dense({.units = 3, .name = "twin"})(x)),
               "net");
       }},
      {"sequential_duplicate_names",
       [] {
         Sequential({Dense({.units = 2, .name = "twin"}), Dense({.units = 3, .name = "twin"})},
                    "net");
       }},
      {"missing_input",
       [] {
         two_inputs()(std::vector{ones({2, 3})});
       }},
      {"call_shape",
       [] {
         const KerasTensor x = Input({.shape = {4}, .name = "x"});
         Model(x, Dense({.units = 2, .name = "d"})(x), "net")(ones({2, 5}));
       }},
      {"layer_by_name", [] { unbuilt().get_layer("top"); }},
      {"layer_by_index", [] { unbuilt().get_layer(7); }},
      {"sequential_shapes",
       [] {
         Sequential({Input({8, 8, 1}), Conv2D({.filters = 2, .kernel_size = 3, .name = "c"}),
                     Flatten(), LSTM({.units = 3, .name = "rnn"})},
                    "net");
       }},
      {"operation_shapes", [] { KerasTensor(Input({3})) + KerasTensor(Input({4})); }},
      {"operation_matmul",
       [] {
         matmul(KerasTensor(Input({3, 4})), KerasTensor(Input({5, 6})));
       }},
      {"operation_concatenate",
       [] {
         concatenate({KerasTensor(Input({3, 4})), KerasTensor(Input({3, 5}))}, 1);
       }},
      {"operation_index",
       [] {
         (void)matrix()[{Slice{}, 7}];
       }},
      {"operation_indices",
       [] {
         (void)matrix()[{0, 1, 2}];
       }},
      {"operation_expand", [] { expand_dims(matrix(), 5); }},
      {"operation_squeeze", [] { squeeze(matrix(), 1); }},
      {"operation_transpose",
       [] {
         transpose(matrix(), {0, 2, 1});
       }},
  };
}

Mistakes training() {
  const auto fit_two = [](const CompileConfig& config) {
    return [config] {
      two_outputs(config).fit(ones({4, 3}), {ones({4, 2}), ones({4, 1})}, kSilent);
    };
  };
  return {
      {"unknown_optimizer", [] { classifier({.optimizer = "adamm"}); }},
      {"unknown_loss", [] { classifier({.loss = "squared"}); }},
      {"unknown_metric", [] { classifier({.metrics = {"accuracies"}}); }},
      {"losses_count",
       [=] {
         fit_two({.loss = {"mse", "mse", "mse"}})();
       }},
      {"losses_key",
       [=] {
         fit_two({.loss = {{"labels", "mse"}}})();
       }},
      {"loss_weights_count",
       [=] {
         fit_two({.loss = {"mse", "mse"}, .loss_weights = {{1.0}}})();
       }},
      {"metrics_count",
       [=] {
         fit_two({.loss = "mse", .metrics = {{"mae"}, {"mae"}, {"mae"}}})();
       }},
      {"metrics_key",
       [=] {
         fit_two({.loss = "mse", .metrics = {{"labels", "mae"}}})();
       }},
      {"loss_reduction", [] { losses::MeanSquaredError({.reduction = "median"}); }},
      {"auc_curve", [] { metrics::AUC({.curve = "ABC"}); }},
      {"auc_summation", [] { metrics::AUC({.summation_method = "simpson"}); }},
      {"auc_thresholds", [] { metrics::AUC({.num_thresholds = 1}); }},
      {"precision_thresholds",
       [] {
         metrics::Precision({.thresholds = {0.5, 1.5}});
       }},
      {"sensitivity_range", [] { metrics::SensitivityAtSpecificity({.specificity = 1.5}); }},
      {"fbeta_average", [] { metrics::FBetaScore({.average = "mean"}); }},
      {"fbeta_beta", [] { metrics::FBetaScore({.beta = -1}); }},
      {"fbeta_threshold", [] { metrics::FBetaScore({.threshold = 1.5}); }},
      {"fit_uncompiled",
       [] {
         unbuilt().fit(ones({4, 2}), labels(4), kSilent);
       }},
      {"evaluate_uncompiled",
       [] {
         unbuilt().evaluate(ones({4, 2}), labels(4), {.verbose = 0});
       }},
      {"cardinality",
       [] {
         classifier().fit(ones({4, 2}), labels(5), kSilent);
       }},
      {"cardinality_weights",
       [] {
         classifier().fit(ones({4, 2}), labels(4), {.verbose = 0, .sample_weight = ones({3})});
       }},
      {"fit_shape",
       [] {
         classifier().fit(ones({4, 5}), labels(4), kSilent);
       }},
      {"predict_shape",
       [] {
         classifier().predict(ones({4, 5}));
       }},
      {"labels_for_rows",
       [] {
         classifier({.loss = "categorical_crossentropy"}).fit(ones({4, 2}), zeros({4}), kSilent);
       }},
      {"rows_for_labels",
       [] {
         classifier().fit(ones({4, 2}), zeros({4, 3}), kSilent);
       }},
      {"targets_shape",
       [] {
         classifier({.loss = "binary_crossentropy"}).fit(ones({4, 2}), zeros({4, 2}), kSilent);
       }},
      {"validation_split",
       [] {
         classifier().fit(ones({4, 2}), labels(4), {.verbose = 0, .validation_split = 0.9});
       }},
      {"class_and_sample_weight",
       [] {
         classifier().fit(ones({4, 2}), labels(4),
                          {.verbose = 0, .class_weight = {{0, 2.0}}, .sample_weight = ones({4})});
       }},
      {"class_weight_outputs",
       [] {
         two_outputs({.loss = "mse"})
             .fit(ones({4, 3}), {ones({4, 2}), ones({4, 1})},
                  {.verbose = 0, .class_weight = {{0, 2.0}}});
       }},
      {"outputs_count",
       [] {
         two_outputs({.loss = {"mse", "mse"}}).fit(ones({4, 3}), ones({4, 2}), kSilent);
       }},
      {"weights_count",
       [] {
         unbuilt().set_weights({ones({2, 4})});
       }},
      {"weights_shape",
       [] {
         unbuilt().set_weights({ones({3, 4}), ones({4}), ones({4, 3}), ones({3})});
       }},
  };
}

Mistakes optimizers() {
  return {
      {"clipping_twice", [] { SGD({.clipnorm = 1.0, .clipvalue = 1.0}); }},
      {"ema_momentum", [] { SGD({.use_ema = true, .ema_momentum = 1.5}); }},
      {"sgd_momentum", [] { SGD({.momentum = 1.5}); }},
      {"ftrl_initial", [] { Ftrl({.initial_accumulator_value = -0.5}); }},
      {"ftrl_power", [] { Ftrl({.learning_rate_power = 0.5}); }},
      {"ftrl_l1", [] { Ftrl({.l1_regularization_strength = -0.5}); }},
      {"lion_beta", [] { Lion({.beta_1 = 0}); }},
      {"accumulation_steps", [] { SGD({.gradient_accumulation_steps = 1}); }},
      {"piecewise_lengths",
       [] {
         schedules::PiecewiseConstantDecay({.boundaries = {10, 20}, .values = {0.1, 0.2}});
       }},
      {"set_learning_rate",
       [] {
         const Optimizer adam =
             Adam({.learning_rate = schedules::ExponentialDecay(
                       {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.9})});
         adam->set_learning_rate(0.1);
       }},
  };
}

Mistakes files() {
  const auto reads = [](const Model& other) {
    with_file(other, "other.weights.h5",
              [](const std::string& path) { unbuilt().load_weights(path); });
  };
  return {
      {"load_missing", [] { load_model("no/such/model.keras"); }},
      {"load_suffix",
       [] {
         with_file(unbuilt(), "model.zip", [](const std::string& path) { load_model(path); });
       }},
      {"load_weights_missing", [] { unbuilt().load_weights("no/such/model.weights.h5"); }},
      {"load_weights_suffix", [] { unbuilt().load_weights("model.pickle"); }},
      {"save_suffix", [] { unbuilt().save("model.zip"); }},
      {"save_weights_suffix", [] { unbuilt().save_weights("model.hdf"); }},
      {"save_weights_unbuilt",
       [] { Sequential({Dense({.units = 3})}, "net").save_weights("model.weights.h5"); }},
      {"load_weights_unbuilt",
       [] {
         with_file(unbuilt(), "built.weights.h5", [](const std::string& path) {
           Sequential({Dense({.units = 3})}, "net").load_weights(path);
         });
       }},
      {"weights_of_wider", [=] { reads(unbuilt(3)); }},
      {"weights_of_fewer_layers",
       [=] {
         reads(Sequential({Input({2}), Dense({.units = 4, .name = "hidden"})}, "net"));
       }},
      {"weights_without_bias",
       [=] {
         reads(Sequential({Input({2}), Dense({.units = 4, .use_bias = false, .name = "hidden"}),
                           Dense({.units = 3, .name = "out"})},
                          "net"));
       }},
      {"unknown_class",
       [] { read_changed("\"class_name\":\"Dense\"", "\"class_name\":\"Densest\""); }},
      {"foreign_class",
       [] {
         read_changed("\"module\":\"keras.layers\",\"class_name\":\"Dense\"",
                      "\"module\":\"mine\",\"class_name\":\"Dense\"");
       }},
      {"unknown_setting", [] { read_changed("\"units\":4", "\"units\":4,\"wings\":2"); }},
      {"lambda_layer",
       [] { read_changed("\"class_name\":\"Dense\"", "\"class_name\":\"Lambda\""); }},
  };
}

}  // namespace

Mistakes mistakes_with_models() {
  Mistakes all = graphs();
  for (Mistakes more : {training(), optimizers(), files()}) all.merge(more);
  return all;
}

}  // namespace danlu::golden
