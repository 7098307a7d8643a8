#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace danlu {

/// A JSON value: null, bool, int64, double, string, array, or object with its members in insertion
/// order. Integers and doubles stay apart on the way through text: 1 is an integer, 1.0 is not.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  template <std::same_as<bool> T>
  Json(T value) : value_(value) {}
  /// Unsigned values beyond int64 become doubles.
  template <std::integral T>
  requires(!std::same_as<T, bool>) Json(T value) {
    if (std::in_range<int64_t>(value)) {
      value_ = static_cast<int64_t>(value);
    } else {
      value_ = static_cast<double>(value);
    }
  }
  template <std::floating_point T>
  Json(T value) : value_(static_cast<double>(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  template <class T>
  Json(const std::vector<T>& values) : value_(Array(values.begin(), values.end())) {}

  static Json array(Array items = {});
  /// `Json::object({{"units", 10}, {"name", "dense"}})`; a later member of the same name replaces
  /// an earlier one.
  static Json object(std::initializer_list<Member> members = {});
  /// Takes members whose names differ.
  static Json from_members(Object members);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  /// "null", "bool", "integer", "number", "string", "array" or "object".
  std::string_view type_name() const;

  /// The value as that type. Errors: IoError naming both types. `as_double` takes integers too.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& items() const;
  const Object& members() const;

  /// Elements of an array or members of an object; 0 for everything else.
  size_t size() const;
  /// Errors: IoError when this is no array or is too short.
  const Json& operator[](size_t index) const;
  /// The member called `key`, or nullptr (also when this is no object).
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// Errors: IoError when there is no such member; the text lists those there are.
  const Json& at(std::string_view key) const;

  /// Adds or replaces a member; null becomes an object. Returns the value in its place.
  /// Errors: IoError when this is something else.
  Json& set(std::string_view key, Json value);
  /// Appends; null becomes an array. Errors: IoError when this is something else.
  Json& push_back(Json value);

  friend bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

  /// Text in UTF-8. `indent` < 0: one line without spaces; otherwise one element a line. Doubles
  /// are the shortest text that reads back to the same value; NaN and infinity, which JSON lacks,
  /// become null; bytes that are not UTF-8 become U+FFFD.
  std::string dump(int indent = -1) const;

  struct ParseOptions {
    std::string where = "JSON";         ///< named in errors, e.g. a path
    int max_depth = 128;                ///< arrays and objects inside each other
    bool reject_duplicate_keys = true;  ///< otherwise the last one wins
  };
  /// Errors: IoError with line and column for a syntax error, too deep nesting, duplicate keys.
  static Json parse(std::string_view text, const ParseOptions& options);
  static Json parse(std::string_view text) { return parse(text, ParseOptions()); }

 private:
  [[noreturn]] void wrong_type(std::string_view expected) const;
  /// Appends a member whose name is known to be new.
  void append_member(std::string key, Json value);
  friend struct JsonAccess;

  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_;
};

}  // namespace danlu
