#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "danlu/core/shape.h"

namespace danlu {

/// The attributes of an op node, type-erased. Concrete attributes are plain structs in
/// `danlu/ops/**/*_attrs.h` with `operator==` and a visitor
/// `template <class V> void fields(V&& v) const { v("axis", axis); … }`, from which equality,
/// hashing and printing follow.
class Attrs {
 public:
  virtual ~Attrs() = default;
  virtual size_t hash() const = 0;
  virtual bool equals(const Attrs& other) const = 0;
  /// "{axis: 1, keepdims: true}"
  virtual std::string to_string() const = 0;
};

using AttrsPtr = std::shared_ptr<const Attrs>;

namespace internal {

inline size_t hash_combine(size_t seed, size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2));
}

template <class T>
concept SelfHashing = requires(const T& t) {
  { t.hash() } -> std::convertible_to<size_t>;
  { t.to_string() } -> std::convertible_to<std::string>;
};

template <class T>
struct FieldTraits {
  static size_t hash(const T& x) {
    if constexpr (SelfHashing<T>) {
      return x.hash();
    } else if constexpr (std::is_same_v<T, double>) {
      return std::hash<uint64_t>{}(std::bit_cast<uint64_t>(x));
    } else if constexpr (std::is_enum_v<T>) {
      return static_cast<size_t>(x);
    } else {
      return std::hash<T>{}(x);
    }
  }
  static std::string text(const T& x) {
    if constexpr (SelfHashing<T>) {
      return x.to_string();
    } else if constexpr (std::is_same_v<T, bool>) {
      return x ? "true" : "false";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return x;
    } else if constexpr (std::is_same_v<T, DType>) {
      return std::string(name(x));
    } else if constexpr (std::is_enum_v<T>) {
      return std::to_string(static_cast<int>(x));
    } else {
      return std::to_string(x);
    }
  }
};

template <class Range>
struct RangeFieldTraits {
  static size_t hash(const Range& range) {
    size_t h = 0x51ed;
    for (const auto& x : range) {
      h = hash_combine(h, FieldTraits<std::decay_t<decltype(x)>>::hash(x));
    }
    return h;
  }
  static std::string text(const Range& range) {
    std::string s = "[";
    for (const auto& x : range) {
      if (s.size() > 1) s += ", ";
      s += FieldTraits<std::decay_t<decltype(x)>>::text(x);
    }
    return s + "]";
  }
};
template <class T>
struct FieldTraits<std::vector<T>> : RangeFieldTraits<std::vector<T>> {};
template <class T, size_t N>
struct FieldTraits<std::array<T, N>> : RangeFieldTraits<std::array<T, N>> {};
template <>
struct FieldTraits<Shape> : RangeFieldTraits<Shape> {};
template <class T>
struct FieldTraits<std::shared_ptr<const T>> {
  static size_t hash(const std::shared_ptr<const T>& p) { return p ? p->hash() : 0; }
  static std::string text(const std::shared_ptr<const T>& p) { return p ? p->to_string() : "-"; }
};

}  // namespace internal

template <class T>
class AttrsOf final : public Attrs {
 public:
  explicit AttrsOf(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }

  size_t hash() const override {
    size_t h = typeid(T).hash_code();
    value_.fields([&](std::string_view, const auto& x) {
      h = internal::hash_combine(h, internal::FieldTraits<std::decay_t<decltype(x)>>::hash(x));
    });
    return h;
  }
  bool equals(const Attrs& other) const override {
    const auto* same = dynamic_cast<const AttrsOf*>(&other);
    return same != nullptr && same->value_ == value_;
  }
  std::string to_string() const override {
    std::string s;
    value_.fields([&](std::string_view field, const auto& x) {
      s += (s.empty() ? "" : ", ") + std::string(field) + ": " +
           internal::FieldTraits<std::decay_t<decltype(x)>>::text(x);
    });
    return "{" + s + "}";
  }

 private:
  T value_;
};

template <class T>
AttrsPtr make_attrs(T value) {
  return std::make_shared<const AttrsOf<T>>(std::move(value));
}

/// The concrete attributes behind `attrs`; the caller knows the type from the op.
template <class T>
const T& attrs_as(const Attrs* attrs) {
  return static_cast<const AttrsOf<T>*>(attrs)->value();
}
template <class T>
const T& attrs_as(const AttrsPtr& attrs) {
  return attrs_as<T>(attrs.get());
}

}  // namespace danlu
