#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <span>

#include "cli/commands.h"
#include "cli/model_files.h"
#include "cli/session.h"
#include "danlu/io/json.h"

namespace danlu::cli {
namespace {

struct PredictCommandOptions : RecipeOptions {
  int64_t count = 10;
};

/// One sample's outputs read as a prediction: a class with its probability, or a number.
Json prediction(const RecipeData& data, const HostTensor& labels, int64_t index,
                std::span<const float> outputs) {
  Json row = Json::object({{"index", index}});
  const auto at = static_cast<size_t>(index);
  if (data.info.classes == 0) {
    row.set("predicted", outputs[0]);
    row.set("target", labels.values<float>()[at]);
    return row;
  }
  int64_t best = 0;
  double probability = 0;
  if (outputs.size() == 1) {
    best = outputs[0] > 0.5f ? 1 : 0;
    probability = best == 1 ? outputs[0] : 1 - outputs[0];
  } else {
    best = std::ranges::max_element(outputs) - outputs.begin();
    probability = outputs[static_cast<size_t>(best)];
  }
  const int64_t label = labels.dtype() == DType::int32
                            ? labels.values<int32_t>()[at]
                            : static_cast<int64_t>(labels.values<float>()[at]);
  row.set("predicted", best);
  row.set("name", class_name(data.info, best));
  row.set("probability", probability);
  row.set("label", label);
  row.set("label_name", class_name(data.info, label));
  return row;
}

void print_row(const Json& row, bool classes) {
  char text[160];
  if (classes) {
    const bool right = row.at("predicted") == row.at("label");
    std::snprintf(text, sizeof text, "%6lld  %-16s %5.1f %%  %s%s",
                  static_cast<long long>(row.at("index").as_int()),
                  row.at("name").as_string().c_str(), 100 * row.at("probability").as_double(),
                  right ? "right" : "wrong: it is ",
                  right ? "" : row.at("label_name").as_string().c_str());
  } else {
    std::snprintf(text, sizeof text, "%6lld  %12.6g  target %12.6g",
                  static_cast<long long>(row.at("index").as_int()), row.at("predicted").as_double(),
                  row.at("target").as_double());
  }
  std::cout << text << '\n';
}

int predict(const PredictCommandOptions& options) {
  require_load("predict", options);
  const Recipe recipe = choose_recipe(options);
  use_threads(options);
  check_load(options);
  Sequential model = make_model(recipe, options);
  const RecipeData data = load_data(recipe, options);

  const int64_t count = std::min(options.count, data.test.size());
  const std::vector<float> outputs =
      model.predict(data.test.slice(0, count), {.batch_size = kTestBatch}).to_vector();
  const size_t width = outputs.size() / static_cast<size_t>(std::max<int64_t>(count, 1));
  Json rows = Json::array();
  for (int64_t i = 0; i < count; ++i) {
    rows.push_back(prediction(data, data.raw_test.y, i,
                              std::span(outputs).subspan(static_cast<size_t>(i) * width, width)));
  }
  if (options.json) {
    std::cout << Json::object({{"recipe", recipe.name},
                               {"data", data.name},
                               {"samples", count},
                               {"predictions", rows}})
                     .dump()
              << '\n';
    return 0;
  }
  for (const Json& row : rows.items()) print_row(row, data.info.classes > 0);
  return 0;
}

}  // namespace

void add_predict(CLI::App& app, Action& action) {
  auto o = std::make_shared<PredictCommandOptions>();
  auto file = std::make_shared<ModelFileOptions>();
  CLI::App* command = app.add_subcommand(
      "predict", "What saved weights say about test samples, or a model in a file about arrays");
  add_model(*command, *o);
  command->add_option("--load", o->load, "Weights that `danlu train --save` wrote");
  add_data(*command, *o);
  command->add_option("--count", o->count, "How many samples, from the first")
      ->capture_default_str();
  add_seed(*command, *o);
  add_threads(*command, *o);
  add_as_printed(*command, *o);
  command->add_flag("--json", o->json, "One line of JSON");
  command->add_option("--input", file->x,
                      "Of a model in a file: samples, FILE.npy or INPUT=FILE.npy");
  command->add_option("--output", file->output,
                      "and where its outputs go, FILE.npy; several: FILE.npz");
  auto* batch_size = command->add_option("--batch-size", file->batch_size, "Samples per step");
  command->add_option("--precision", file->precision, "float32 or float64 (default: the file's)")
      ->check(CLI::IsMember({"float32", "float64"}));
  command->footer(R"(
Examples:
  danlu predict model.keras --input x.npy --output y.npy
  danlu predict cnn --load clothes.safetensors
  danlu predict cnn --load clothes.safetensors --data ./my-idx-folder --count 100 --json)");
  command->callback([=, &action] {
    check_at_least("--count", o->count, 1);
    if (batch_size->count() > 0) check_at_least("--batch-size", file->batch_size, 1);
    action = [o, file] {
      if (!is_model_file(o->recipe)) return predict(*o);
      file->model = o->recipe, file->json = o->json, file->threads = o->threads;
      return predict_file(*file);
    };
  });
}

}  // namespace danlu::cli
