#include "danlu/interop/keras.h"

#include <ctime>
#include <filesystem>
#include <optional>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/interop/keras_config.h"
#include "danlu/interop/saved_state.h"
#include "danlu/interop/sharded_weights.h"
#include "danlu/io/hdf5.h"
#include "danlu/io/safetensors.h"
#include "danlu/io/zip.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/layers/shared_layers.h"
#include "danlu/nn/losses.h"
#include "danlu/nn/metrics.h"
#include "danlu/optim/registry.h"

namespace danlu {
namespace {

constexpr const char* kMetadataFile = "metadata.json";
constexpr const char* kConfigFile = "config.json";
constexpr const char* kWeightsFile = "model.weights.h5";
/// What `metadata.json` says of the format: the version of Keras whose layout is written.
constexpr const char* kKerasVersion = "3.15.1";

/// `config` with this dtype for everything that computes.
Json with_dtype(const Json& config, const std::string& dtype) {
  if (config.is_array()) {
    Json out = Json::array();
    for (const Json& item : config.items()) out.push_back(with_dtype(item, dtype));
    return out;
  }
  if (!config.is_object()) return config;
  Json::Object out;
  for (const auto& [key, value] : config.members()) {
    const bool floating = key == "dtype" && value.is_string() &&
                          (value.as_string().find("float") != std::string::npos);
    out.emplace_back(key, floating ? Json(dtype) : with_dtype(value, dtype));
  }
  return Json::from_members(std::move(out));
}

/// The unbuilt or built network that a config of Keras describes, its weights not yet computed.
std::shared_ptr<Network> network_from(const Json& keras, const LoadModelOptions& options) {
  const std::string where = kConfigFile;
  if (!keras.is_object() || !keras.contains("class_name") || !keras.contains("config")) {
    throw IoError({.where = where,
                   .what = "This describes no model",
                   .expected = "an object with class_name and config"});
  }
  Json plain = plain_config(keras, where);
  const Json& named = plain.contains("class_name") ? plain.at("class_name") : Json();
  if (!named.is_string() ||
      (named.as_string() != "Sequential" && named.as_string() != "Functional")) {
    throw IoError({.where = where,
                   .what = "This is no model that can be made from its config",
                   .expected = "a Sequential or a Functional model",
                   .received = named.dump()});
  }
  if (!options.dtype.empty()) plain = with_dtype(plain, options.dtype);
  const SharedLayers shared;
  Layer layer = with_error_context(
      where, [&] { return layer_from_config(named.as_string(), plain.at("config")); });
  auto network = std::dynamic_pointer_cast<Network>(layer.impl());
  const Json* build = keras.find("build_config");
  if (const Json* shape = build == nullptr ? nullptr : build->find("input_shape");
      shape != nullptr && shape->is_array() && !network->built()) {
    OptionalShape input;
    from_json(*shape, input);
    with_error_context(where, [&] { network->ensure_built(input.value()); });
  }
  return network;
}

Loss loss_from(const Json& json) {
  if (json.is_string()) return Loss(json.as_string());
  Loss loss = loss_from_config(json.at("class_name").as_string(), json.at("config"));
  require_known_settings(json.at("config"), loss.get_config(), loss.class_name());
  return loss;
}

Metric metric_from(const Json& json) {
  if (json.is_string()) return Metric(json.as_string());
  const std::string& class_name = json.at("class_name").as_string();
  Metric metric = metric_from_config(class_name, json.at("config"));
  require_known_settings(json.at("config"), metric->get_config(), class_name);
  return metric;
}

MetricList metrics_from(const Json& json) {
  if (!json.is_array()) return metric_from(json);
  std::vector<Metric> metrics;
  for (const Json& item : json.items()) metrics.push_back(metric_from(item));
  return metrics;
}

/// A value, a list, or an object by the outputs' names; nothing for null.
template <class T, class Read>
PerOutput<T> per_output(const Json* json, Read read) {
  if (json == nullptr || json->is_null()) return {};
  using Entry = typename PerOutput<T>::Entry;
  std::vector<Entry> entries;
  if (json->is_array()) {
    for (const Json& item : json->items()) {
      entries.push_back(item.is_null() ? Entry(std::nullopt) : Entry(read(item)));
    }
    return entries;
  }
  if (!json->is_object() || json->contains("class_name")) return PerOutput<T>(read(*json));
  for (const auto& [output, item] : json->members()) {
    entries.push_back(item.is_null() ? Entry(output, std::nullopt) : Entry(output, read(item)));
  }
  return entries;
}

void compile_as(Model& model, const Json& keras) {
  const std::string where = "compile_config";
  const Json plain = plain_config(keras, where);
  with_error_context(where, [&] {
    const Json& optimizer = plain.at("optimizer");
    CompileConfig config;
    if (optimizer.is_string()) {
      config.optimizer = Optimizer(optimizer.as_string());
    } else {
      const std::string& class_name = optimizer.at("class_name").as_string();
      config.optimizer = optimizer_from_config(class_name, optimizer.at("config"));
      require_known_settings(optimizer.at("config"), config.optimizer->get_config(), class_name);
    }
    config.loss = per_output<Loss>(plain.find("loss"), loss_from);
    config.loss_weights = per_output<double>(plain.find("loss_weights"),
                                             [](const Json& json) { return json.as_double(); });
    config.metrics = per_output<MetricList>(plain.find("metrics"), metrics_from);
    config.weighted_metrics = per_output<MetricList>(plain.find("weighted_metrics"), metrics_from);
    model.compile(std::move(config));
  });
}

/// The parts of a saved model: entries of a zip archive, or files in a folder.
class Parts {
 public:
  explicit Parts(const std::string& path) : folder_(is_folder(path) ? path + "/" : "") {
    if (!folder_.empty()) return;
    bytes_ = read_file(path);
    zip_.emplace(bytes_);
    for (const ZipReader::Entry& entry : zip_->entries()) {
      if (!entry.name.starts_with("assets/") || entry.name == "assets/") continue;
      throw IoError({.where = entry.name,
                     .what = "The file has assets, which belong to layers that Danlu does not have",
                     .expected = "metadata.json, config.json and model.weights.h5"});
    }
  }
  bool contains(const char* part) const {
    return zip_ ? zip_->contains(part) : file_exists(folder_ + part);
  }
  std::string read(const char* part) const {
    return zip_ ? zip_->read(part) : read_file(folder_ + part);
  }
  Json json(const char* part) const {
    return Json::parse(read(part), {.where = part, .max_depth = 256});
  }

 private:
  std::string folder_, bytes_;
  std::optional<ZipReader> zip_;
};

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d@%H:%M:%S", &utc);
  return text;
}

bool is_weights_h5(const std::string& path) { return path.ends_with(".weights.h5"); }

[[noreturn]] void refuse_weights_path(const std::string& path) {
  throw ValueError({.where = "weights",
                    .what = "The name of the file does not say in which format the weights are",
                    .expected =
                        "a name that ends in .weights.h5, .weights.json or .safetensors, or "
                        "to read them in .keras",
                    .received = "'" + path + "'"});
}

void require_model_path(const std::string& path) {
  if (path.ends_with(".keras") || is_folder(path)) return;
  throw ValueError({.where = "load_model",
                    .what = "The file is of no format that holds a whole model",
                    .expected = "a .keras file, or a folder with its parts",
                    .received = "'" + path + "'",
                    .hint = "weights alone, as .weights.h5, are read by `load_weights`"});
}

void require_built(const Model& model) {
  if (model.network().built()) return;
  throw StateError({.where = model.network().where(),
                    .what = "The model has no weights yet",
                    .hint = "put Input({…}) in front or give the first layer an input_shape"});
}

const OptimizerImpl* optimizer_of(const Model& model) {
  return model.compiled() ? &model.optimizer() : nullptr;
}

SavedState state_of(const Model& model) {
  require_built(model);
  return saved_state(model.network(), optimizer_of(model));
}

std::string weights_h5(const Model& model) {
  const SavedState state = state_of(model);
  return to_hdf5(state.tensors, state.attributes);
}

void load_weights_h5(Model& model, const TensorMap& tensors, const std::string& where) {
  require_built(model);
  load_saved_weights(model.network(), tensors, where);
  if (!model.compiled()) return;
  model.optimizer().build(model.trainable_weights());
  load_saved_optimizer(model.optimizer(), tensors, where);
}

Json model_json(const Model& model, bool with_training) {
  const SharedLayers shared(model.network());
  Json json = keras_layer_config(
      Layer(std::shared_ptr<LayerImpl>(std::shared_ptr<void>(), &model.network())));
  if (with_training && model.compiled()) {
    const Json compile = keras_compile_config(model.compile_config());
    if (!compile.is_null()) json.set("compile_config", compile);
  }
  return json;
}

}  // namespace

void check_weights_path(const std::string& path) {
  if (!is_weights_h5(path) && !is_weight_index(path) && !path.ends_with(".safetensors")) {
    refuse_weights_path(path);
  }
}

Model load_model(const std::string& path, const LoadModelOptions& options) {
  require_model_path(path);
  return with_error_context(path, [&] {
    const Parts parts(path);
    const Json config = parts.json(kConfigFile);
    if (parts.contains(kMetadataFile)) parts.json(kMetadataFile);
    const TensorMap tensors = parse_hdf5(parts.read(kWeightsFile), kWeightsFile);

    const UncomputedWeights uncomputed;
    Model model(network_from(config, options));
    require_built(model);
    load_saved_weights(model.network(), tensors, kWeightsFile);
    const Json* compile = config.find("compile_config");
    if (options.compile && compile != nullptr && compile->is_object() && compile->size() > 0) {
      compile_as(model, *compile);
      model.optimizer().build(model.trainable_weights());
      load_saved_optimizer(model.optimizer(), tensors, kWeightsFile);
    }
    return model;
  });
}

Model model_from_json(const std::string& json, const LoadModelOptions& options) {
  return with_error_context("model_from_json", [&] {
    return Model(
        network_from(Json::parse(json, {.where = kConfigFile, .max_depth = 256}), options));
  });
}

std::string Model::to_json() const { return model_json(*this, false).dump(); }

void Model::save(const std::string& path, const SaveOptions& options) const {
  if (options.zipped != path.ends_with(".keras")) {
    throw ValueError({.where = network_->where(),
                      .what = "The name does not say in which format to save the model",
                      .expected = options.zipped
                                      ? "the name of a file that ends in .keras"
                                      : "the name of a folder, which does not end in .keras",
                      .received = "'" + path + "'",
                      .hint = "save_weights writes .weights.h5 and .safetensors, without zipped a "
                              "folder is written"});
  }
  const std::string weights = weights_h5(*this);
  const std::string config = model_json(*this, true).dump();
  const std::string metadata =
      Json::object({{"keras_version", kKerasVersion}, {"date_saved", now_text()}}).dump();
  if (options.zipped) {
    write_file(path,
               to_zip({{kMetadataFile, metadata}, {kConfigFile, config}, {kWeightsFile, weights}}));
    return;
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  write_file(path + "/" + kMetadataFile, metadata);
  write_file(path + "/" + kConfigFile, config);
  write_file(path + "/" + kWeightsFile, weights);
}

void Model::save_weights(const std::string& path, const SaveWeightsOptions& options) const {
  check_weights_path(path);
  if (is_weights_h5(path)) {
    write_file(path, weights_h5(*this));
  } else if (is_weight_index(path)) {
    save_sharded(path, state_of(*this), options.max_shard_size * 1024 * 1024 * 1024);
  } else {
    save_safetensors(path, weights_map());
  }
}

void Model::load_weights(const std::string& path) {
  if (is_weights_h5(path)) {
    load_weights_h5(*this, load_hdf5(path), path);
  } else if (is_weight_index(path)) {
    load_weights_h5(*this, load_sharded(path), path);
  } else if (path.ends_with(".keras")) {
    const std::string bytes = read_file(path);
    with_error_context(path, [&] {
      load_weights_h5(*this, parse_hdf5(ZipReader(bytes).read(kWeightsFile), kWeightsFile),
                      kWeightsFile);
    });
  } else if (path.ends_with(".safetensors")) {
    load_weights_map(load_safetensors(path), path);
  } else {
    refuse_weights_path(path);
  }
}

}  // namespace danlu
