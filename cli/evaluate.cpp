#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "danlu/base/thread.h"
#include "danlu/io/safetensors.h"

namespace danlu::cli {
namespace {

int evaluate(const RecipeOptions& options) {
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
  CLI::App* command = app.add_subcommand("evaluate", "Measure saved weights on test samples");
  add_recipe_name(*command, *o);
  add_data(*command, *o);
  command->add_option("--load", o->load, "Weights that `danlu train --save` wrote")->required();
  add_seed(*command, *o);
  add_threads(*command, *o);
  add_as_printed(*command, *o);
  command->add_flag("--json", o->json, "One line of JSON");
  command->footer(R"(
Examples:
  danlu evaluate cnn --data fashion-mnist --load clothes.safetensors
  danlu evaluate cnn --data ./my-idx-folder --load clothes.safetensors --json)");
  command->callback([o, &action] { action = [o] { return evaluate(*o); }; });
}

}  // namespace danlu::cli
