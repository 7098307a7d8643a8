#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "danlu/base/thread.h"
#include "danlu/io/safetensors.h"

namespace danlu::cli {
namespace {

int evaluate(const RecipeOptions& options) {
  require_load("evaluate", options);
  const Recipe recipe = choose_recipe(options);
  use_threads(options);
  check_load(options);
  Sequential model = make_model(recipe, options);
  const RecipeData data = load_data(recipe, options);

  const auto start = std::chrono::steady_clock::now();
  const Logs test = model.evaluate(data.test, {.batch_size = kTestBatch, .verbose = 0});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const RunReport report{
      .recipe = recipe.name,
      .data = data.name,
      .samples = data.test.size(),
      .batch_size = kTestBatch,
      .seed = options.seed,
      .threads = effective_threads(),
      .parameters = model.count_params(),
      .test_samples = data.test.size(),
      .test = test,
      .seconds = seconds.count(),
      .samples_per_second = static_cast<double>(data.test.size()) / seconds.count(),
      .weights_sha256 = safetensors_sha256(model.weights_map())};
  std::cout << (options.json ? to_json(report).dump() + "\n" : to_text(report));
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& app, Action& action) {
  auto o = std::make_shared<RecipeOptions>();
  auto file = std::make_shared<ModelFileOptions>();
  CLI::App* command = app.add_subcommand(
      "evaluate", "Measure saved weights on test samples, or a model in a file on arrays");
  add_model(*command, *o);
  add_data(*command, *o);
  command->add_option("--load", o->load, "Weights that `danlu train --save` wrote");
  add_seed(*command, *o);
  add_threads(*command, *o);
  add_as_printed(*command, *o);
  command->add_flag("--json", o->json, "One line of JSON");
  command->add_option("--x", file->x, "Of a model in a file: samples, FILE.npy or INPUT=FILE.npy");
  command->add_option("--y", file->y, "and their targets, FILE.npy or OUTPUT=FILE.npy");
  command->add_option("--loss", file->loss, "Another loss than the file's");
  auto* batch_size = command->add_option("--batch-size", file->batch_size, "Samples per step");
  command->add_option("--precision", file->precision, "float32 or float64 (default: the file's)")
      ->check(CLI::IsMember({"float32", "float64"}));
  command->footer(R"(
Examples:
  danlu evaluate model.keras --x X.npy --y Y.npy
  danlu evaluate cnn --data fashion-mnist --load clothes.safetensors
  danlu evaluate cnn --data ./my-idx-folder --load clothes.safetensors --json)");
  command->callback([=, &action] {
    if (batch_size->count() > 0) check_at_least("--batch-size", file->batch_size, 1);
    action = [o, file] {
      if (!is_model_file(o->recipe)) return evaluate(*o);
      file->model = o->recipe, file->json = o->json, file->threads = o->threads;
      return evaluate_file(*file);
    };
  });
}

}  // namespace danlu::cli
