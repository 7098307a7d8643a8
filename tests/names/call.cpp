#include <charconv>
#include <limits>

#include "danlu/base/error.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

[[noreturn]] void missing(const Json& about, std::string_view name, const std::string& expected) {
  throw ValueError({.where = about.at("id").as_string(),
                    .what = "The case has no such argument",
                    .expected = expected + " called " + std::string(name),
                    .received = about.at("args").dump()});
}

double number_of(const Json& value) {
  if (value.is_number()) return value.as_double();
  const std::string& text = value.at("number").as_string();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return (text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
}

}  // namespace

Call::Call(const Json& about, std::vector<Array> inputs)
    : about_(about), inputs_(std::move(inputs)) {}

const Json* Call::find(std::string_view name) const {
  for (const Json& argument : about_.at("args").items()) {
    if (argument[0].as_string() == name && !argument[1].is_null()) return &argument[1];
  }
  return nullptr;
}

const Json& Call::json(std::string_view name) const {
  if (const Json* value = find(name)) return *value;
  missing(about_, name, "an argument");
}

Array Call::array_of(const Json& value) const {
  if (value.is_bool()) return value.as_bool();
  if (value.is_int()) return value.as_int();
  if (value.contains("tensor")) return inputs_[static_cast<size_t>(value.at("tensor").as_int())];
  return number_of(value);
}

Array Call::operator[](size_t position) const {
  const Json& arguments = about_.at("args");
  if (position >= arguments.size()) missing(about_, std::to_string(position), "a tensor");
  return array_of(arguments[position][1]);
}

Array Call::array(std::string_view name) const { return array_of(json(name)); }

std::optional<Array> Call::maybe_array(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) return {};
  return array_of(*value);
}

std::vector<Array> Call::arrays(std::string_view name) const {
  std::vector<Array> list;
  for (const Json& item : json(name).items()) list.push_back(array_of(item));
  return list;
}

int64_t Call::integer(std::string_view name, int64_t otherwise) const {
  return maybe_integer(name).value_or(otherwise);
}

std::optional<int64_t> Call::maybe_integer(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) return {};
  return value->as_int();
}

std::vector<int64_t> Call::integers(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_int()) return {value->as_int()};
  std::vector<int64_t> list;
  for (const Json& item : value->items()) list.push_back(item.as_int());
  return list;
}

double Call::number(std::string_view name, double otherwise) const {
  const Json* value = find(name);
  return value == nullptr ? otherwise : number_of(*value);
}

bool Call::flag(std::string_view name, bool otherwise) const {
  const Json* value = find(name);
  return value == nullptr ? otherwise : value->as_bool();
}

std::string Call::text(std::string_view name, const std::string& otherwise) const {
  const Json* value = find(name);
  return value == nullptr ? otherwise : value->as_string();
}

DType Call::dtype(std::string_view name, DType otherwise) const {
  const Json* value = find(name);
  return value == nullptr ? otherwise : dtype_from_name(value->as_string());
}

std::string Call::variant() const {
  const Json* value = about_.find("variant");
  return value == nullptr ? "" : value->as_string();
}

}  // namespace danlu::names
