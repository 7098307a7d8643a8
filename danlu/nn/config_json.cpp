#include "danlu/nn/config_json.h"

#include "danlu/base/error.h"

namespace danlu {
namespace {

/// "GlorotUniform" for "glorot_uniform".
std::string to_class_name(const std::string& name) {
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

std::string from_class_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      if (!out.empty()) out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
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
  using Kind = Initializer::Kind;
  const auto& spec = x.spec();
  Json config = Json::object();
  if (spec.name == "constant") config.set("value", spec.a);
  if (spec.kind == Kind::normal || spec.kind == Kind::truncated_normal) {
    config.set("mean", spec.a);
    config.set("stddev", spec.b);
  }
  if (spec.kind == Kind::uniform) {
    config.set("minval", spec.a);
    config.set("maxval", spec.b);
  }
  if (spec.kind != Kind::constant) config.set("seed", to_json(spec.seed));
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
  Initializer::Spec spec = Initializer(from_class_name(json.at("class_name").as_string())).spec();
  if (const Json* config = json.find("config")) {
    for (const char* key : {"value", "mean", "minval"}) {
      if (const Json* member = config->find(key)) spec.a = member->as_double();
    }
    for (const char* key : {"stddev", "maxval"}) {
      if (const Json* member = config->find(key)) spec.b = member->as_double();
    }
    if (const Json* member = config->find("seed")) from_json(*member, spec.seed);
  }
  x = Initializer(std::move(spec));
}

}  // namespace danlu
