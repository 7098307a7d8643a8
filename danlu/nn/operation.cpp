#include "danlu/nn/operation.h"

#include <algorithm>
#include <cmath>

#include "danlu/base/error.h"
#include "danlu/io/config.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/probe.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

Json nested_list(const std::vector<Json>& values, const Shape& shape, int axis, size_t& next) {
  if (axis == shape.rank()) return values[next++];
  Json list = Json::array();
  for (int64_t i = 0; i < shape[axis]; ++i) {
    list.push_back(nested_list(values, shape, axis + 1, next));
  }
  return list;
}

/// Keras's __tensor__.
Json tensor_json(const Array& x) {
  std::vector<Json> values;
  if (is_floating(x.dtype())) {
    for (const double value : x.to_vector<double>()) {
      if (!std::isfinite(value)) {
        throw ValueError({.where = "KerasTensor",
                          .what = "A constant in a functional graph must be finite, because it "
                                  "goes into the model's config",
                          .received = std::to_string(value)});
      }
      values.emplace_back(value);
    }
  } else {
    const bool truth = x.dtype() == DType::bool_;
    for (const int64_t value : x.to_vector<int64_t>()) {
      values.push_back(truth ? Json(value != 0) : Json(value));
    }
  }
  size_t next = 0;
  return object_json("__tensor__", Json::object({{"value", nested_list(values, x.shape(), 0, next)},
                                                 {"dtype", std::string(danlu::name(x.dtype()))}}));
}

/// A list of numbers: bool, int32 or float32, as Keras takes Python's.
Array array_from_list(const Json& list, std::optional<DType> dtype) {
  std::vector<double> numbers;
  std::vector<int64_t> dims;
  bool truths = true, whole = true;
  const auto flatten = [&](const auto& self, const Json& value, size_t depth) -> void {
    if (!value.is_array()) {
      truths = truths && value.is_bool(), whole = whole && (value.is_bool() || value.is_int());
      numbers.push_back(value.is_bool() ? (value.as_bool() ? 1 : 0) : value.as_double());
      return;
    }
    if (depth == dims.size()) dims.push_back(static_cast<int64_t>(value.size()));
    for (const Json& item : value.items()) self(self, item, depth + 1);
  };
  flatten(flatten, list, 0);
  const Shape shape(dims);
  if (shape.num_elements() != static_cast<int64_t>(numbers.size())) {
    throw IoError({.where = "operation",
                   .what = "A constant has rows of different lengths",
                   .received = list.dump().substr(0, 100)});
  }
  const DType natural = truths ? DType::bool_ : whole ? DType::int32 : DType::float32;
  return cast(Array(numbers, shape), dtype.value_or(natural));
}

}  // namespace

Operand::Operand(const Array& constant)
    : value_(constant.is_weak() && constant.rank() == 0
                 ? (is_floating(constant.dtype()) ? Json(constant.item<double>())
                                                  : Json(constant.item<int64_t>()))
                 : tensor_json(constant)) {}

Array OperationArguments::array_of(const Json& item) const {
  if (item.is_bool()) return Array(item.as_bool());
  if (item.is_int()) return Array(item.as_int());
  if (item.is_number()) return Array(item.as_double());
  if (item.is_array()) return array_from_list(item, {});
  if (const Json* input = item.find("input"); input != nullptr && input->is_int()) {
    const auto index = static_cast<size_t>(input->as_int());
    if (index < inputs_.size()) return inputs_[index];
  }
  const Json* name = item.find("class_name");
  if (name != nullptr && (*name == Json("__tensor__") || *name == Json("__numpy__"))) {
    const Json& config = item.at("config");
    return array_from_list(config.at("value"), dtype_from_name(config.at("dtype").as_string()));
  }
  throw IoError({.where = "operation",
                 .what = "This is neither a tensor nor a number",
                 .received = item.dump().substr(0, 100)});
}

std::vector<Array> OperationArguments::arrays(size_t place) const {
  const Json& list = form_[place];
  if (!list.is_array()) return {array_of(list)};
  std::vector<Array> all;
  for (const Json& item : list.items()) all.push_back(array_of(item));
  return all;
}

std::vector<Array> OperationArguments::arrays_from(size_t first) const {
  std::vector<Array> all;
  for (size_t i = first; i < form_.size(); ++i) all.push_back(array(i));
  return all;
}

const Json& OperationArguments::setting(const char* name) const {
  static const Json nothing;
  const Json* value = settings_.find(name);
  return value == nullptr ? nothing : *value;
}

int64_t OperationArguments::integer(const char* name, int64_t otherwise) const {
  const Json& value = setting(name);
  return value.is_null() ? otherwise : value.as_int();
}

double OperationArguments::number(const char* name, double otherwise) const {
  const Json& value = setting(name);
  return value.is_null() ? otherwise : value.as_double();
}

bool OperationArguments::flag(const char* name, bool otherwise) const {
  const Json& value = setting(name);
  return value.is_null() ? otherwise : value.as_bool();
}

std::string OperationArguments::text(const char* name, const char* otherwise) const {
  const Json& value = setting(name);
  return value.is_null() ? otherwise : value.as_string();
}

std::vector<int64_t> OperationArguments::integers(const char* name) const {
  const Json& value = setting(name);
  if (value.is_null()) return {};
  std::vector<int64_t> all;
  from_json(value, all);
  return all;
}

std::optional<int64_t> OperationArguments::maybe(const char* name) const {
  const Json& value = setting(name);
  return value.is_null() ? std::nullopt : std::optional(value.as_int());
}

std::optional<DType> OperationArguments::dtype(const char* name) const {
  const Json& value = setting(name);
  return value.is_null() ? std::nullopt : std::optional(dtype_from_name(value.as_string()));
}

const Operation* find_operation(const std::string& class_name) {
  for (const Operation& operation : operations()) {
    if (operation.class_name == class_name) return &operation;
  }
  return nullptr;
}

OperationLayer::OperationLayer(const Operation& operation, Json form, Json settings,
                               std::vector<DType> inputs, std::string name)
    : LayerImpl(operation.class_name, {.name = std::move(name)}),
      operation_(operation),
      form_(std::move(form)),
      settings_(std::move(settings)),
      inputs_(std::move(inputs)) {
  for (const auto& [key, value] : settings_.members()) {
    const auto is_key = [&, name = key](const char* known) { return name == known; };
    const std::vector<const char*>& known = operation.settings;
    if (value.is_null() || std::any_of(known.begin(), known.end(), is_key)) continue;
    std::string names;
    for (const char* one : known) names += std::string(names.empty() ? "" : ", ") + one;
    throw ValueError({.where = where(),
                      .what = "The operation has no such setting",
                      .expected = names.empty() ? "none" : names,
                      .received = key + "=" + value.dump().substr(0, 100)});
  }
}

std::vector<Array> OperationLayer::compute(const std::vector<Array>& inputs) const {
  return operation_.compute(OperationArguments(form_, settings_, inputs));
}

std::vector<TensorSpec> OperationLayer::output_specs(const std::vector<Shape>& inputs) const {
  std::vector<TensorSpec> specs;
  std::string shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    specs.push_back({inputs[i], inputs_.at(i)});
    shapes += (i == 0 ? "" : " and ") + inputs[i].to_string();
  }
  return with_error_context("inputs " + shapes, [&] {
    return probe_outputs(specs, [&](const std::vector<Array>& x) { return compute(x); });
  });
}

std::vector<Shape> OperationLayer::output_shapes(const std::vector<Shape>& inputs) const {
  std::vector<Shape> shapes;
  for (const TensorSpec& spec : output_specs(inputs)) shapes.push_back(spec.shape);
  return shapes;
}

std::vector<Array> OperationLayer::call_inputs(const std::vector<Array>& inputs,
                                               const CallContext&) {
  return compute(inputs);
}

Json OperationLayer::get_config() const {
  Json config = Json::object({{"name", name()}});
  for (const auto& [key, value] : settings_.members()) config.set(key, value);
  return config;
}

const OperationLayer* as_operation(const Layer& layer) {
  return dynamic_cast<const OperationLayer*>(layer.impl().get());
}

std::vector<KerasTensor> call_operation(const char* class_name,
                                        const std::vector<Operand>& operands, Json settings) {
  std::vector<KerasTensor> inputs;
  const auto place = [&](const KerasTensor& x) {
    inputs.push_back(x);
    return Json::object({{"input", inputs.size() - 1}});
  };
  Json form = Json::array();
  for (const Operand& operand : operands) {
    if (const auto* x = std::get_if<KerasTensor>(&operand.value())) {
      form.push_back(place(*x));
    } else if (const auto* list = std::get_if<std::vector<KerasTensor>>(&operand.value())) {
      Json items = Json::array();
      for (const KerasTensor& x : *list) items.push_back(place(x));
      form.push_back(std::move(items));
    } else {
      form.push_back(std::get<Json>(operand.value()));
    }
  }
  return call_operation(*find_operation(class_name), std::move(form), std::move(settings), inputs);
}

}  // namespace danlu
