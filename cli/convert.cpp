#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/usage.h"
#include "danlu/base/file.h"
#include "danlu/interop/keras.h"
#include "danlu/io/hdf5.h"
#include "danlu/io/npy.h"
#include "danlu/io/safetensors.h"

namespace danlu::cli {
namespace {

struct ConvertOptions {
  std::string from, to, precision;
};

constexpr const char* kModelEndings = ".keras, .json, .weights.h5, .safetensors";
constexpr const char* kTensorEndings = ".h5, .safetensors, .npz";

TensorMap load_tensors(const std::string& path) {
  if (path.ends_with(".h5")) return load_hdf5(path);
  if (path.ends_with(".safetensors")) return load_safetensors(path);
  if (path.ends_with(".npz")) return load_npz(path);
  throw UsageError({.where = "convert",
                    .what = "The format of the file is not known by its ending",
                    .expected = std::string(".keras, .json, ") + kTensorEndings,
                    .received = "'" + path + "'"});
}

void save_tensors(const std::string& path, const TensorMap& tensors) {
  if (path.ends_with(".h5")) {
    save_hdf5(path, tensors);
  } else if (path.ends_with(".safetensors")) {
    save_safetensors(path, tensors);
  } else if (path.ends_with(".npz")) {
    save_npz(path, tensors);
  } else {
    throw UsageError({.where = "convert",
                      .what = "The ending does not say into which format",
                      .expected = kTensorEndings,
                      .received = "'" + path + "'"});
  }
}

void save_model(const std::string& path, const Model& model) {
  if (path.ends_with(".keras")) {
    model.save(path);
  } else if (path.ends_with(".json")) {
    write_file(path, model.to_json());
  } else if (path.ends_with(".weights.h5") || path.ends_with(".safetensors")) {
    model.save_weights(path);
  } else {
    throw UsageError({.where = "convert",
                      .what = "A model cannot be written to a file of this ending",
                      .expected = kModelEndings,
                      .received = "'" + path + "'"});
  }
}

int convert(const ConvertOptions& options) {
  if (!file_exists(options.from)) {
    throw UsageError({.where = "convert",
                      .what = "There is no such file",
                      .received = "'" + options.from + "'"});
  }
  checked("convert", [&] { check_writable(options.to); });
  if (options.from.ends_with(".keras")) {
    save_model(options.to, load_model(options.from, {.dtype = options.precision}));
  } else if (options.from.ends_with(".json")) {
    save_model(options.to, model_from_json(read_file(options.from), {.dtype = options.precision}));
  } else {
    save_tensors(options.to, load_tensors(options.from));
  }
  std::cout << options.to << '\n';
  return 0;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand("convert", "Write a model or weights in another format");
  command
      ->add_option("FROM", o->from,
                   std::string("Model or weights: .keras, .json, ") + kTensorEndings)
      ->required();
  command
      ->add_option("TO", o->to,
                   std::string("A model: ") + kModelEndings + "; weights: " + kTensorEndings)
      ->required();
  command
      ->add_option("--precision", o->precision, "Of a model: float32 or float64 (default: its own)")
      ->check(CLI::IsMember({"float32", "float64"}));
  command->footer(R"(
Examples:
  danlu convert model.keras model.weights.h5
  danlu convert model.keras model.json
  danlu convert model.weights.h5 weights.npz)");
  command->callback([o, &action] { action = [o] { return convert(*o); }; });
}

}  // namespace danlu::cli
