#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/session.h"

namespace danlu::cli {
namespace {

constexpr size_t kColumns = 80;

/// `text` in lines of at most kColumns, each after `indent` spaces.
std::string wrapped(const std::string& text, size_t indent) {
  const std::string margin(indent, ' ');
  std::string out, line = margin;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (line.size() > indent && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = margin;
    }
    line += (line.size() > indent ? " " : "") + word;
    at = end + 1;
  }
  return out + line + "\n";
}

int print_recipes() {
  for (const Recipe& recipe : recipes::list()) {
    std::cout << recipe.name << ": " << recipe.title << " (listing " << recipe.listing << ")\n"
              << wrapped(recipe.description, 4) << "    " << recipe.data << ", " << recipe.epochs
              << " epochs, batch size " << recipe.batch_size << ", " << recipe.optimizer << " "
              << recipe.learning_rate << ", " << recipe.loss << "\n\n";
  }
  std::cout << "`danlu train RECIPE` runs one; `danlu summary RECIPE` shows its layers.\n";
  return 0;
}

int print_summary(const RecipeOptions& options) {
  if (is_model_file(options.recipe)) return summary_file({.model = options.recipe});
  make_model(choose_recipe(options), options).summary();
  return 0;
}

}  // namespace

void add_recipes(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("recipes", "The networks that are ready to train");
  command->footer(R"(
Examples:
  danlu recipes
  danlu train linear-regression)");
  command->callback([&action] { action = print_recipes; });
}

void add_summary(CLI::App& app, Action& action) {
  auto o = std::make_shared<RecipeOptions>();
  CLI::App* command =
      app.add_subcommand("summary", "The layers of a recipe or of a model in a file");
  add_model(*command, *o);
  add_as_printed(*command, *o);
  command->footer(R"(
Examples:
  danlu summary cnn
  danlu summary model.keras
  danlu summary xor --as-printed)");
  command->callback([o, &action] { action = [o] { return print_summary(*o); }; });
}

}  // namespace danlu::cli
