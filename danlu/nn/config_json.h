#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "danlu/io/json.h"
#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/initializers.h"

/// Config structs to JSON and back, through their one visitor
/// `template <class Self, class V> static void fields(Self& c, V&& v) { v("units", c.units); … }`.
/// The JSON is what Keras's `get_config` gives.
namespace danlu {

inline Json to_json(bool x) { return Json(x); }
inline Json to_json(int64_t x) { return Json(x); }
inline Json to_json(double x) { return Json(x); }
inline Json to_json(const std::string& x) { return Json(x); }
Json to_json(const Size2D& x);
/// Unknown dimensions are null.
Json to_json(const OptionalShape& x);
Json to_json(const ActivationFunction& x);
Json to_json(const Initializer& x);
Json to_json(const std::vector<int64_t>& x);
template <class T>
Json to_json(const std::optional<T>& x) {
  return x ? to_json(*x) : Json();
}

/// Errors: IoError when the JSON holds something else; ValueError for unknown names.
void from_json(const Json& json, bool& x);
void from_json(const Json& json, int64_t& x);
void from_json(const Json& json, double& x);
void from_json(const Json& json, std::string& x);
void from_json(const Json& json, Size2D& x);
void from_json(const Json& json, OptionalShape& x);
void from_json(const Json& json, ActivationFunction& x);
void from_json(const Json& json, Initializer& x);
void from_json(const Json& json, std::vector<int64_t>& x);
template <class T>
void from_json(const Json& json, std::optional<T>& x) {
  if (json.is_null()) {
    x.reset();
  } else {
    from_json(json, x.emplace());
  }
}

/// An object with a member per field.
template <class Config>
Json config_to_json(const Config& config) {
  Json json = Json::object();
  Config::fields(config,
                 [&](const char* name, const auto& value) { json.set(name, to_json(value)); });
  return json;
}

/// Fields that `json` lacks keep their defaults; members that are no field are passed over.
template <class Config>
Config config_from_json(const Json& json) {
  Config config;
  Config::fields(config, [&](const char* name, auto& value) {
    if (const Json* member = json.find(name)) from_json(*member, value);
  });
  return config;
}

}  // namespace danlu
