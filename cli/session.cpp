#include "cli/session.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/usage.h"
#include "danlu/base/file.h"
#include "danlu/base/thread.h"
#include "danlu/nn/global_state.h"

namespace danlu::cli {
namespace {

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes::list()) names.push_back(recipe.name);
  return names;
}

void check_fits(const Recipe& recipe, const datasets::Info& info) {
  const std::string wanted =
      "samples of shape " + recipe.sample_shape.to_string() +
      (recipe.max_classes > 0 ? " in at most " + std::to_string(recipe.max_classes) + " classes"
                              : ", with numbers to predict");
  const bool classes_fit = recipe.max_classes > 0
                               ? info.classes > 0 && info.classes <= recipe.max_classes
                               : info.classes == 0;
  if (info.sample_shape == recipe.sample_shape && classes_fit) return;
  throw UsageError({.where = "--data",
                    .what = "'" + info.name + "' does not fit the recipe '" + recipe.name + "'",
                    .expected = wanted,
                    .received = info.sample_shape.to_string() + " with " +
                                (info.classes > 0 ? std::to_string(info.classes) + " classes"
                                                  : std::string("numbers to predict")),
                    .hint = "without --data it uses '" + recipe.data + "'"});
}

}  // namespace

void add_recipe_name(CLI::App& command, RecipeOptions& options) {
  command.add_option("RECIPE", options.recipe, one_of(recipe_names()))->required();
}

void add_model(CLI::App& command, RecipeOptions& options) {
  command.add_option("RECIPE", options.recipe, one_of(recipe_names()) + ", or a .keras file")
      ->required();
}

void require_load(const std::string& command, const RecipeOptions& options) {
  if (!options.load.empty()) return;
  throw UsageError({.where = command,
                    .what = "--load is required",
                    .hint = "`danlu " + command + " --help` shows what there is, with examples"});
}

void add_data(CLI::App& command, RecipeOptions& options) {
  command.add_option("--data", options.data,
                     "NAME from `danlu datasets list`, or a folder with IDX files (default: the "
                     "recipe's own)");
}

void add_seed(CLI::App& command, RecipeOptions& options) {
  command
      .add_option("--seed", options.seed,
                  "Of weights, order and made-up data; the same seed gives the same bits")
      ->capture_default_str();
}

void add_threads(CLI::App& command, RecipeOptions& options) {
  command.add_option("--threads", options.threads,
                     "Threads to use (default: DANLU_NUM_THREADS, else all)");
}

void add_as_printed(CLI::App& command, RecipeOptions& options) {
  command.add_flag("--as-printed", options.as_printed,
                   "The listing as the course prints it, where that fails, and why");
}

Recipe choose_recipe(const RecipeOptions& options) {
  const Recipe* recipe = recipes::find(options.recipe);
  if (recipe == nullptr) {
    const std::string nearest = nearest_name_hint(options.recipe, recipe_names());
    throw UsageError({.where = "RECIPE",
                      .what = "There is no such recipe",
                      .expected = one_of(recipe_names()),
                      .received = "'" + options.recipe + "'",
                      .hint = nearest.empty() ? "`danlu recipes` describes them" : nearest});
  }
  if (!options.as_printed) return *recipe;
  if (recipe->as_printed == nullptr) {
    throw UsageError({.where = "--as-printed",
                      .what = "The network of '" + recipe->name + "' is the listing's already",
                      .hint = "leave the option out"});
  }
  return recipe->as_printed();
}

void use_threads(const RecipeOptions& options) {
  if (options.threads == 0) return;
  checked("--threads", [&] { set_num_threads(options.threads); });
}

void check_load(const RecipeOptions& options) {
  if (options.load.empty() || file_exists(options.load)) return;
  throw UsageError({.where = "--load",
                    .what = is_folder(options.load) ? "This is a folder" : "There is no such file",
                    .expected = "a file that `danlu train --save` wrote",
                    .received = "'" + options.load + "'",
                    .hint = "check the path"});
}

void check_at_least(const std::string& option, int64_t value, int64_t least) {
  if (value >= least) return;
  throw UsageError({.where = option,
                    .what = "The number is too small",
                    .expected = std::to_string(least) + " or more",
                    .received = std::to_string(value)});
}

RecipeData load_data(const Recipe& recipe, const RecipeOptions& options) {
  RecipeData data;
  data.name = options.data.empty() ? recipe.data : options.data;
  datasets::Loaded loaded;
  try {
    if (!is_folder(data.name)) check_fits(recipe, datasets::info(data.name));
    loaded = datasets::load(data.name, static_cast<uint64_t>(options.seed));
  } catch (const ValueError& error) {
    ErrorParts parts = error.parts();
    parts.where = "--data";
    throw UsageError(std::move(parts));
  }
  data.info = std::move(loaded.info);
  check_fits(recipe, data.info);
  const auto prepare = [&](const DataSplit& split) {
    return recipe.prepare == nullptr ? split : recipe.prepare(split);
  };
  data.train = prepare(loaded.train);
  data.test = prepare(loaded.test);
  data.raw_test = std::move(loaded.test);
  return data;
}

Sequential make_model(const Recipe& recipe, const RecipeOptions& options,
                      const std::string& optimizer, double learning_rate) {
  Optimizer chosen = checked("--optimizer", [&] { return Optimizer(optimizer); });
  if (learning_rate > 0) {
    checked("--learning-rate", [&] { chosen->set_learning_rate(learning_rate); });
  }
  set_random_seed(options.seed);
  clear_session();  // the layers are called dense, dense_1, … in every model
  Sequential model = recipe.model();
  model.compile({.optimizer = chosen,
                 .loss = recipe.loss,
                 .metrics = std::vector<Metric>(recipe.metrics.begin(), recipe.metrics.end())});
  if (!options.load.empty()) model.load_weights(options.load);
  return model;
}

Sequential make_model(const Recipe& recipe, const RecipeOptions& options) {
  return make_model(recipe, options, recipe.optimizer, recipe.learning_rate);
}

std::string number_text(const Logs& logs, const std::string& name) {
  const auto found = logs.find(name);
  if (found == logs.end()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", found->second);
  return text;
}

std::string accuracy_name(const Logs& logs) {
  for (const auto& [name, value] : logs) {
    if (name.ends_with("accuracy") && !name.starts_with("val_")) return name;
  }
  return "";
}

std::string class_name(const datasets::Info& info, int64_t index) {
  const auto at = static_cast<size_t>(index);
  return at < info.class_names.size() ? info.class_names[at] : std::to_string(index);
}

}  // namespace danlu::cli
