#include "danlu/train/model.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/jit.h"
#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/compile/compile.h"
#include "danlu/data/datasets.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/input.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "danlu/optim/adam.h"
#include "danlu/optim/schedules.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/early_stopping.h"
#include "danlu/train/interrupt.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

std::string temporary(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("danlu_train_" + name)).string();
}

Sequential small_model(int64_t features = 2, int64_t classes = 3) {
  return Sequential({Input({features}), Dense({.units = 8, .activation = "tanh"}),
                     Dense({.units = classes, .activation = "softmax"})},
                    "small");
}

CompileConfig classifier() {
  return {.optimizer = Adam({.learning_rate = 0.02}),
          .loss = "sparse_categorical_crossentropy",
          .metrics = {"accuracy"}};
}

std::vector<std::vector<float>> values_of(const Model& model) {
  std::vector<std::vector<float>> values;
  for (const Array& weight : model.get_weights()) values.push_back(weight.to_vector());
  return values;
}

TEST(Model, LearnsExclusiveOr) {
  set_random_seed(1);
  Sequential model({Dense({.units = 8, .activation = "tanh", .input_shape = {2}}),
                    Dense({.units = 1, .activation = "sigmoid"})});
  model.compile({.optimizer = SGD({.learning_rate = 0.5}),
                 .loss = "binary_crossentropy",
                 .metrics = {"accuracy"}});
  const DataSplit data = datasets::xor_gate();
  const History history = model.fit(data, {.epochs = 2000, .batch_size = 4, .verbose = 0});
  EXPECT_EQ(history.epoch.size(), 2000u);
  EXPECT_EQ(history.last("accuracy"), 1);
  EXPECT_LT(history.last("loss"), 0.05);
  EXPECT_FALSE(history.interrupted);
  const auto y = model.predict(data).to_vector();
  EXPECT_LT(y[0], 0.2);
  EXPECT_GT(y[1], 0.8);
  EXPECT_EQ(model.optimizer().iterations(), 2000);
}

TEST(Model, RepeatsBitForBitWithTheSameSeed) {
  const auto train = [](int64_t seed) {
    set_random_seed(seed);
    Sequential model({Input({2}), Dense({.units = 8, .activation = "relu"}), Dropout(0.2),
                      Dense({.units = 3, .activation = "softmax"})});
    model.compile(classifier());
    const DataSplit data = datasets::blobs(100);
    model.fit(data, {.epochs = 3, .batch_size = 32, .verbose = 0, .validation_split = 0.2});
    return values_of(model);
  };
  const auto first = train(5);
  EXPECT_EQ(first, train(5));
  EXPECT_NE(first, train(6));
}

TEST(Model, FitsWithAPartialBatchAndValidation) {
  set_random_seed(2);
  Sequential model = small_model();
  model.compile(classifier());
  const DataSplit data = datasets::blobs(150, 1.0, 3);
  const DataSplit held_out = datasets::blobs(70, 1.0, 3, 1);
  const History history =
      model.fit(data, {.epochs = 20, .batch_size = 32, .verbose = 0, .validation_data = held_out});
  EXPECT_GT(history.last("val_accuracy"), 0.9);
  EXPECT_EQ(history.history.size(), 4u);

  const Logs logs = model.evaluate(held_out, {.verbose = 0});
  EXPECT_NEAR(logs.at("accuracy"), history.last("val_accuracy"), 1e-6);
  EXPECT_NEAR(logs.at("loss"), history.last("val_loss"), 1e-6);
  // By hand, over all samples at once.
  const Array y = model.predict(held_out, {.batch_size = 7});
  EXPECT_EQ(y.shape(), (Shape{70, 3}));
  const Array labels = Array::from_buffer(held_out.y.buffer(), held_out.y.spec());
  EXPECT_NEAR(logs.at("loss"), Loss("sparse_categorical_crossentropy")(labels, y).item(), 1e-5);
}

TEST(Model, ValidationSplitTakesTheLastSamplesUnshuffled) {
  Sequential model({Input({1}), Dense({.units = 1, .kernel_initializer = "zeros"})});
  model.compile({.optimizer = SGD({.learning_rate = 0.0}), .loss = "mse"});
  std::vector<float> x(10), y(10);
  for (int i = 0; i < 10; ++i) y[i] = static_cast<float>(i);
  const History history =
      model.fit(Array(x, {10, 1}), Array(y, {10, 1}),
                {.epochs = 1, .batch_size = 3, .verbose = 0, .validation_split = 0.2});
  EXPECT_NEAR(history.last("val_loss"), (64 + 81) / 2.0, 1e-4);
  EXPECT_NEAR(history.last("loss"), 140 / 8.0, 1e-4);
}

TEST(Model, TrainsInFloat64) {
  Sequential model({Input({2}), Dense({.units = 4, .activation = "tanh", .dtype = "float64"}),
                    Dense({.units = 3, .activation = "softmax", .dtype = "float64"})});
  model.compile(classifier());
  const DataSplit data = datasets::blobs(60);
  const History history = model.fit(data, {.epochs = 2, .verbose = 0});
  EXPECT_LT(history.history.at("loss")[1], history.history.at("loss")[0]);
  EXPECT_EQ(model.predict(data).dtype(), DType::float64);
}

TEST(Model, StepsWithDropoutAndAScheduleCompileOnce) {
  set_random_seed(3);
  Sequential model({Input({2}), Dense({.units = 4, .activation = "relu"}), Dropout(0.5),
                    Dense({.units = 3, .activation = "softmax"})});
  CompileConfig config = classifier();
  config.optimizer = Adam({.learning_rate = schedules::CosineDecay(
                               {.initial_learning_rate = 0.01, .decay_steps = 500})});
  model.compile(std::move(config));
  const DataSplit data = datasets::blobs(64);
  const FitOptions options{.epochs = 1, .batch_size = 64, .verbose = 0};
  model.fit(data, options);
  const int64_t misses = cache_statistics().misses;
  FitOptions many = options;
  many.epochs = 1000;
  model.fit(data, many);
  EXPECT_EQ(cache_statistics().misses, misses);
  EXPECT_EQ(model.optimizer().iterations(), 1001);
}

TEST(Model, EpochsAllocateNoBuffers) {
  set_random_seed(3);
  Sequential model({Input({2}), Dense({.units = 4, .activation = "relu"}), Dropout(0.5),
                    Dense({.units = 3, .activation = "softmax"})});
  model.compile(classifier());
  std::vector<int64_t> allocations;
  const LambdaCallback count({.on_epoch_end = [&](int64_t, const Logs&) {
    allocations.push_back(Buffer::allocations());
  }});
  model.fit(datasets::blobs(80), {.epochs = 6, .verbose = 0, .callbacks = {count}});
  EXPECT_EQ(allocations[5], allocations[2]);
}

TEST(Model, ABadLabelLeavesEveryWeightAsItWas) {
  set_random_seed(4);
  Sequential model = small_model();
  model.compile(classifier());
  DataSplit data = datasets::blobs(64);
  model.fit(data, {.epochs = 1, .verbose = 0});
  const auto before = values_of(model);
  data.y = data.y.clone();
  data.y.values<int32_t>()[40] = 3;
  try {
    model.fit(data, {.epochs = 2, .batch_size = 64, .verbose = 0, .shuffle = false});
    FAIL() << "a label outside the classes went unnoticed";
  } catch (const ValueError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find("[fit, epoch 1, batch 1 > "), 0u) << text;
    EXPECT_NE(text.find("3"), std::string::npos) << text;
  }
  EXPECT_EQ(values_of(model), before);
  EXPECT_EQ(model.optimizer().iterations(), 2);
}

TEST(Model, ABadLabelInMidEpochKeepsTheGoodSteps) {
  Sequential model = small_model();
  model.compile(classifier());
  DataSplit data = datasets::blobs(96);
  data.y = data.y.clone();
  data.y.values<int32_t>()[40] = -1;
  EXPECT_THROW(model.fit(data, {.batch_size = 32, .verbose = 0, .shuffle = false}), ValueError);
  EXPECT_EQ(model.optimizer().iterations(), 1);
}

TEST(Model, ALoopOfOnesOwnIsJitted) {
  set_random_seed(8);
  Sequential model(
      {Input({2}), Dense({.units = 16, .activation = "relu"}), Dropout(0.1), Dense({.units = 3})});
  const Adam optimizer({.learning_rate = 0.02});
  const DataSplit data = datasets::blobs(64);
  const Array x = Array::from_buffer(data.x.buffer(), data.x.spec());
  const Array y = Array::from_buffer(data.y.buffer(), data.y.spec());
  auto step = jit([&](TrainState s, Array x, Array y) {
    auto loss_fn = [&](const Params& p) {
      auto [logits, state] = model.call(p, s.state, x, {.training = true});
      return std::pair{mean(sparse_categorical_crossentropy(y, logits, {.from_logits = true})),
                       state};
    };
    auto [loss, state, grads] = value_and_grad(loss_fn, {.has_aux = true})(s.params);
    return std::pair{optimizer.update(s, grads, state), loss};
  });
  TrainState s = model.train_state(optimizer);
  const float before = model.get_weights()[0].to_vector()[0];
  float first = 0, last = 0;
  for (int i = 0; i < 60; ++i) {
    auto [next, loss] = step(s, x, y);
    s = next;
    last = loss.item();
    if (i == 0) first = last;
  }
  EXPECT_LT(last, 0.5f * first);
  EXPECT_EQ(s.slots[0].item<int64_t>(), 60);
  EXPECT_EQ(model.get_weights()[0].to_vector()[0], before);
  model.assign(s);
  EXPECT_EQ(model.get_weights()[0].to_vector(), s.params[0].to_vector());
  EXPECT_THROW(model.assign(TrainState{}), ValueError);
}

TEST(Model, ADatasetBringsItsOwnTargets) {
  Sequential model = small_model();
  CompileConfig config = classifier();
  config.loss = "categorical_crossentropy";
  model.compile(std::move(config));
  const Dataset train = Dataset(datasets::blobs(96), {.one_hot = 3}).batch(32).prefetch();
  const Dataset test = Dataset(datasets::blobs(40, 1.0, 0, 1), {.one_hot = 3}).batch(40);
  const History history = model.fit(train, {.epochs = 10, .verbose = 0, .validation_data = test});
  EXPECT_GT(history.last("val_accuracy"), 0.8);
}

TEST(Weights, SurviveAFile) {
  set_random_seed(6);
  Sequential model = small_model();
  const auto before = values_of(model);
  const std::string path = temporary("weights.safetensors");
  model.save_weights(path);
  Sequential other = small_model();
  EXPECT_NE(values_of(other), before);
  other.load_weights(path);
  EXPECT_EQ(values_of(other), before);
  const TensorMap map = model.weights_map();
  EXPECT_EQ(map.entries()[0].name, "dense/kernel");
  EXPECT_EQ(map.entries()[3].name, "dense_1/bias");

  Sequential wider = small_model(3);
  const auto untouched = values_of(wider);
  expect_error<IoError>([&] { wider.load_weights(path); },
                        "[" + path +
                            "] The weight 'dense/kernel' does not fit the model. Expected "
                            "float32(3, 8). Received float32(2, 8). Hint: the file belongs to "
                            "another network.");
  EXPECT_EQ(values_of(wider), untouched);
  Sequential shorter({Input({2}), Dense({.units = 8})});
  EXPECT_THROW(shorter.load_weights(path), IoError);
  Sequential longer({Input({2}), Dense({.units = 8}), Dense({.units = 3}), Dense({.units = 1})});
  EXPECT_THROW(longer.load_weights(path), IoError);
  std::filesystem::remove(path);
  EXPECT_THROW(model.load_weights(path), IoError);
}

TEST(Weights, CanBeTakenAndGivenBack) {
  Sequential model = small_model();
  model.compile(classifier());
  const std::vector<Array> kept = model.get_weights();
  const auto before = values_of(model);
  model.fit(datasets::blobs(32), {.verbose = 0});
  EXPECT_NE(values_of(model), before);
  model.set_weights(kept);
  EXPECT_EQ(values_of(model), before);
  model.fit(datasets::blobs(32), {.verbose = 0});
  EXPECT_EQ(kept[0].to_vector(), before[0]);
  std::vector<Array> wrong = kept;
  wrong[2] = zeros({8, 4});
  expect_error<ShapeError>(
      [&] { model.set_weights(wrong); },
      "[Sequential 'small'] The value of weight 'dense_1/kernel' does not fit. "
      "Expected (8, 3). Received (8, 4).");
  wrong.pop_back();
  EXPECT_THROW(model.set_weights(wrong), ValueError);
}

TEST(Model, FrozenLayersStay) {
  Sequential model = small_model();
  model.layers()[0]->set_trainable(false);
  model.compile(classifier());
  const auto before = values_of(model);
  model.fit(datasets::blobs(32), {.verbose = 0});
  const auto after = values_of(model);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
  EXPECT_NE(after[2], before[2]);
}

TEST(Model, SummaryCountsTheOptimizer) {
  Sequential model = small_model();
  EXPECT_EQ(model.count_params(), 24 + 27);
  EXPECT_EQ(model.summary_text().find("Optimizer params"), std::string::npos);
  model.compile(classifier());
  model.fit(datasets::blobs(32), {.verbose = 0});
  EXPECT_NE(model.summary_text().find(" Optimizer params: 104 ("), std::string::npos)
      << model.summary_text();
}

TEST(Model, Errors) {
  Sequential model = small_model();
  const DataSplit data = datasets::blobs(32);
  expect_error<StateError>([&] { model.fit(data); },
                           "[Sequential 'small'] The model is not compiled. Hint: call "
                           "model.compile({.optimizer = …, .loss = …}) first.");
  model.compile(classifier());
  expect_error<ValueError>([&] { model.fit(data, {.verbose = 3}); },
                           "[fit] `verbose` is out of range. Expected 0, 1 or 2. Received "
                           "verbose=3.");
  expect_error<ValueError>([&] { model.fit(data, {.epochs = -1}); },
                           "[fit] The number of epochs must not be negative. Received epochs=-1, "
                           "initial_epoch=0.");
  expect_error<ValueError>([&] { model.get_layer("top"); },
                           "[Sequential 'small'] There is no layer of this name. Expected one of " +
                               model.layers()[0].name() + ", " + model.layers()[1].name() +
                               ". Received \"top\".");
  expect_error<ValueError>(
      [&] {
        model.fit(DataSplit{data.x, {}}, {.verbose = 0});
      },
      "[fit, epoch 1, batch 1] There are no targets to compare the "
      "predictions with. Expected x and y. Received x only.");
  expect_error<ShapeError>(
      [&] {
        model.fit(zeros({4, 5}), zeros({4, 1}), {.verbose = 0});
      },
      "[fit, epoch 1, batch 1 > Sequential 'small' > " + model.layers()[0]->where() +
          "] The input does not fit the weights. Expected axis -1 of length 2, as when the layer "
          "was built. Received (4, 5).");
  expect_error<ValueError>([] { CompileConfig{.loss = "mean_square_error"}; },
                           "[loss] There is no loss of this name. Expected one of "
                           "mean_squared_error, mse, mean_absolute_error, mae, "
                           "mean_absolute_percentage_error, mape, "
                           "mean_squared_logarithmic_error, msle, binary_crossentropy, "
                           "bce, categorical_crossentropy, "
                           "sparse_categorical_crossentropy, binary_focal_crossentropy, "
                           "categorical_focal_crossentropy, "
                           "categorical_generalized_cross_entropy, kl_divergence, kld, "
                           "poisson, huber, log_cosh, cosine_similarity, hinge, "
                           "squared_hinge, categorical_hinge, dice, tversky, ctc, circle. "
                           "Received "
                           "\"mean_square_error\".");
  expect_error<ValueError>([] { Metric("accurracy"); },
                           "[metric] There is no metric of this name. Expected one of "
                           "accuracy, acc, binary_accuracy, categorical_accuracy, "
                           "sparse_categorical_accuracy, top_k_categorical_accuracy, "
                           "sparse_top_k_categorical_accuracy, mean_squared_error, mse, "
                           "root_mean_squared_error, mean_absolute_error, mae, "
                           "mean_absolute_percentage_error, mape, "
                           "mean_squared_logarithmic_error, msle, log_cosh_error, "
                           "cosine_similarity, pearson_correlation, "
                           "concordance_correlation, r2_score, binary_crossentropy, bce,"
                           " categorical_crossentropy, sparse_categorical_crossentropy, "
                           "kl_divergence, poisson, hinge, squared_hinge, "
                           "categorical_hinge, true_positives, false_positives, "
                           "true_negatives, false_negatives, precision, recall, "
                           "sensitivity_at_specificity, specificity_at_sensitivity, "
                           "precision_at_recall, recall_at_precision, auc, f1_score, "
                           "f_beta_score, io_u, binary_io_u, mean_io_u, one_hot_io_u, "
                           "one_hot_mean_io_u, confusion_matrix, matthews_correlation, "
                           "cohen_kappa, ndcg, mean_reciprocal_rank, hit_rate, "
                           "perplexity, bleu. Received "
                           "\"accurracy\".");
  CompileConfig one_hot_loss = classifier();
  one_hot_loss.loss = "categorical_crossentropy";
  model.compile(std::move(one_hot_loss));
  expect_error<ShapeError>([&] { model.fit(data, {.batch_size = 32, .verbose = 0}); },
                           "[fit, epoch 1, batch 1 > categorical_crossentropy] Targets and "
                           "predictions do not fit each other. Expected targets of shape (32, 3), "
                           "as the predictions. Received (32,). Hint: integer labels need the loss "
                           "\"sparse_categorical_crossentropy\".");
  const Sequential unbuilt({Dense({.units = 1})}, "net");
  EXPECT_THROW(unbuilt.weights_map(), StateError);
}

/// Counts hooks and reads logs.
struct Recorder : Callback {
  void on_train_begin() override { text += "["; }
  void on_train_end() override { text += "]"; }
  void on_epoch_begin(int64_t epoch) override { text += "e" + std::to_string(epoch); }
  void on_epoch_end(int64_t, const Logs& logs) override {
    text += "E";
    last = logs;
  }
  void on_train_batch_begin(int64_t) override { text += "b"; }
  void on_train_batch_end(int64_t batch, const BatchLogs& logs) override {
    text += "B";
    if (batch == 1) {
      EXPECT_GT(logs.read().at("loss"), 0);
    }
    if (stop_at_epoch >= 0) model().stop_training = true;
  }
  std::string text;
  Logs last;
  int stop_at_epoch = -1;
};

TEST(Callbacks, AreCalledInOrder) {
  Sequential model = small_model();
  model.compile(classifier());
  Recorder recorder;
  model.fit(datasets::blobs(48), {.epochs = 3,
                                  .verbose = 0,
                                  .callbacks = {&recorder},
                                  .validation_data = datasets::blobs(16),
                                  .initial_epoch = 1});
  EXPECT_EQ(recorder.text, "[e1bBbBEe2bBbBE]");
  EXPECT_EQ(recorder.last.size(), 4u);

  std::vector<double> seen;
  model.fit(datasets::blobs(48),
            {.epochs = 2,
             .verbose = 0,
             .callbacks = {LambdaCallback({.on_epoch_end = [&](int64_t, const Logs& logs) {
               seen.push_back(logs.at("loss"));
             }})}});
  EXPECT_EQ(seen.size(), 2u);
}

TEST(Callbacks, CanStopTraining) {
  Sequential model = small_model();
  model.compile(classifier());
  Recorder recorder;
  recorder.stop_at_epoch = 0;
  const History history =
      model.fit(datasets::blobs(32), {.epochs = 5, .verbose = 0, .callbacks = {&recorder}});
  EXPECT_EQ(history.epoch.size(), 1u);
}

/// Feeds EarlyStopping a made-up curve through a real run.
struct Curve {
  explicit Curve(EarlyStoppingConfig config) : stopping(config) {}
  size_t run(const std::vector<double>& values) {
    Sequential model = small_model();
    stopping.attach(&model, {});
    stopping.on_train_begin();
    size_t epoch = 0;
    while (epoch < values.size() && !model.stop_training) {
      stopping.on_epoch_end(static_cast<int64_t>(epoch),
                            {{"val_loss", values[epoch]}, {"val_accuracy", values[epoch]}});
      ++epoch;
    }
    stopping.on_train_end();
    return epoch;
  }
  EarlyStopping stopping;
};

TEST(EarlyStopping, CountsEpochsWithoutImprovement) {
  const std::vector<double> values = {1.0, 0.8, 0.81, 0.79, 0.795, 0.9, 0.85, 0.7};
  EXPECT_EQ(Curve({.patience = 3}).run(values), 7u);
  EXPECT_EQ(Curve({.patience = 0}).run(values), 3u);
  EXPECT_EQ(Curve({.min_delta = 0.05, .patience = 3}).run(values), 5u);
  EXPECT_EQ(Curve({.patience = 2, .start_from_epoch = 4}).run(values), 7u);
  EXPECT_EQ(Curve({.patience = 2, .baseline = 0.5}).run(values), 3u);
  EXPECT_EQ(Curve({.monitor = "val_accuracy", .patience = 2}).run(values), 3u);
  EXPECT_EQ(Curve({.monitor = "val_accuracy", .patience = 2, .mode = "min"}).run(values), 6u);
  Curve curve({.patience = 3});
  curve.run(values);
  EXPECT_EQ(curve.stopping.stopped_epoch(), 6);
  EXPECT_EQ(curve.stopping.best_epoch(), 3);
  EXPECT_EQ(curve.stopping.best(), 0.79);
  expect_error<ValueError>([] { EarlyStopping({.mode = "up"}); },
                           "[EarlyStopping] The mode is unknown. Expected \"auto\", \"min\" or "
                           "\"max\". Received \"up\".");
}

TEST(EarlyStopping, GivesTheBestWeightsBack) {
  Sequential model = small_model();
  CompileConfig config = classifier();
  config.optimizer = SGD({.learning_rate = 50.0});  // diverges: the first epochs are the best
  model.compile(std::move(config));
  EarlyStopping stopping({.monitor = "loss", .patience = 2, .restore_best_weights = true});
  std::vector<std::vector<std::vector<float>>> snapshots;
  const LambdaCallback keep(
      {.on_epoch_end = [&](int64_t, const Logs&) { snapshots.push_back(values_of(model)); }});
  model.fit(datasets::blobs(64), {.epochs = 30, .verbose = 0, .callbacks = {keep, &stopping}});
  EXPECT_EQ(values_of(model), snapshots.at(static_cast<size_t>(stopping.best_epoch())));
}

TEST(Interrupt, EndsAfterTheStepAndKeepsHistory) {
  Sequential model = small_model();
  model.compile(classifier());
  int batches = 0;
  const LambdaCallback interrupt({.on_train_batch_end = [&](int64_t, const BatchLogs&) {
    if (++batches == 5) std::raise(SIGINT);
  }});
  const History history =
      model.fit(datasets::blobs(96), {.epochs = 10, .verbose = 0, .callbacks = {interrupt}});
  EXPECT_TRUE(history.interrupted);
  EXPECT_EQ(batches, 5);
  EXPECT_EQ(history.epoch.size(), 2u);
  EXPECT_EQ(model.optimizer().iterations(), 5);
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST(Interrupt, EndsValidationToo) {
  struct Interrupter : Callback {
    void on_test_batch_end(int64_t, const BatchLogs&) override {
      ++batches;
      std::raise(SIGINT);
    }
    int batches = 0;
  } interrupter;
  Sequential model = small_model();
  model.compile(classifier());
  const History history = model.fit(datasets::blobs(64), {.epochs = 3,
                                                          .verbose = 0,
                                                          .callbacks = {&interrupter},
                                                          .validation_data = datasets::blobs(96)});
  EXPECT_TRUE(history.interrupted);
  EXPECT_EQ(interrupter.batches, 1);
  EXPECT_EQ(history.epoch.size(), 1u);
  EXPECT_FALSE(history.history.contains("val_loss"));
}

TEST(InterruptDeathTest, ASecondOneEndsTheProcess) {
  EXPECT_EXIT(
      {
        const InterruptGuard guard;
        std::raise(SIGINT);
        if (!guard.requested()) std::exit(1);
        std::raise(SIGINT);
        std::exit(2);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace danlu
