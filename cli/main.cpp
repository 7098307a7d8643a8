#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "cli/commands.h"
#include "cli/usage.h"

namespace danlu::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  danlu demo                                       what it can do, in about a minute
  danlu train cnn --epochs 5 --save clothes.safetensors
  danlu evaluate cnn --data fashion-mnist --load clothes.safetensors
  danlu predict cnn --load clothes.safetensors --count 5
  danlu predict model.keras --input x.npy --output y.npy
  danlu recipes                                    the networks that are ready to train
  danlu train --help                               every option, with examples

Exit status: 0 done; 1 the work failed; 2 the command line cannot be carried out.)";

/// The subcommand that was being read when something went wrong, as errors name it.
std::string current_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? "danlu" : chosen.front()->get_name();
}

int report(const std::exception& error, int status) {
  std::fflush(stdout);
  std::cerr << "danlu: " << error.what() << std::endl;
  return status;
}

int run(int argc, char** argv) {
  CLI::App app("Danlu: deep learning in native C++.", "danlu");
  app.set_version_flag("--version", "danlu " DANLU_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  app.fallthrough(false);
  Action action;
  for (auto add : {add_train, add_evaluate, add_predict, add_summary, add_recipes, add_datasets,
                   add_info, add_profile, add_demo, add_convert}) {
    add(app, action);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string command = current_command(app);
    const std::string help = command == "danlu" ? "danlu --help" : "danlu " + command + " --help";
    throw UsageError({.where = command,
                      .what = error.what(),
                      .hint = "`" + help + "` shows what there is, with examples"});
  }
  return action();
}

}  // namespace
}  // namespace danlu::cli

int main(int argc, char** argv) {
  using namespace danlu::cli;
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return report(error, kUsage);
  } catch (const std::exception& error) {
    return report(error, kFailure);
  }
}
