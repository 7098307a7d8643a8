#include "cli/model_files.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <utility>

#include "cli/progress.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/step_timer.h"
#include "cli/usage.h"
#include "danlu/base/file.h"
#include "danlu/base/thread.h"
#include "danlu/interop/keras.h"
#include "danlu/io/npy.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/optim/registry.h"

namespace danlu::cli {
namespace {

constexpr int kInterrupted = 130;

/// Floating-point numbers of a file as the model computes.
HostTensor in_precision(const HostTensor& tensor, DType dtype) {
  if (!is_floating(tensor.dtype()) || tensor.dtype() == dtype) return tensor;
  return to_host(cast(Array::from_buffer(tensor.buffer(), tensor.spec()), dtype));
}

/// What an option names: "x.npy", "name=x.npy", "all.npz".
HostTensors tensors_of(const std::string& option, const std::vector<std::string>& files,
                       DType dtype) {
  std::vector<std::pair<std::string, HostTensor>> named;
  std::vector<HostTensor> listed;
  for (const std::string& file : files) {
    const size_t equals = file.find('=');
    const std::string name = equals == file.npos ? "" : file.substr(0, equals);
    const std::string path = equals == file.npos ? file : file.substr(equals + 1);
    if (!file_exists(path)) {
      throw UsageError({.where = option,
                        .what = "There is no such file",
                        .expected = "a .npy file, NAME=FILE, or a .npz file",
                        .received = "'" + path + "'"});
    }
    if (path.ends_with(".npz") && name.empty()) {
      for (const auto& [entry, tensor] : load_npz(path)) {
        named.emplace_back(entry, in_precision(tensor, dtype));
      }
    } else if (name.empty()) {
      listed.push_back(in_precision(load_npy(path), dtype));
    } else {
      named.emplace_back(name, in_precision(load_npy(path), dtype));
    }
  }
  if (!named.empty() && !listed.empty()) {
    throw UsageError({.where = option,
                      .what = "Some files have names and others have none",
                      .hint = "write NAME=FILE for each"});
  }
  return named.empty() ? HostTensors(listed) : HostTensors(named);
}

void require_files(const std::string& command, const std::string& option,
                   const std::vector<std::string>& files) {
  if (!files.empty()) return;
  throw UsageError({.where = command,
                    .what = option + " is required for a model in a file",
                    .hint = "`danlu " + command + " --help` shows what there is, with examples"});
}

struct Loaded {
  Model model;
  DType dtype;
};

Loaded load(const ModelFileOptions& options) {
  if (options.threads != 0) {
    checked("--threads", [&] { set_num_threads(options.threads); });
  }
  if (!options.precision.empty()) checked("--precision", [&] { set_floatx(options.precision); });
  if (!file_exists(options.model)) {
    throw UsageError({.where = "MODEL",
                      .what = "There is no such file",
                      .expected = "a recipe, or a .keras file",
                      .received = "'" + options.model + "'"});
  }
  set_random_seed(options.seed);
  Model model = load_model(options.model, {.dtype = options.precision});
  DType dtype = floatx();
  for (const Variable& weight : model.weights()) dtype = weight.dtype();
  return {std::move(model), dtype};
}

Optimizer optimizer_of(const ModelFileOptions& options, const Model& model) {
  std::string class_name;
  Json config = Json::object();
  if (!options.optimizer.empty()) {
    class_name = checked("--optimizer", [&] { return Optimizer(options.optimizer)->type(); });
  } else if (model.compiled()) {
    class_name = model.optimizer().type();
    config = model.optimizer().get_config();
  } else {
    throw UsageError({.where = "--optimizer",
                      .what = "The file does not say with what to train",
                      .expected = "the name of an optimizer, as adam"});
  }
  if (!options.optimizer_config.empty()) {
    checked("--optimizer-config", [&] {
      const Json given = Json::parse(options.optimizer_config, {.where = "--optimizer-config"});
      for (const auto& [key, value] : given.members()) config.set(key, value);
    });
  }
  Optimizer made =
      checked("--optimizer-config", [&] { return optimizer_from_config(class_name, config); });
  const Json known = made->get_config();
  for (const auto& [key, value] : config.members()) {
    if (known.contains(key)) continue;
    throw UsageError({.where = "--optimizer-config",
                      .what = class_name + " has no setting of this name",
                      .received = "\"" + key + "\""});
  }
  return made;
}

/// Compiles anew where the command line says other things than the file.
void compile(Model& model, const ModelFileOptions& options) {
  const bool other_optimizer =
      !options.optimizer.empty() || !options.optimizer_config.empty() || !model.compiled();
  if (other_optimizer || !options.loss.empty()) {
    if (options.loss.empty() && !model.compiled()) {
      throw UsageError({.where = "--loss",
                        .what = "The file does not say what to minimize",
                        .expected = "the name of a loss, as mean_squared_error"});
    }
    CompileConfig config;
    if (model.compiled()) config = model.compile_config();
    if (other_optimizer) config.optimizer = optimizer_of(options, model);
    if (!options.loss.empty()) {
      config.loss = checked("--loss", [&] { return PerOutput<Loss>(Loss(options.loss)); });
    }
    model.compile(std::move(config));
  }
  if (options.learning_rate > 0) {
    checked("--learning-rate", [&] { model.optimizer().set_learning_rate(options.learning_rate); });
  }
}

Json numbers(const Logs& logs) {
  Json json = Json::object();
  for (const auto& [name, value] : logs) json.set(name, value);
  return json;
}

void print_logs(const Logs& logs) {
  for (const auto& [name, value] : logs) std::printf("%s: %.7g\n", name.c_str(), value);
}

}  // namespace

bool is_model_file(const std::string& model) { return model.ends_with(".keras"); }

int train_file(const ModelFileOptions& options) {
  require_files("train", "--x", options.x);
  require_files("train", "--y", options.y);
  if (!options.save.empty()) {
    checked("--save", [&] {
      if (!is_model_file(options.save)) check_weights_path(options.save);
      check_writable(options.save);
    });
  }
  auto [model, dtype] = load(options);
  const HostTensors x = tensors_of("--x", options.x, dtype);
  const HostTensors y = tensors_of("--y", options.y, dtype);
  compile(model, options);

  StepTimer timer;
  FitOptions fit{.epochs = options.epochs,
                 .batch_size = options.batch_size,
                 .verbose = 0,
                 .callbacks = {&timer},
                 .shuffle = options.shuffle,
                 .seed = options.seed};
  if (!options.quiet) fit.callbacks.push_back(progress(options.epochs));
  const auto start = std::chrono::steady_clock::now();
  const History history = model.fit(x, y, fit);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (history.interrupted) std::cerr << "danlu: interrupted, training ended after the step\n";
  if (!options.save.empty()) {
    if (options.save.ends_with(".keras")) {
      model.save(options.save);
    } else {
      model.save_weights(options.save);
    }
  }

  Json curves = Json::object();
  Logs last;
  for (const auto& [name, values] : history.history) {
    curves.set(name, Json(values));
    last[name] = values.back();
  }
  if (!options.quiet) {
    print_logs(last);
    if (!options.save.empty()) std::cout << "saved " << options.save << '\n';
  }
  if (options.json) {
    const auto trained =
        static_cast<double>(history.epoch.size()) * static_cast<double>(x.shape()[0]);
    std::cout << Json::object(
                     {{"model", options.model},
                      {"samples", x.shape()[0]},
                      {"epochs", history.epoch.size()},
                      {"batch_size", options.batch_size},
                      {"seed", options.seed},
                      {"threads", effective_threads()},
                      {"precision", std::string(name(dtype))},
                      {"parameters", model.count_params()},
                      {"history", curves},
                      {"train", numbers(last)},
                      {"seconds", seconds.count()},
                      {"samples_per_second", trained / seconds.count()},
                      {"step_us_median", timer.median_us() ? Json(*timer.median_us()) : Json()},
                      {"peak_rss_mb", peak_rss_mb()}})
                     .dump()
              << '\n';
  }
  std::cout.flush();
  return history.interrupted ? kInterrupted : 0;
}

int evaluate_file(const ModelFileOptions& options) {
  require_files("evaluate", "--x", options.x);
  require_files("evaluate", "--y", options.y);
  auto [model, dtype] = load(options);
  const HostTensors x = tensors_of("--x", options.x, dtype);
  const HostTensors y = tensors_of("--y", options.y, dtype);
  if (!options.loss.empty() || !model.compiled()) {
    ModelFileOptions own = options;
    if (own.optimizer.empty() && !model.compiled()) own.optimizer = "sgd";
    compile(model, own);
  }
  const Logs logs = model.evaluate(x, y, {.batch_size = options.batch_size, .verbose = 0});
  if (options.json) {
    std::cout << Json::object({{"model", options.model},
                               {"samples", x.shape()[0]},
                               {"precision", std::string(name(dtype))},
                               {"test", numbers(logs)}})
                     .dump()
              << '\n';
  } else {
    print_logs(logs);
  }
  return 0;
}

int predict_file(const ModelFileOptions& options) {
  require_files("predict", "--input", options.x);
  if (options.output.empty()) {
    throw UsageError({.where = "predict",
                      .what = "--output is required for a model in a file",
                      .hint = "--output y.npy"});
  }
  checked("--output", [&] { check_writable(options.output); });
  auto [model, dtype] = load(options);
  const HostTensors x = tensors_of("--input", options.x, dtype);
  const Predictions all = model.predict(x, {.batch_size = options.batch_size});
  const HostTensor y = to_host(all.output(0));
  if (all.outputs().size() == 1) {
    save_npy(options.output, y);
  } else {
    const std::vector<std::string> names = model.network().output_names();
    TensorMap named;
    for (size_t i = 0; i < names.size(); ++i) named.add(names[i], to_host(all.output(i)));
    save_npz(options.output, named);
  }
  if (options.json) {
    std::cout << Json::object({{"model", options.model},
                               {"samples", x.shape()[0]},
                               {"output", options.output},
                               {"shape", y.shape().to_vector()},
                               {"dtype", std::string(name(y.dtype()))}})
                     .dump()
              << '\n';
  } else if (!options.quiet) {
    std::cout << options.output << ": " << name(y.dtype()) << " " << y.shape().to_string() << '\n';
  }
  return 0;
}

int summary_file(const ModelFileOptions& options) {
  load(options).model.summary();
  return 0;
}

}  // namespace danlu::cli
