#include "danlu/train/model.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/global_state.h"
#include "danlu/optim/loss_scale.h"
#include "danlu/train/class_weight.h"
#include "danlu/train/custom_network.h"
#include "danlu/train/fit_loop.h"
#include "danlu/train/steps.h"

namespace danlu {
namespace {

int terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

[[noreturn]] void refuse_sample_weight(const char* where) {
  throw ValueError({.where = where,
                    .what = "Weights of samples cannot be given beside a Dataset",
                    .hint = "put them into its DataSplit, or use Dataset::with_sample_weight"});
}

DataSplit weighted(DataSplit data, const HostTensors& sample_weight) {
  if (sample_weight.count() > 0) data.sample_weight = sample_weight;
  return data;
}

}  // namespace

struct Model::Predictor {
  explicit Predictor(std::shared_ptr<Network> network)
      : step([network](const StepSpecs& inputs) { return network_state(*network, inputs.x); },
             [network](const StepInputs& inputs) {
               std::vector<Array> outputs = network->apply(inputs.x).values;
               network->clear_losses();
               return outputs;
             }) {}
  StepCache step;
};

Model::Model(std::shared_ptr<Network> network)
    : network_(std::move(network)), predictor_(std::make_unique<Predictor>(network_)) {}
Model::Model(KerasTensors inputs, KerasTensors outputs, std::string name)
    : Model(std::make_shared<FunctionalNetwork>(std::move(inputs), std::move(outputs),
                                                std::move(name))) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Layer Model::get_layer(const std::string& name) const {
  std::string names;
  for (const Layer& layer : layers()) {
    if (layer.name() == name) return layer;
    names += (names.empty() ? "" : ", ") + layer.name();
  }
  throw ValueError({.where = network_->where(),
                    .what = "There is no layer of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

Layer Model::get_layer(size_t index) const {
  if (index < layers().size()) return layers()[index];
  throw ValueError({.where = network_->where(),
                    .what = "There are not so many layers",
                    .expected = "an index below " + std::to_string(layers().size()),
                    .received = std::to_string(index)});
}

TrainState Model::train_state(const Optimizer& optimizer) const {
  optimizer->build(trainable_weights());
  TrainState s;
  for (const Variable& variable : trainable_weights()) s.params.push_back(variable);
  for (const Variable& variable : non_trainable_variables()) s.state.push_back(variable);
  for (const Variable& variable : optimizer->variables()) s.slots.push_back(variable);
  return s;
}

void Model::assign(const TrainState& s) {
  std::vector<Variable> trained = trainable_weights();
  std::vector<Variable> others = non_trainable_variables();
  if (s.params.size() != trained.size() || s.state.size() != others.size()) {
    throw ValueError(
        {.where = network_->where(),
         .what = "The state belongs to another model",
         .expected = std::to_string(trained.size()) + " parameters and " +
                     std::to_string(others.size()) + " state values",
         .received = std::to_string(s.params.size()) + " and " + std::to_string(s.state.size())});
  }
  for (size_t i = 0; i < trained.size(); ++i) trained[i].assign(s.params[i]);
  for (size_t i = 0; i < others.size(); ++i) others[i].assign(s.state[i]);
}

std::vector<Array> Model::get_weights() const {
  std::vector<Array> values;
  for (const Variable& weight : weights()) values.push_back(weight.value());
  return values;
}

void Model::set_weights(const std::vector<Array>& values) {
  std::vector<Variable> variables = weights();
  if (values.size() != variables.size()) {
    throw ValueError({.where = network_->where(),
                      .what = "The number of values does not match the weights",
                      .expected = std::to_string(variables.size()),
                      .received = std::to_string(values.size())});
  }
  const auto named = named_weights(*network_);
  const auto what = [&](const Variable& variable) {
    std::string path = variable.name();
    for (const auto& [name, weight] : named) {
      if (weight == variable) path = name;
    }
    return "The value of weight '" + path + "' does not fit";
  };
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].shape() != variables[i].shape()) {
      throw ShapeError({.where = network_->where(),
                        .what = what(variables[i]),
                        .expected = variables[i].shape().to_string(),
                        .received = values[i].shape().to_string()});
    }
    if (values[i].dtype() != variables[i].dtype()) {
      throw DTypeError({.where = network_->where(),
                        .what = what(variables[i]),
                        .expected = std::string(danlu::name(variables[i].dtype())),
                        .received = std::string(danlu::name(values[i].dtype()))});
    }
  }
  for (size_t i = 0; i < values.size(); ++i) variables[i].assign(values[i]);
}

TensorMap Model::weights_map() const {
  if (!network_->built()) {
    throw StateError({.where = network_->where(),
                      .what = "The model has no weights yet",
                      .hint = "put Input({…}) in front or give the first layer an input_shape"});
  }
  TensorMap map;
  map.metadata.emplace_back("format", "danlu");
  for (const auto& [path, weight] : named_weights(*network_)) {
    map.add(path, to_host(weight.value()));
  }
  return map;
}

void Model::load_weights_map(const TensorMap& tensors, const std::string& where) {
  const auto named = named_weights(*network_);
  if (named.empty() && !network_->built()) weights_map();
  for (const auto& [path, weight] : named) {
    const HostTensor* tensor = tensors.find(path);
    if (tensor == nullptr) {
      throw IoError({.where = where,
                     .what = "A weight of the model is missing: '" + path + "'",
                     .expected = weight.spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
    if (tensor->spec() != weight.spec()) {
      throw IoError({.where = where,
                     .what = "The weight '" + path + "' does not fit the model",
                     .expected = weight.spec().to_string(),
                     .received = tensor->spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
  }
  for (const auto& [path, tensor] : tensors) {
    bool known = false;
    for (const auto& entry : named) known |= entry.first == path;
    if (!known) {
      throw IoError({.where = where,
                     .what = "The model has no weight '" + path + "'",
                     .received = tensor.spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
  }
  for (auto [path, weight] : named) {
    const HostTensor copy = tensors.at(path).clone();
    weight.assign(Array::from_buffer(copy.buffer(), copy.spec()));
  }
}

void Model::compile(CompileConfig config) {
  const bool scales = config.auto_scale_loss && network_->dtype_policy().name == "mixed_float16";
  if (scales && config.optimizer->type() != "LossScaleOptimizer") {
    config.optimizer = LossScaleOptimizer(config.optimizer, {.name = "loss_scale_optimizer"});
  }
  steps_ = std::make_unique<Steps>(network_, std::move(config));
}

Steps& Model::steps() const {
  if (steps_) return *steps_;
  throw StateError({.where = network_->where(),
                    .what = "The model is not compiled",
                    .hint = "call model.compile({.optimizer = …, .loss = …}) first"});
}

const CompileConfig& Model::compile_config() const { return steps().config(); }

OptimizerImpl& Model::optimizer() const { return *steps().optimizer(); }

Dataset Model::dataset(DataSplit split, int64_t batch_size) const {
  DatasetOptions options;
  const DType x_dtype = split.x.defined() ? split.x.dtype() : DType::float32;
  if (!layers().empty() && (is_floating(x_dtype) || x_dtype == DType::uint8)) {
    const DType first = layers()[0]->dtype();
    options.x_dtype = is_floating(first) && size_of(first) >= 4 ? first : floatx();
  }
  return Dataset(std::move(split), options).batch(batch_size);
}

Dataset Model::prepared(const Dataset& data, bool for_steps) const {
  Dataset ordered = data.ordered(network_->input_names(), network_->output_names());
  if (for_steps && dynamic_cast<const CustomNetwork*>(network_.get()) != nullptr) return ordered;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < data.split().x.count(); ++i) {
    shapes.push_back(ordered.x_spec(1, i).shape.with_dim(0, kNone));
  }
  network_->ensure_built(shapes);
  return ordered;
}

Batch Model::whole_batch(DataSplit split) const {
  const int64_t samples = std::max<int64_t>(split.size(), 1);
  for (const Batch& batch : prepared(dataset(std::move(split), samples), true).epoch(0)) {
    return batch;
  }
  throw ValueError(
      {.where = network_->where(), .what = "There is no data", .expected = "at least one sample"});
}

Profile Model::profile(const DataSplit& data, int64_t batch_size, int count) {
  Steps& own = steps();
  const Batch batch = whole_batch(data.slice(0, std::min(batch_size, data.size())));
  std::vector<Variable> state = own.training_state(batch);
  std::vector<Array> before;
  for (const Variable& variable : state) before.push_back(variable.value());
  BoundStep& step = own.train(batch);
  Profile result = profile_step(
      step, [&] { own.train(batch); }, count);
  for (size_t i = 0; i < state.size(); ++i) state[i].assign(before[i]);
  return result;
}

History Model::fit(const Dataset& data, const FitOptions& options) {
  if (options.sample_weight.count() > 0) refuse_sample_weight("fit");
  if (options.class_weight.empty()) return FitLoop(*this).fit(data, options);
  const HostTensor weights = class_weights(data.split(), options.class_weight);
  return FitLoop(*this).fit(data.with_sample_weight(weights), options);
}

History Model::fit(const DataSplit& data, const FitOptions& options) {
  DataSplit train = weighted(data, options.sample_weight);
  FitOptions all = options;
  all.sample_weight = {};
  if (options.validation_split != 0 && !options.validation_data.defined()) {
    auto [first, rest] = DataSplit(train).split(options.validation_split);
    train = std::move(first);
    all.validation_data = ValidationData(std::move(rest));
  }
  return fit(dataset(std::move(train), options.batch_size), all);
}

History Model::fit(const HostTensors& x, const HostTensors& y, const FitOptions& options) {
  return fit(DataSplit{x, y}, options);
}

Logs Model::train_on_batch(const HostTensors& x, const HostTensors& y,
                           const BatchOptions& options) {
  Steps& own = steps();
  DataSplit data{x, y, 1, options.sample_weight};
  if (!options.class_weight.empty()) {
    data.sample_weight = class_weights(data, options.class_weight);
  }
  return with_error_context("train_on_batch", [&] {
    const Batch batch = whole_batch(std::move(data));
    own.reset_metrics();
    own.train(batch);
    return own.logs();
  });
}

Logs Model::test_on_batch(const HostTensors& x, const HostTensors& y, const BatchOptions& options) {
  Steps& own = steps();
  return with_error_context("test_on_batch", [&] {
    const Batch batch = whole_batch({x, y, 1, options.sample_weight});
    own.reset_metrics();
    own.test(batch);
    return own.logs();
  });
}

Predictions Model::predict_on_batch(const HostTensors& x) {
  return predict(
      x,
      {.batch_size = x.defined() && x.shape().rank() > 0 ? std::max<int64_t>(x.shape()[0], 1) : 1});
}

Logs Model::evaluate(const Dataset& data, const EvaluateOptions& options) {
  if (options.sample_weight.count() > 0) refuse_sample_weight("evaluate");
  return FitLoop(*this).evaluate(data, options);
}

Logs Model::evaluate(const DataSplit& data, const EvaluateOptions& options) {
  EvaluateOptions all = options;
  all.sample_weight = {};
  return evaluate(dataset(weighted(data, options.sample_weight), options.batch_size), all);
}

Logs Model::evaluate(const HostTensors& x, const HostTensors& y, const EvaluateOptions& options) {
  return evaluate(DataSplit{x, y}, options);
}

Predictions Model::predict(const Dataset& data, int64_t steps) {
  const Dataset samples = prepared(data, false);
  const int64_t count = steps > 0 ? std::min(steps * samples.batch_size(), samples.num_samples())
                                  : samples.num_samples();
  std::vector<HostTensor> results;
  int64_t done = 0;
  for (const Batch& batch : samples.epoch(0)) {
    const std::vector<HostTensor>& outputs = predictor_->step.run(batch.x).outputs();
    if (results.empty()) {
      for (const HostTensor& y : outputs) {
        results.push_back(HostTensor::empty(y.shape().with_dim(0, count), y.dtype()));
      }
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const HostTensor& y = outputs[i];
      HostTensor rows = results[i].slice(done, done + y.shape()[0]);
      // The slice lies inside the result; data() may be null where nothing is left to copy.
      if (y.bytes() > 0) std::memcpy(rows.data(), y.data(), y.bytes());
    }
    done += batch.size();
    if (done == count) break;
  }
  if (results.empty()) {
    for (const Shape& shape : network_->compute_output_shapes(network_->input_shapes())) {
      results.push_back(HostTensor::empty(shape.with_dim(0, 0), network_->compute_dtype()));
    }
  }
  std::vector<Array> arrays;
  for (const HostTensor& result : results) {
    arrays.push_back(Array::from_buffer(result.buffer(), result.spec()));
  }
  return Predictions(std::move(arrays));
}

Predictions Model::predict(const DataSplit& data, const PredictOptions& options) {
  return predict(dataset(DataSplit{data.x, {}, data.divide_by}, options.batch_size), options.steps);
}

Predictions Model::predict(const HostTensors& x, const PredictOptions& options) {
  return predict(DataSplit{x, {}}, options);
}

std::string Model::summary_text(SummaryOptions options) const {
  if (steps_) {
    for (const Variable& variable : steps_->optimizer()->variables()) {
      options.optimizer_params += variable.shape().num_elements();
      options.optimizer_bytes += static_cast<int64_t>(variable.spec().bytes());
    }
  }
  return danlu::summary_text(*network_, options);
}

void Model::summary(SummaryOptions options) const {
  if (options.columns == 0) options.columns = terminal_columns();
  std::fputs(summary_text(options).c_str(), stdout);
  std::fflush(stdout);
}

Model clone_model(const Model& model, const CloneOptions& options) {
  return Model(clone_network(model.network(), options));
}

Sequential::Sequential(std::initializer_list<Layer> layers, std::string name)
    : Sequential(std::vector<Layer>(layers), std::move(name)) {}

Sequential::Sequential(std::vector<Layer> layers, std::string name)
    : Model(std::make_shared<SequentialNetwork>(std::move(layers), std::move(name))) {}

}  // namespace danlu
