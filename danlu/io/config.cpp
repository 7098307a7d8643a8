#include "danlu/io/config.h"

#include <utility>

#include "danlu/core/shape.h"

namespace danlu {

void from_json(const Json& json, bool& x) { x = json.as_bool(); }
void from_json(const Json& json, int64_t& x) { x = json.as_int(); }
void from_json(const Json& json, double& x) { x = json.as_double(); }
void from_json(const Json& json, std::string& x) { x = json.is_null() ? "" : json.as_string(); }

void from_json(const Json& json, std::vector<int64_t>& x) {
  if (json.is_int()) {
    x = {json.as_int()};
    return;
  }
  x.clear();
  for (const Json& item : json.items()) {
    x.push_back(item.is_null() ? Shape::kUnknown : item.as_int());
  }
}

void from_json(const Json& json, std::vector<double>& x) {
  x.clear();
  for (const Json& item : json.items()) x.push_back(item.as_double());
}

void from_json(const Json& json, std::vector<std::string>& x) {
  x.clear();
  for (const Json& item : json.items()) x.push_back(item.as_string());
}

Json object_json(const std::string& class_name, Json config) {
  return Json::object({{"class_name", class_name}, {"config", std::move(config)}});
}

}  // namespace danlu
