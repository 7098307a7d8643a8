#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/class_report.h"
#include "cli/commands.h"
#include "cli/picture_grid.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "danlu/base/file.h"
#include "danlu/io/png.h"

namespace danlu::cli {
namespace {

constexpr double kGoodEnough = 0.90;

struct DemoOptions : RecipeOptions {
  int64_t epochs = 6;
  std::string picture = "danlu-demo.png";
};

void headline(const std::string& text) { std::cout << "\n" << text << "\n\n" << std::flush; }

/// What a trained xor network says about every point of the square around the four cases.
void draw_decision(Sequential& model) {
  FieldPicture picture{.left = -0.5,
                       .right = 1.5,
                       .bottom = -0.5,
                       .top = 1.5,
                       .columns = 48,
                       .rows = 48,
                       .colors = stdout_has_colors(),
                       .margin = "    "};
  std::vector<float> points;
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.columns; ++column) {
      points.push_back(static_cast<float>(picture.x(column)));
      points.push_back(static_cast<float>(picture.y(row)));
    }
  }
  const Array grid(points, {picture.rows * picture.columns, 2});
  const std::vector<float> says = model.predict(grid, {.batch_size = grid.shape()[0]}).to_vector();
  std::cout << picture.draw(
      [&](int column, int row) {
        return says[static_cast<size_t>(row * picture.columns + column)];
      },
      {{0, 0, '0'}, {0, 1, '1'}, {1, 0, '1'}, {1, 1, '0'}});
}

void show_xor(const DemoOptions& options) {
  const Recipe recipe = *recipes::find("xor");
  RecipeOptions own = options;
  own.data = recipe.data;
  Sequential model = make_model(recipe, own);
  const RecipeData data = load_data(recipe, own);
  headline("1. Exclusive or: a network of 2, 8 and 1 neurons learns where 1 ends and 0 begins");
  const auto start = std::chrono::steady_clock::now();
  model.fit(data.train, {.epochs = recipe.epochs,
                         .batch_size = recipe.batch_size,
                         .verbose = 0,
                         .seed = options.seed});
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  draw_decision(model);
  const Logs logs = model.evaluate(data.test, {.verbose = 0});
  std::cout << "\n    " << (stdout_has_colors() ? "blue: 0, orange: 1" : "blank: 0, solid: 1")
            << "; the digits are the four cases. Accuracy " << number_text(logs, "accuracy")
            << " after " << recipe.epochs << " steps in ";
  char text[32];
  std::snprintf(text, sizeof text, "%.0f ms", time.count());
  std::cout << text << std::endl;
}

std::vector<int32_t> predicted_classes(Model& model, const DataSplit& test) {
  const Array outputs = model.predict(test, {.batch_size = kTestBatch});
  const std::vector<float> values = outputs.to_vector();
  const int64_t width = outputs.shape()[1];
  std::vector<int32_t> classes;
  for (auto row = values.begin(); row != values.end(); row += width) {
    classes.push_back(static_cast<int32_t>(std::max_element(row, row + width) - row));
  }
  return classes;
}

/// Class names for every output of the network, also those that the data set does not use.
std::vector<std::string> output_names(const datasets::Info& info, int64_t outputs) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < outputs; ++i) names.push_back(class_name(info, i));
  return names;
}

void show_cnn(const DemoOptions& options) {
  const Recipe recipe = *recipes::find("cnn");
  const RecipeData data = load_data(recipe, options);
  Sequential model = make_model(recipe, options);
  headline("2. The course's convolutional network learns " + data.name + ": " +
           data.info.description);
  model.summary();
  std::cout << "\nUp to " << options.epochs
            << " epochs; the first one with a test accuracy (val_accuracy) of 0.90 is the last.\n"
            << std::endl;
  LambdaCallback stop({.on_epoch_end = [&](int64_t, const Logs& logs) {
    const auto accuracy = logs.find("val_accuracy");
    if (accuracy != logs.end() && accuracy->second >= kGoodEnough) model.stop_training = true;
  }});
  model.fit(data.train, {.epochs = options.epochs,
                         .batch_size = recipe.batch_size,
                         .callbacks = {&stop},
                         .validation_data = data.test,
                         .seed = options.seed,
                         .validation_batch_size = kTestBatch});

  const auto labels = data.raw_test.y.values<int32_t>();
  const std::vector<int32_t> predicted = predicted_classes(model, data.test);
  const std::vector<std::string> names = output_names(data.info, recipe.max_classes);
  const ClassReport report(names, labels, predicted);
  headline("3. What it knows about the " + std::to_string(predicted.size()) + " test images");
  std::cout << report.table();
  headline("What it takes for what");
  std::cout << report.confusion_matrix(stdout_has_colors());

  write_png(options.picture,
            draw_picture_grid({}, data.raw_test.x, labels, predicted, output_names(data.info, 10)));
  headline("4. " + options.picture + " shows the first test images, wrong ones framed in red");
}

int demo(const DemoOptions& options) {
  use_threads(options);
  checked("--picture", [&] { check_writable(options.picture); });
  show_xor(options);
  show_cnn(options);
  const std::string danlu = program_invocation_name;
  std::cout << "Next:\n"
            << "  " << danlu << " train cnn --epochs 10 --save clothes.safetensors\n"
            << "  " << danlu << " predict cnn --load clothes.safetensors\n"
            << "  " << danlu << " train linear-regression\n"
            << "  " << danlu << " train xor --as-printed      why one layer is not enough\n";
  return 0;
}

}  // namespace

void add_demo(CLI::App& app, Action& action) {
  auto o = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "What it can do: xor, then a CNN on real images");
  command->add_option("--epochs", o->epochs, "The most epochs for the CNN")->capture_default_str();
  add_data(*command, *o);
  add_seed(*command, *o);
  add_threads(*command, *o);
  command->add_option("--picture", o->picture, "Where the PNG of predicted images goes")
      ->capture_default_str()
      ->take_last();
  command->footer(R"(
Examples:
  danlu demo
  danlu demo --epochs 1 --picture clothes.png)");
  command->callback([o, &action] {
    check_at_least("--epochs", o->epochs, 1);
    action = [o] { return demo(*o); };
  });
}

}  // namespace danlu::cli
