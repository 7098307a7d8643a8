#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/progress.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/step_timer.h"
#include "cli/usage.h"
#include "danlu/base/file.h"
#include "danlu/base/thread.h"
#include "danlu/io/safetensors.h"
#include "danlu/nn/summary.h"

namespace danlu::cli {
namespace {

constexpr int kInterrupted = 130;

struct TrainOptions : RecipeOptions {
  int64_t epochs = 0;      ///< 0: the recipe's
  int64_t batch_size = 0;  ///< 0: the recipe's
  std::string optimizer;
  double learning_rate = 0;
  double validation_split = 0;
  std::string save;
  bool quiet = false;
};

void check_learning_rate(double value) {
  if (std::isfinite(value) && value > 0) return;
  throw UsageError({.where = "--learning-rate",
                    .what = "The learning rate cannot be used",
                    .expected = "a number above 0",
                    .received = CLI::detail::to_string(value)});
}

void check_validation_split(double value) {
  if (value >= 0 && value < 1) return;
  throw UsageError({.where = "--validation-split",
                    .what = "The share of the samples is out of range",
                    .expected = "0 or more and less than 1",
                    .received = CLI::detail::to_string(value)});
}

/// "1 epoch", "60,000 samples"
std::string counted(int64_t count, const std::string& thing) {
  return with_thousands(count) + " " + thing + (count == 1 ? "" : "s");
}

void say_what_is_coming(const Recipe& recipe, const RecipeData& data, const TrainOptions& options,
                        Sequential& model, int64_t samples) {
  char rate[32];
  std::snprintf(rate, sizeof rate, "%g", model.optimizer().learning_rate());
  std::cout << recipe.name << (options.as_printed ? " as printed" : "") << " on " << data.name
            << ": " << counted(samples, "sample") << ", " << counted(options.epochs, "epoch")
            << ", batch size " << options.batch_size << ", " << options.optimizer << " " << rate
            << ", seed " << options.seed << ", " << counted(effective_threads(), "thread") << ", "
            << counted(model.count_params(), "parameter") << std::endl;
}

int train(TrainOptions options) {
  const Recipe recipe = choose_recipe(options);
  use_threads(options);
  check_load(options);
  if (!options.save.empty()) checked("--save", [&] { check_writable(options.save); });

  const bool other_optimizer = !options.optimizer.empty() && options.optimizer != recipe.optimizer;
  if (options.optimizer.empty()) options.optimizer = recipe.optimizer;
  if (options.learning_rate == 0 && !other_optimizer) options.learning_rate = recipe.learning_rate;
  if (options.epochs == 0) options.epochs = recipe.epochs;
  if (options.batch_size == 0) options.batch_size = recipe.batch_size;
  Sequential model = make_model(recipe, options, options.optimizer, options.learning_rate);

  const RecipeData data = load_data(recipe, options);
  DataSplit train = data.train, validation;
  if (options.validation_split > 0) {
    std::tie(train, validation) =
        checked("--validation-split", [&] { return data.train.split(options.validation_split); });
  } else if (recipe.validates) {
    validation = data.test;
  }
  if (!options.quiet) say_what_is_coming(recipe, data, options, model, train.size());

  StepTimer timer;
  FitOptions fit{.epochs = options.epochs,
                 .batch_size = options.batch_size,
                 .verbose = 0,
                 .callbacks = {&timer},
                 .seed = options.seed};
  if (!options.quiet) fit.callbacks.push_back(progress(options.epochs));
  if (validation.size() > 0) fit.validation_data = validation;
  const auto start = std::chrono::steady_clock::now();
  const History history = model.fit(train, fit);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  if (history.interrupted) std::cerr << "danlu: interrupted, training ended after the step\n";
  // An interrupted epoch counts by its steps.
  const int64_t trained = history.interrupted
                              ? timer.steps() * options.batch_size
                              : static_cast<int64_t>(history.epoch.size()) * train.size();

  const TensorMap weights = model.weights_map();
  if (!options.save.empty()) save_safetensors(options.save, weights);
  RunReport report{.recipe = recipe.name,
                   .data = data.name,
                   .samples = train.size(),
                   .epochs = static_cast<int64_t>(history.epoch.size()),
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .threads = effective_threads(),
                   .parameters = model.count_params(),
                   .test_samples = data.test.size(),
                   .test = model.evaluate(data.test, {.batch_size = kTestBatch, .verbose = 0}),
                   .seconds = seconds.count(),
                   .samples_per_second = static_cast<double>(trained) / seconds.count(),
                   .step_us_median = timer.median_us(),
                   .weights_sha256 = safetensors_sha256(weights)};
  for (const auto& [name, values] : history.history) report.train[name] = values.back();

  if (!options.quiet) {
    if (recipe.report != nullptr) std::cout << recipe.report(model, train);
    std::cout << to_text(report);
    if (!options.save.empty()) std::cout << "saved    " << options.save << '\n';
    if (!recipe.why_it_fails.empty())
      std::cout << "\nWhy it fails: " << recipe.why_it_fails << '\n';
  }
  if (options.json) std::cout << to_json(report).dump() << '\n';
  std::cout.flush();
  return history.interrupted ? kInterrupted : 0;
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  auto file = std::make_shared<ModelFileOptions>();
  CLI::App* command = app.add_subcommand(
      "train", "Train a recipe and measure it on test samples, or a model in a file on arrays");
  add_model(*command, *o);
  add_data(*command, *o);
  auto* epochs = command->add_option("--epochs", o->epochs, "Passes over the training samples");
  auto* batch_size = command->add_option("--batch-size", o->batch_size, "Samples per step");
  command->add_option("--optimizer", o->optimizer, "By its name in Keras, as sgd or adam");
  auto* rate = command->add_option("--learning-rate", o->learning_rate, "Above 0");
  add_seed(*command, *o);
  add_threads(*command, *o);
  auto* split = command->add_option("--validation-split", o->validation_split,
                                    "Share of the training samples, from the end, to validate on");
  command->add_option("--save", o->save,
                      "Write the weights to this safetensors file; a model in a file: .keras");
  command->add_option("--load", o->load, "Start from the weights of this file");
  command->add_flag("--json", o->json, "Results as one last line of JSON");
  command->add_flag("--quiet", o->quiet, "No progress and no text, only what --json prints");
  add_as_printed(*command, *o);
  command->add_option("--x", file->x, "Of a model in a file: samples, FILE.npy or INPUT=FILE.npy");
  command->add_option("--y", file->y, "and their targets, FILE.npy or OUTPUT=FILE.npy");
  command->add_option("--loss", file->loss, "Another loss than the file's");
  command->add_option("--optimizer-config", file->optimizer_config,
                      "Settings of the optimizer as JSON, by their names in Keras");
  command->add_flag("!--no-shuffle", file->shuffle, "Samples of arrays in their order");
  command->add_option("--precision", file->precision, "float32 or float64 (default: the file's)")
      ->check(CLI::IsMember({"float32", "float64"}));
  command->footer(R"(
Options that are left out take the recipe's values. Progress goes to stderr, results to stdout.
Ctrl-C ends after the current step, and still saves and prints; a second one ends at once.

Examples:
  danlu train cnn --save clothes.safetensors
  danlu train cnn --data fashion-mnist --epochs 5 --seed 1 --json --quiet
  danlu train mnist-cnn --optimizer sgd --learning-rate 0.1 --validation-split 0.1
  danlu train xor --as-printed
  danlu train model.keras --x X.npy --y Y.npy --epochs 5 --save trained.keras
  danlu train model.keras --x X.npy --y Y.npy --loss mse --optimizer sgd \
    --optimizer-config '{"learning_rate": 0.1, "momentum": 0.9}' --no-shuffle --json)");
  command->callback([=, &action] {
    if (epochs->count() > 0) check_at_least("--epochs", o->epochs, 1);
    if (batch_size->count() > 0) check_at_least("--batch-size", o->batch_size, 1);
    if (rate->count() > 0) check_learning_rate(o->learning_rate);
    if (split->count() > 0) check_validation_split(o->validation_split);
    action = [o, file] {
      if (!is_model_file(o->recipe)) return train(*o);
      file->model = o->recipe, file->json = o->json, file->quiet = o->quiet;
      file->threads = o->threads, file->seed = o->seed, file->save = o->save;
      file->optimizer = o->optimizer, file->learning_rate = o->learning_rate;
      if (o->epochs > 0) file->epochs = o->epochs;
      if (o->batch_size > 0) file->batch_size = o->batch_size;
      return train_file(*file);
    };
  });
}

}  // namespace danlu::cli
