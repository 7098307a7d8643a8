#include "danlu/nn/config_json.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "danlu/base/error.h"
#include "danlu/base/text.h"

namespace danlu {
namespace {

/// Settings that are spoken of in the configs of Keras but change no result here, whatever they
/// are.
constexpr std::array<std::string_view, 16> kWithoutEffect = {
    "implementation", "unroll",   "use_cudnn",   "time_major",          "fn",
    "autocast",       "sparse",   "ragged",      "build_input_shape",   "dtype",
    "batch_shape",    "optional", "jit_compile", "quantization_config", "name",
    "flash_attention"};

bool is_neutral(const std::string& key, const Json& value) {
  if (std::find(kWithoutEffect.begin(), kWithoutEffect.end(), key) != kWithoutEffect.end()) {
    return true;
  }
  if (value.is_null() || (value.is_bool() && !value.as_bool())) return true;
  if (key == "data_format") return value == Json("channels_last");
  if (key == "groups") return value == Json(1);
  if (key == "dilation_rate") {
    if (!value.is_array()) return value == Json(1);
    return std::all_of(value.items().begin(), value.items().end(),
                       [](const Json& rate) { return rate == Json(1); });
  }
  return value.is_array() && value.size() == 0;
}

/// "GlorotUniform" for "glorot_uniform".
std::string to_class_name(const std::string& name) {
  if (name == "stft") return "STFT";
  std::string out;
  bool begins = true;
  for (const char c : name) {
    if (c == '_') {
      begins = true;
    } else {
      out += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      begins = false;
    }
  }
  return out;
}

/// The visitor over the members that the config of an initializer of this kind has.
template <class S, class V>
void initializer_fields(S& spec, V&& v) {
  using Kind = Initializer::Kind;
  switch (spec.kind) {
    case Kind::constant:
      if (spec.name == "constant") v("value", spec.a);
      return;
    case Kind::normal:
    case Kind::truncated_normal:
      v("mean", spec.a), v("stddev", spec.b), v("seed", spec.seed);
      return;
    case Kind::uniform:
      v("minval", spec.a), v("maxval", spec.b), v("seed", spec.seed);
      return;
    case Kind::scaled:
      if (spec.name == "variance_scaling") v("scale", spec.b);
      v("seed", spec.seed), v("input_axes", spec.input_axes), v("output_axes", spec.output_axes);
      return;
    case Kind::orthogonal:
      v("gain", spec.a), v("seed", spec.seed);
      return;
    case Kind::identity:
      v("gain", spec.a);
      return;
    case Kind::stft:
      v("side", spec.side), v("window", spec.window), v("periodic", spec.periodic);
      v("scaling", spec.scaling);
      return;
    case Kind::custom:
      return;
  }
}

}  // namespace

Json without(const Json& config, const std::vector<std::string>& names) {
  Json kept = Json::object();
  for (const auto& [name, value] : config.members()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) kept.set(name, value);
  }
  return kept;
}

std::string Integers::to_string() const {
  if (!defined()) return "None";
  std::string list;
  for (const int64_t value : values_) list += (list.empty() ? "" : ", ") + std::to_string(value);
  return is_list() ? "(" + list + ")" : list;
}

Json to_json(const Integers& x) {
  if (!x.defined()) return Json();
  return x.is_list() ? Json(x.values()) : Json(x[0]);
}

Json to_json(const OptionalShape& x) {
  if (!x.defined()) return Json();
  Json::Array dims;
  for (const int64_t d : x.value()) dims.push_back(d == kNone ? Json() : Json(d));
  return Json::array(std::move(dims));
}

Json to_json(const ActivationFunction& x) { return Json(x.name()); }

Json to_json(const Initializer& x) {
  const auto& spec = x.spec();
  Json config = Json::object();
  initializer_fields(
      spec, [&](const char* name, const auto& value) { config.set(name, to_json(value)); });
  if (spec.name == "variance_scaling") {
    config.set("mode", internal::mode_name(spec.mode));
    config.set("distribution", internal::distribution_name(spec.distribution));
  }
  return object_json(to_class_name(spec.name), std::move(config));
}

void from_json(const Json& json, Integers& x) {
  if (json.is_null()) {
    x = std::nullopt;
  } else if (json.is_int()) {
    x = json.as_int();
  } else {
    std::vector<int64_t> values;
    for (const Json& item : json.items()) values.push_back(item.as_int());
    x = Integers(std::move(values));
  }
}

void from_json(const Json& json, OptionalShape& x) {
  x = std::nullopt;
  if (json.is_null()) return;
  std::vector<int64_t> dims;
  from_json(json, dims);
  x = OptionalShape(Shape(dims));
}

void from_json(const Json& json, ActivationFunction& x) {
  x = json.is_null() ? ActivationFunction() : ActivationFunction(json.as_string());
}

void from_json(const Json& json, Initializer& x) {
  if (json.is_string()) {
    x = Initializer(json.as_string());
    return;
  }
  Initializer::Spec spec = Initializer(to_snake_case(json.at("class_name").as_string())).spec();
  if (const Json* config = json.find("config")) {
    initializer_fields(spec, [&](const char* name, auto& value) {
      if (const Json* member = config->find(name)) from_json(*member, value);
    });
    const auto text = [&](const char* name, const char* otherwise) {
      const Json* member = config->find(name);
      return member != nullptr ? member->as_string() : std::string(otherwise);
    };
    if (spec.name == "variance_scaling") {
      internal::set_names(spec, text("mode", internal::mode_name(spec.mode)),
                          text("distribution", internal::distribution_name(spec.distribution)));
    }
  }
  x = Initializer(std::move(spec));
}

void require_known_settings(const Json& config, const Json& made, const std::string& where) {
  const auto check = [&](const auto& self, const Json& given, const Json& known,
                         const std::string& place) -> void {
    for (const auto& [key, value] : given.members()) {
      const Json* setting = known.find(key);
      if (setting == nullptr) {
        if (is_neutral(key, value)) continue;
        std::string names;
        for (const auto& [name, member] : known.members()) {
          names += (names.empty() ? "" : ", ") + name;
        }
        throw IoError({.where = where,
                       .what = "The config has a setting that is not known: '" + place + key + "'",
                       .expected = "one of " + names,
                       .received = value.dump().substr(0, 100)});
      }
      const Json* inner = value.find("config");
      const Json* known_inner = setting->find("config");
      if (inner != nullptr && inner->is_object() && known_inner != nullptr &&
          value.contains("class_name")) {
        self(self, *inner, *known_inner, place + key + ".");
      }
    }
  };
  check(check, config, made, "");
}

}  // namespace danlu
