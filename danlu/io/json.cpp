#include "danlu/io/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "danlu/base/error.h"

namespace danlu {

/// Lets the parser append members without searching for their names first.
struct JsonAccess {
  static void append_member(Json& object, std::string key, Json value) {
    object.append_member(std::move(key), std::move(value));
  }
};

namespace {

/// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (!continues(2)) return 0;
  const unsigned second = byte(1);
  if (lead < 0xf0) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xf4 || !continues(3)) return 0;
  const bool overlong = lead == 0xf0 && second < 0x90;
  const bool too_large = lead == 0xf4 && second >= 0x90;
  return overlong || too_large ? 0 : 4;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20) {
      out += "\\u00";
      out += "0123456789abcdef"[c >> 4];
      out += "0123456789abcdef"[c & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
  const bool looks_integer =
      std::all_of(text, end, [](char c) { return std::strchr(".e", c) == 0; });
  if (looks_integer) out += ".0";
}

void append(std::string& out, const Json& json, int indent, int level);

void new_line(std::string& out, int indent, int level) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * level, ' ');
}

template <class Items, class Each>
void append_list(std::string& out, char open, char close, const Items& items, int indent, int level,
                 Each&& each) {
  out += open;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    new_line(out, indent, level + 1);
    each(item);
  }
  if (!first) new_line(out, indent, level);
  out += close;
}

void append(std::string& out, const Json& json, int indent, int level) {
  if (json.is_null()) {
    out += "null";
  } else if (json.is_bool()) {
    out += json.as_bool() ? "true" : "false";
  } else if (json.is_int()) {
    out += std::to_string(json.as_int());
  } else if (json.is_number()) {
    append_double(out, json.as_double());
  } else if (json.is_string()) {
    append_string(out, json.as_string());
  } else if (json.is_array()) {
    append_list(out, '[', ']', json.items(), indent, level,
                [&](const Json& item) { append(out, item, indent, level + 1); });
  } else {
    append_list(out, '{', '}', json.members(), indent, level, [&](const Json::Member& member) {
      append_string(out, member.first);
      out += indent < 0 ? ":" : ": ";
      append(out, member.second, indent, level + 1);
    });
  }
}

/// Receives the events of nlohmann's parser and builds a Json. The parser itself does not recurse;
/// the depth limit guards what later walks the tree.
class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  Builder(std::string_view text, const Json::ParseOptions& options)
      : text_(text), options_(options) {}

  Json take() { return std::move(root_); }

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(number_integer_t value) { return add(Json(value)); }
  bool number_unsigned(number_unsigned_t value) { return add(Json(value)); }
  bool number_float(number_float_t value, const string_t&) { return add(Json(value)); }
  bool string(string_t& value) { return add(Json(std::move(value))); }
  bool binary(binary_t&) { return false; }
  bool start_object(size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(string_t& name) {
    Frame& frame = frames_.back();
    frame.key = name;
    frame.repeated = !frame.keys.insert(name).second;
    if (frame.repeated && options_.reject_duplicate_keys) {
      throw IoError({.where = options_.where,
                     .what = "A key of a JSON object stands twice",
                     .expected = "every key once",
                     .received = "'" + name + "' again"});
    }
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) {
    const size_t end = std::min(position == 0 ? 0 : position - 1, text_.size());
    const std::string_view before = text_.substr(0, end);
    const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
    const size_t line_start = before.rfind('\n') + 1;
    std::string reason = error.what();
    const size_t syntax = reason.find("syntax error");
    if (syntax != std::string::npos) {
      reason.erase(0, syntax);
    } else if (const size_t bracket = reason.find("] "); bracket != std::string::npos) {
      reason.erase(0, bracket + 2);
    }
    throw IoError({.where = options_.where,
                   .what = "This is not valid JSON, line " + std::to_string(line) + ", column " +
                           std::to_string(end - line_start + 1) + ": " + reason});
  }

 private:
  struct Frame {
    Json value;
    std::string key;
    bool repeated = false;
    std::unordered_set<std::string> keys;
  };

  bool add(Json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else if (frame.repeated) {
      frame.value.set(frame.key, std::move(value));
    } else {
      JsonAccess::append_member(frame.value, std::move(frame.key), std::move(value));
    }
    return true;
  }

  bool open(Json value) {
    if (static_cast<int>(frames_.size()) == options_.max_depth) {
      throw IoError({.where = options_.where,
                     .what = "The JSON text is nested too deeply",
                     .expected = "at most " + std::to_string(options_.max_depth) +
                                 " arrays and objects inside each other",
                     .received = "more"});
    }
    frames_.push_back({.value = std::move(value)});
    return true;
  }

  bool close() {
    Json value = std::move(frames_.back().value);
    frames_.pop_back();
    return add(std::move(value));
  }

  std::string_view text_;
  const Json::ParseOptions& options_;
  std::vector<Frame> frames_;
  Json root_;
};

}  // namespace

Json Json::array(Array items) {
  Json json;
  json.value_ = std::move(items);
  return json;
}

Json Json::object(std::initializer_list<Member> members) {
  Json json;
  json.value_ = Object();
  for (const Member& member : members) json.set(member.first, member.second);
  return json;
}

Json Json::from_members(Object members) {
  Json json;
  json.value_ = std::move(members);
  return json;
}

std::string_view Json::type_name() const {
  static constexpr std::string_view kNames[] = {"null",   "bool",  "integer", "number",
                                                "string", "array", "object"};
  return kNames[value_.index()];
}

void Json::wrong_type(std::string_view expected) const {
  std::string text = dump();
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  throw IoError({.where = "JSON",
                 .what = "A value has the wrong type",
                 .expected = std::string(expected),
                 .received = std::string(type_name()) + " " + text});
}

bool Json::as_bool() const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  wrong_type("bool");
}

int64_t Json::as_int() const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
  wrong_type("integer");
}

double Json::as_double() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  wrong_type("number");
}

const std::string& Json::as_string() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  wrong_type("string");
}

const Json::Array& Json::items() const {
  if (const auto* value = std::get_if<Array>(&value_)) return *value;
  wrong_type("array");
}

const Json::Object& Json::members() const {
  if (const auto* value = std::get_if<Object>(&value_)) return *value;
  wrong_type("object");
}

size_t Json::size() const {
  if (is_array()) return items().size();
  return is_object() ? members().size() : 0;
}

const Json& Json::operator[](size_t index) const {
  const Array& all = items();
  if (index < all.size()) return all[index];
  throw IoError({.where = "JSON",
                 .what = "An array is too short",
                 .expected = "more than " + std::to_string(index) + " elements",
                 .received = std::to_string(all.size())});
}

const Json* Json::find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) return nullptr;
  for (const Member& member : *object) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  const Object& object = members();
  if (const Json* value = find(key)) return *value;
  std::string names;
  for (const Member& member : object) {
    if (names.size() > 200) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "'" : ", '") + member.first + "'";
  }
  throw IoError({.where = "JSON",
                 .what = "A member is missing",
                 .expected = "'" + std::string(key) + "'",
                 .received = names.empty() ? "an empty object" : names});
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object();
  auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) wrong_type("object");
  for (Member& member : *object) {
    if (member.first == key) return member.second = std::move(value);
  }
  return object->emplace_back(std::string(key), std::move(value)).second;
}

void Json::append_member(std::string key, Json value) {
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
}

Json& Json::push_back(Json value) {
  if (is_null()) value_ = Array();
  auto* all = std::get_if<Array>(&value_);
  if (all == nullptr) wrong_type("array");
  return all->emplace_back(std::move(value));
}

std::string Json::dump(int indent) const {
  std::string out;
  append(out, *this, indent, 0);
  return out;
}

Json Json::parse(std::string_view text, const ParseOptions& options) {
  Builder builder(text, options);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace danlu
