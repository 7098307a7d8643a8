#include "bench/worker_model.h"

#include <map>
#include <utility>
#include <vector>

namespace danlu::bench {
namespace {

Optimizer make_optimizer(const Json& json) {
  const std::string& name = json.at("class_name").as_string();
  const double rate = json.at("config").at("learning_rate").as_double();
  if (name == "Adam") return Adam({.learning_rate = rate});
  if (name == "SGD") return SGD({.learning_rate = rate});
  throw ValueError({.where = "bench",
                    .what = "There is no optimizer of this class here",
                    .expected = "Adam or SGD",
                    .received = name});
}

int64_t one_hot(const Json& description) {
  const Json* classes = description.find("one_hot");
  return classes == nullptr ? 0 : classes->as_int();
}

/// Of one sample.
Shape input_shape(const Json& description) {
  std::vector<int64_t> dims;
  for (const Json& dim : description.at("input_shape").items()) dims.push_back(dim.as_int());
  return dims;
}

std::string precision(const Json& description) {
  const Json* name = description.find("precision");
  return name == nullptr ? "float32" : name->as_string();
}

}  // namespace

bool Workload::predicts() const { return description.at("mode").as_string() == "predict"; }

Dataset Workload::data(int64_t begin, int64_t end) const {
  DataSplit split{tensors.at("x"), tensors.at("y")};
  if (end >= 0) split = split.slice(begin, end);
  return Dataset(split, {.one_hot = one_hot(description)}).batch(batch);
}

Workload load_workload(const Json& description, const std::string& tensors_path) {
  return {description, load_safetensors(tensors_path), description.at("batch").as_int()};
}

Model make_model(const Json& description) {
  const KerasTensor input = Input(input_shape(description));
  std::map<std::string, KerasTensor> values = {{"input", input}};
  KerasTensor last = input;
  const auto& layers = description.at("layers").items();
  for (const Json& entry : layers) {
    Json config = entry.at("config");
    if (&entry != &layers.back()) config.set("dtype", precision(description));
    const Layer layer = layer_from_config(entry.at("class_name").as_string(), config);
    std::vector<KerasTensor> inputs = {last};
    if (const Json* names = entry.find("inputs")) {
      inputs.clear();
      for (const Json& name : names->items()) inputs.push_back(values.at(name.as_string()));
    }
    last = layer(inputs).front();
    values.insert_or_assign(layer.name(), last);
  }
  Model model(input, last);
  std::vector<Metric> metrics;
  for (const Json& name : description.at("metrics").items()) metrics.emplace_back(name.as_string());
  model.compile({.optimizer = make_optimizer(description.at("optimizer")),
                 .loss = description.at("loss").as_string(),
                 .metrics = std::move(metrics)});
  return model;
}

DataSplit made_up_samples(const Json& description, int64_t count) {
  const Shape sample = input_shape(description);
  HostTensor x = HostTensor::empty(sample.with_axis_inserted(0, count), DType::float32);
  auto values = x.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i * 2654435761u >> 16 & 255) / 255;
  }
  HostTensor y = HostTensor::empty({count}, DType::int32);
  auto labels = y.values<int32_t>();
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>(i % 10);
  return {x, y};
}

}  // namespace danlu::bench
