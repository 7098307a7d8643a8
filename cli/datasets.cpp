#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/usage.h"
#include "danlu/data/datasets.h"

namespace danlu::cli {
namespace {

int list() {
  std::cout << std::left;
  for (const datasets::Info& info : datasets::list()) {
    std::cout << std::setw(15) << info.name << std::right << std::setw(7) << info.train_samples
              << " +" << std::setw(6) << info.test_samples << "  " << std::left << info.description
              << (info.available ? "" : " [missing]") << '\n';
  }
  std::cout << "\n`danlu datasets info NAME` tells more, also how to get what is missing.\n"
               "Any folder with the four IDX files of an MNIST-like set may stand for a NAME.\n";
  return 0;
}

int info(const std::string& name) {
  const datasets::Info info = checked("datasets", [&] { return datasets::info(name); });
  auto line = [](const std::string& key, const std::string& value) {
    std::cout << key << std::string(13 - key.size(), ' ') << value << '\n';
  };
  line("Name", info.name);
  line("What", info.description);
  line("Source", info.source);
  line("Samples", std::to_string(info.train_samples) + " to train, " +
                      std::to_string(info.test_samples) + " to test");
  line("Sample", info.sample_shape.to_string());
  if (info.classes > 0) {
    std::string names;
    for (const std::string& name : info.class_names) names += (names.empty() ? "" : ", ") + name;
    line("Classes", std::to_string(info.classes) + ": " + names);
  }
  if (!info.how_to_get.empty()) {
    line("Where", info.available ? info.location : "not on this machine");
    if (!info.available) line("How to get", info.how_to_get);
  }
  return 0;
}

}  // namespace

void add_datasets(CLI::App& app, Action& action) {
  CLI::App* data = app.add_subcommand("datasets", "The data sets there are");
  data->require_subcommand(1);
  const char* examples = R"(
Examples:
  danlu datasets list
  danlu datasets info fashion-mnist)";
  data->footer(examples);

  CLI::App* listing = data->add_subcommand("list", "All of them, a line each");
  listing->footer(examples);
  listing->callback([&action] { action = list; });

  auto name = std::make_shared<std::string>();
  CLI::App* one = data->add_subcommand("info", "What one of them is, where, how to get it");
  one->add_option("NAME", *name, "A name from `danlu datasets list`")->required();
  one->footer(examples);
  one->callback([name, &action] { action = [name] { return info(*name); }; });
}

}  // namespace danlu::cli
