#include <set>
#include <string>
#include <string_view>

#include "danlu/base/error.h"
#include "danlu/interop/keras_config.h"
#include "danlu/nn/operation.h"

namespace danlu {
namespace {

bool is_text(const Json* value, std::string_view text) {
  return value != nullptr && value->is_string() && value->as_string() == text;
}

/// Makes a config plain, place by place.
class Plain {
 public:
  explicit Plain(const std::string& where) : where_(where) {}

  Json of(const Json& value, const std::string& place) const {
    if (value.is_array()) {
      Json out = Json::array();
      for (size_t i = 0; i < value.size(); ++i) {
        out.push_back(of(value[i], place + "[" + std::to_string(i) + "]"));
      }
      return out;
    }
    if (!value.is_object()) return value;
    const Json* class_name = value.find("class_name");
    if (class_name == nullptr || !value.contains("config")) return members(value, place);
    return object(value, class_name->as_string(), place);
  }

 private:
  [[noreturn]] void refuse(const std::string& place, const std::string& what,
                           const std::string& received = "", const std::string& hint = "") const {
    throw IoError({.where = where_ + (place.empty() ? "" : ", " + place),
                   .what = what,
                   .received = received,
                   .hint = hint});
  }

  Json members(const Json& value, const std::string& place) const {
    Json::Object out;
    for (const auto& [key, member] : value.members()) {
      out.emplace_back(key, of(member, place.empty() ? key : place + "." + key));
    }
    return Json::from_members(std::move(out));
  }

  Json object(const Json& value, const std::string& class_name, const std::string& place) const {
    if (class_name == "__lambda__") {
      refuse(place, "This is a Python function as code, which Danlu never runs", "",
             "give the model a layer or a function that has a name in Keras");
    }
    if (class_name == "Lambda") {
      refuse(place, "A Lambda layer is Python code, which Danlu never runs", "",
             "replace it by layers of Keras");
    }
    if (class_name == "__keras_tensor__") {
      return Json::object({{"class_name", class_name}, {"config", value.at("config")}});
    }
    if (in_call_ && kCallConstants.contains(class_name)) {
      return Json::object({{"class_name", class_name}, {"config", value.at("config")}});
    }
    if (class_name == "__tensor__" || class_name == "__numpy__") {
      return value.at("config").at("value");
    }
    if (class_name.starts_with("__")) refuse(place, "This cannot be read", class_name);
    check_origin(value, class_name, place);
    if (class_name == "function") return value.at("config").as_string();
    if (class_name == "DTypePolicy") return value.at("config").at("name");
    Json out = Json::object({{"class_name", plain_name(value, class_name)},
                             {"config", of(value.at("config"), place + "." + class_name)}});
    for (const char* key : {"name", "shared_object_id"}) {
      if (const Json* member = value.find(key)) out.set(key, *member);
    }
    if (const Json* calls = value.find("inbound_nodes")) {
      Plain inside = *this;
      inside.in_call_ = true;
      out.set("inbound_nodes", inside.of(*calls, place + ".inbound_nodes"));
    }
    return out;
  }

  /// Refuses what is not Keras's own.
  void check_origin(const Json& value, const std::string& class_name,
                    const std::string& place) const {
    const std::string hint = "only classes and functions of Keras itself can be read from a file";
    if (const Json* registered = value.find("registered_name");
        registered != nullptr && !registered->is_null() && !is_text(registered, class_name) &&
        !(class_name == "function" && *registered == value.at("config"))) {
      refuse(place, "This is a class or function of somebody's own", registered->dump(), hint);
    }
    const Json* module = value.find("module");
    if (module == nullptr) return;
    const std::string name = module->is_string() ? module->as_string() : module->dump();
    if (name == "builtins" && class_name == "function") return;
    if (name == "keras" || name.starts_with("keras.")) return;
    refuse(place, "This is a class or function of somebody's own", name + "." + class_name, hint);
  }

  static std::string plain_name(const Json& value, const std::string& class_name) {
    const Json* module = value.find("module");
    if (module != nullptr && module->is_string() &&
        module->as_string().starts_with(kOperationModule)) {
      return kOperationPrefix + class_name;
    }
    return class_name == kGroupedAttention.exported ? kGroupedAttention.defined : class_name;
  }

  /// What may stand in the call of an operation besides tensors and numbers.
  inline static const std::set<std::string> kCallConstants = {"__tensor__", "__numpy__",
                                                              "__slice__", "__ellipsis__"};
  const std::string& where_;
  bool in_call_ = false;
};

}  // namespace

Json plain_config(const Json& config, const std::string& where) {
  return Plain(where).of(config, "");
}

}  // namespace danlu
