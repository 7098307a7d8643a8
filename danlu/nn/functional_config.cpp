#include <algorithm>
#include <map>

#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/operation.h"

namespace danlu {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& received) {
  throw IoError({.where = "functional_from_config", .what = what, .received = received});
}

/// The graph that a config describes, while its calls are made one after another.
class Graph {
 public:
  explicit Graph(const Json& config) {
    for (const Json& entry : config.at("layers").items()) {
      const std::string& class_name = entry.at("class_name").as_string();
      const Json& settings = entry.at("config");
      const Json* calls = entry.find("inbound_nodes");
      Member member{.calls = calls == nullptr ? Json::array() : *calls};
      if (class_name.starts_with(kOperationPrefix)) {
        member.operation = find_operation(class_name.substr(std::string(kOperationPrefix).size()));
        if (member.operation == nullptr) refuse_operation(class_name);
        member.settings = settings;
      } else {
        member.layer = layer_from_entry(entry);
      }
      member.name = entry.contains("name") || member.operation != nullptr
                        ? (entry.contains("name") ? entry : settings).at("name").as_string()
                        : member.layer.name();
      if (member.is_input()) member.outputs.push_back({to_keras_tensor(member.layer)});
      if (!places_.emplace(member.name, members_.size()).second) {
        refuse("Two layers have the same name", member.name);
      }
      members_.push_back(std::move(member));
    }
    make_calls();
  }

  std::vector<KerasTensor> tensors(const Json& places) const {
    std::vector<KerasTensor> found;
    if (!collect(places, found)) refuse("There is no such call of a layer", places.dump());
    return found;
  }

 private:
  struct Member {
    std::string name = "";
    Layer layer{nullptr};
    const Operation* operation = nullptr;  ///< instead of a layer
    Json settings = {};                    ///< of the operation
    Json calls;
    std::vector<std::vector<KerasTensor>> outputs = {};  ///< of the calls made so far

    bool is_input() const { return layer.impl() != nullptr && layer->type() == "InputLayer"; }
  };

  [[noreturn]] static void refuse_operation(const std::string& class_name) {
    std::string names;
    for (const Operation& known : operations()) {
      names += (names.empty() ? "" : ", ") + std::string(known.class_name);
    }
    throw ValueError({.where = "functional_from_config",
                      .what = "There is no operation of this class for functional graphs",
                      .expected = "one of " + names,
                      .received = "\"" + class_name + "\""});
  }

  /// Makes every call whose inputs are there until nothing is left.
  void make_calls() {
    bool progress = true, complete = false;
    while (progress && !complete) {
      progress = false, complete = true;
      for (Member& member : members_) {
        const size_t first = member.is_input() ? 1 : 0;
        while (member.outputs.size() < member.calls.size() + first) {
          const Json& call = member.calls[member.outputs.size() - first];
          if (!(member.operation != nullptr ? make_operation(member, call)
                                            : make_call(member, call))) {
            complete = false;
            break;
          }
          progress = true;
        }
      }
    }
    if (complete) return;
    for (const Member& member : members_) {
      if (member.outputs.size() < member.calls.size()) {
        refuse("The inputs of a layer come from nowhere or from its own outputs",
               "'" + member.name + "'");
      }
    }
  }

  bool make_call(Member& member, const Json& call) {
    const std::vector<std::string> names = member.layer->input_arguments();
    std::map<std::string, std::vector<KerasTensor>> taken;
    SymbolicArguments arguments;
    const Json::Array& args = call.at("args").items();
    for (size_t i = 0; i < args.size(); ++i) {
      if (args[i].is_null()) continue;
      if (i >= names.size()) refuse("A layer is called with too many arguments", call.dump());
      if (!collect(args[i], taken[names[i]])) return false;
    }
    for (const auto& [name, value] : call.at("kwargs").members()) {
      if (value.is_null()) continue;
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        if (!collect(value, taken[name])) return false;
      } else if (is_tensor(value)) {
        std::vector<KerasTensor> one;
        if (!collect(value, one)) return false;
        arguments.tensors.emplace(name, one[0]);
      } else {
        arguments.values.set(name, value);
      }
    }
    std::vector<KerasTensor> inputs;
    for (const std::string& name : names) {
      inputs.insert(inputs.end(), taken[name].begin(), taken[name].end());
    }
    member.outputs.push_back(member.layer(inputs, arguments));
    return true;
  }

  bool make_operation(Member& member, const Json& call) const {
    if (!member.outputs.empty()) {
      refuse("An operation is called twice; in Keras's files each call has one of its own",
             "'" + member.name + "'");
    }
    std::vector<KerasTensor> inputs;
    bool complete = true;
    const auto form_of = [&](const auto& self, const Json& value) -> Json {
      if (is_tensor(value)) {
        complete = complete && collect(value, inputs);
        return Json::object({{"input", inputs.size() - 1}});
      }
      if (!value.is_array()) return value;
      Json all = Json::array();
      for (const Json& item : value.items()) all.push_back(self(self, item));
      return all;
    };
    Json form = form_of(form_of, call.at("args"));
    for (const auto& [name, value] : call.at("kwargs").members()) {
      const std::vector<const char*>& known = member.operation->arguments;
      const auto place = static_cast<size_t>(
          std::find_if(known.begin(), known.end(),
                       [&, key = name](const char* one) { return key == one; }) -
          known.begin());
      if (place == known.size() || place < form.size()) {
        refuse("The operation '" + member.name + "' has no such argument", name);
      }
      while (form.size() < place) form.push_back(nullptr);
      form.push_back(form_of(form_of, value));
    }
    if (!complete) return false;
    Json settings = Json::object();
    for (const auto& [key, value] : member.settings.members()) {
      if (key != "name") settings.set(key, value);
    }
    member.outputs.push_back(call_operation(*member.operation, std::move(form), std::move(settings),
                                            inputs, member.name));
    return true;
  }

  static bool is_tensor(const Json& value) {
    const Json* name = value.find("class_name");
    return name != nullptr && name->is_string() && name->as_string() == "__keras_tensor__";
  }

  /// Appends the tensors in `value`: one, a list of them, or a place [name, call, output]; false
  /// where one is not there yet.
  bool collect(const Json& value, std::vector<KerasTensor>& found) const {
    if (is_tensor(value)) return collect(value.at("config").at("keras_history"), found);
    if (!value.is_array()) refuse("A call takes something that is no tensor", value.dump());
    if (value.size() != 3 || !value[0].is_string()) {
      for (const Json& item : value.items()) {
        if (!collect(item, found)) return false;
      }
      return true;
    }
    const auto place = places_.find(value[0].as_string());
    if (place == places_.end()) refuse("There is no layer of this name", value[0].as_string());
    const Member& member = members_[place->second];
    const auto call = static_cast<size_t>(value[1].as_int());
    if (call >= member.outputs.size()) return false;
    const auto output = static_cast<size_t>(value[2].as_int());
    if (output >= member.outputs[call].size()) refuse("There is no such output", value.dump());
    found.push_back(member.outputs[call][output]);
    return true;
  }

  std::vector<Member> members_;
  std::map<std::string, size_t> places_;
};

}  // namespace

std::shared_ptr<FunctionalNetwork> functional_from_config(const Json& config) {
  const Graph graph(config);
  const auto tensors = [&](const char* key) { return graph.tensors(config.at(key)); };
  const Json* name = config.find("name");
  auto network = std::make_shared<FunctionalNetwork>(
      tensors("input_layers"), tensors("output_layers"),
      name != nullptr && name->is_string() ? name->as_string() : "");
  if (const Json* trainable = config.find("trainable"); trainable && !trainable->as_bool()) {
    network->LayerImpl::set_trainable(false);
  }
  return network;
}

}  // namespace danlu
