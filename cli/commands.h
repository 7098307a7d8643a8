#pragma once

#include <functional>

namespace CLI {
class App;
}

/// The `danlu` command: one file for each subcommand.
namespace danlu::cli {

/// What a subcommand is to do once the command line is read; returns the exit status.
using Action = std::function<int()>;

/// Each adds its subcommand to `app`. When that one is chosen, parsing fills `action`.
void add_train(CLI::App& app, Action& action);
void add_evaluate(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_summary(CLI::App& app, Action& action);
void add_recipes(CLI::App& app, Action& action);
void add_datasets(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);

}  // namespace danlu::cli
