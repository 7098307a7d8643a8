#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/io/json.h"

/// Config structs to JSON and back, through their one visitor
/// `template <class Self, class V> static void fields(Self& c, V&& v) { v("units", c.units); … }`.
/// The JSON is what Keras's `get_config` gives. A field type takes part by `to_json` and
/// `from_json` beside it.
namespace danlu {

inline Json to_json(bool x) { return Json(x); }
inline Json to_json(int64_t x) { return Json(x); }
inline Json to_json(double x) { return Json(x); }
inline Json to_json(const std::string& x) { return Json(x); }
inline Json to_json(const std::vector<int64_t>& x) { return Json(x); }
inline Json to_json(const std::vector<double>& x) { return Json(x); }
inline Json to_json(const std::vector<std::string>& x) { return Json(x); }
template <class T>
Json to_json(const std::optional<T>& x) {
  return x ? to_json(*x) : Json();
}

/// Errors: IoError when the JSON holds something else.
void from_json(const Json& json, bool& x);
void from_json(const Json& json, int64_t& x);
void from_json(const Json& json, double& x);
void from_json(const Json& json, std::string& x);
/// null is a dimension that is not known; one integer is a list of one.
void from_json(const Json& json, std::vector<int64_t>& x);
void from_json(const Json& json, std::vector<double>& x);
void from_json(const Json& json, std::vector<std::string>& x);
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

/// What Keras writes of an object: its class and its config.
Json object_json(const std::string& class_name, Json config);

}  // namespace danlu
