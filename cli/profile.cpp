#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/session.h"
#include "danlu/base/file.h"

namespace danlu::cli {
namespace {

struct ProfileOptions : RecipeOptions {
  int64_t batch_size = 0;  ///< 0: the recipe's own
  int64_t steps = 50;
  std::string trace;
};

int profile(const ProfileOptions& options) {
  const Recipe recipe = choose_recipe(options);
  use_threads(options);
  check_at_least("--steps", options.steps, 1);
  if (options.batch_size != 0) check_at_least("--batch-size", options.batch_size, 1);
  if (!options.trace.empty()) check_writable(options.trace);
  Sequential model = make_model(recipe, options);
  const RecipeData data = load_data(recipe, options);
  const Profile result =
      model.profile(data.train, options.batch_size ? options.batch_size : recipe.batch_size,
                    static_cast<int>(options.steps));
  if (!options.trace.empty()) write_file(options.trace, result.chrome_trace());
  std::cout << (options.json ? result.to_json().dump() + "\n" : result.to_string());
  return 0;
}

}  // namespace

void add_profile(CLI::App& app, Action& action) {
  auto o = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand("profile", "Where the time of a training step goes");
  add_recipe_name(*command, *o);
  add_data(*command, *o);
  command->add_option("--batch-size", o->batch_size, "Samples a step (the recipe's own)");
  command->add_option("--steps", o->steps, "Steps that are timed")->capture_default_str();
  command->add_option("--trace", o->trace,
                      "Write one step as a trace for Perfetto or chrome://tracing");
  add_seed(*command, *o);
  add_threads(*command, *o);
  command->add_flag("--json", o->json, "One line of JSON");
  command->footer(R"(
Examples:
  danlu profile cnn
  danlu profile cnn --batch-size 256 --threads 1 --json
  danlu profile mnist-cnn --trace step.json)");
  command->callback([o, &action] { action = [o] { return profile(*o); }; });
}

}  // namespace danlu::cli
