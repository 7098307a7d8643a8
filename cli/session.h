#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/data/datasets.h"
#include "danlu/models/recipe.h"

namespace CLI {
class App;
}

/// What the subcommands that run a recipe share: finding it, its data, its model.
namespace danlu::cli {

/// Batch size of every measurement on test samples, so that `train` and `evaluate` print the same
/// figures whatever the training's batch size was.
inline constexpr int64_t kTestBatch = 256;

/// Options that more than one subcommand has.
struct RecipeOptions {
  std::string recipe;
  std::string data;  ///< empty: the recipe's own
  int64_t seed = 0;
  int threads = 0;  ///< 0: `num_threads()`
  std::string load;
  bool as_printed = false;
  bool json = false;
};
void add_recipe_name(CLI::App& command, RecipeOptions& options);
/// The name of a recipe, or a file with a model.
void add_model(CLI::App& command, RecipeOptions& options);
void add_data(CLI::App& command, RecipeOptions& options);
void add_seed(CLI::App& command, RecipeOptions& options);
void add_threads(CLI::App& command, RecipeOptions& options);
void add_as_printed(CLI::App& command, RecipeOptions& options);

/// The recipe that `options` name. Errors: UsageError.
Recipe choose_recipe(const RecipeOptions& options);
/// Takes --threads into effect. Errors: UsageError.
void use_threads(const RecipeOptions& options);
/// Errors: UsageError when there is no --load.
void require_load(const std::string& command, const RecipeOptions& options);
/// Errors: UsageError when the file of --load is missing or a folder.
void check_load(const RecipeOptions& options);
/// Errors: UsageError unless `value` is at least `least`.
void check_at_least(const std::string& option, int64_t value, int64_t least);

/// A data set as a recipe wants it.
struct RecipeData {
  std::string name;
  datasets::Info info;
  DataSplit train, test;  ///< prepared
  DataSplit raw_test;     ///< the test samples with integer labels
};
/// Errors: UsageError for an unknown data set or one that does not fit the recipe; IoError when its
/// files are missing or damaged.
RecipeData load_data(const Recipe& recipe, const RecipeOptions& options);

/// A fresh model of the recipe, compiled; weights from --load where it is given.
/// Errors: UsageError for an unknown optimizer; IoError for a file of other weights.
Sequential make_model(const Recipe& recipe, const RecipeOptions& options,
                      const std::string& optimizer, double learning_rate);
/// With the recipe's own optimizer and learning rate.
Sequential make_model(const Recipe& recipe, const RecipeOptions& options);

/// "0.9013", or "-" when a recipe has no such value.
std::string number_text(const Logs& logs, const std::string& name);
/// The name under which `logs` hold the accuracy; "" when there is none.
std::string accuracy_name(const Logs& logs);
/// Class names of the data set; their numbers where it has none.
std::string class_name(const datasets::Info& info, int64_t index);

}  // namespace danlu::cli
