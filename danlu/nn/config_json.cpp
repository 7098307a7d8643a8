#include "danlu/nn/config_json.h"

#include "danlu/base/error.h"
#include "danlu/base/text.h"

namespace danlu {
namespace {

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

std::string Size2D::to_string() const {
  if (!defined_) return "None";
  return "(" + std::to_string(values_[0]) + ", " + std::to_string(values_[1]) + ")";
}

Json to_json(const Size2D& x) {
  if (!x.defined()) return Json();
  return Json(std::vector<int64_t>{x[0], x[1]});
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

void from_json(const Json& json, Size2D& x) {
  if (json.is_null()) {
    x = std::nullopt;
  } else if (json.is_int()) {
    x = Size2D(json.as_int());
  } else {
    x = Size2D(json[0].as_int(), json[1].as_int());
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

}  // namespace danlu
