#pragma once

#include <cmath>
#include <string>

#include "danlu/io/json.h"

/// Comparing configs with those that Keras wrote.
namespace danlu::golden {

/// "" when `actual` says all that `expected`, Keras's, does, else where they differ. 1 is 1.0,
/// numbers may differ by float32's rounding (Keras keeps rates in it), automatic names may. Nothing
/// here is quantized; a config need not say so.
inline std::string config_difference(const Json& actual, const Json& expected) {
  if (expected.is_number() && actual.is_number()) {
    const double a = actual.as_double(), b = expected.as_double();
    if (std::abs(a - b) <= 1e-7 * std::abs(b)) return "";
  } else if (expected.is_array() && actual.is_array() && actual.size() == expected.size()) {
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string inside = config_difference(actual[i], expected[i]);
      if (!inside.empty()) return "[" + std::to_string(i) + "]" + inside;
    }
    return "";
  } else if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.members()) {
      if (key == "name" || key == "module" || key == "registered_name") continue;
      const Json* own = actual.find(key);
      if (own == nullptr && key == "quantization_config" && value.is_null()) continue;
      const std::string inside = own == nullptr ? " is missing" : config_difference(*own, value);
      if (!inside.empty()) return "." + key + inside;
    }
    return "";
  } else if (actual == expected || (expected.is_null() && actual == Json(""))) {
    return "";
  } else if (expected.is_number() && actual.is_array() && actual.size() == 1) {
    return config_difference(actual[0], expected);
  }
  return ": " + actual.dump() + " instead of " + expected.dump();
}

/// The config with another dtype, also for layers inside.
inline Json with_dtype(const Json& config, const std::string& dtype) {
  if (config.is_array()) {
    Json all = Json::array();
    for (const Json& item : config.items()) all.push_back(with_dtype(item, dtype));
    return all;
  }
  if (!config.is_object()) return config;
  Json all = Json::object();
  for (const auto& [key, value] : config.members()) {
    all.set(key, key == "dtype" ? Json(dtype) : with_dtype(value, dtype));
  }
  return all;
}

}  // namespace danlu::golden
