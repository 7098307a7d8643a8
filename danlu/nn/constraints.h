#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/io/config.h"

namespace danlu {

/// What a weight becomes after each step, or nothing. Names: max_norm, min_max_norm, non_neg,
/// unit_norm, with their defaults.
class Constraint {
 public:
  using Function = std::function<Array(const Array& weight)>;

  /// None.
  Constraint() = default;
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Constraint(const std::string& name);
  Constraint(const char* name) : Constraint(std::string(name)) {}
  /// A function of one's own, which keeps shape and dtype.
  explicit Constraint(Function function) : Constraint(std::move(function), "custom", {}) {}
  /// `class_name` and `config` are what `from_json` makes it anew from.
  Constraint(Function function, std::string class_name, Json config)
      : function_(std::move(function)),
        class_name_(std::move(class_name)),
        config_(std::move(config)) {}

  bool defined() const { return static_cast<bool>(function_); }
  const std::string& class_name() const { return class_name_; }
  /// The config as Keras's `get_config` gives it.
  const Json& get_config() const { return config_; }
  Array operator()(const Array& weight) const { return function_(weight); }

 private:
  Function function_;
  std::string class_name_;
  Json config_;
};

/// null, or class and config.
Json to_json(const Constraint& x);
/// null, a name, or class and config. Errors: ValueError for unknown ones.
void from_json(const Json& json, Constraint& x);

/// Norms are those of vectors along `axis`: one axis, or several for kernels of convolutions.
namespace constraints {

struct MaxNormConfig {
  double max_value = 2;
  std::vector<int64_t> axis = {0};

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("max_value", c.max_value), v("axis", c.axis);
  }
};
/// Vectors scaled down to a norm of at most max_value. Source: Srivastava et al. (2014).
class MaxNorm : public Constraint {
 public:
  MaxNorm(MaxNormConfig config = {});
};

struct MinMaxNormConfig {
  double min_value = 0;
  double max_value = 1;
  double rate = 1;  ///< how much of the way to that norm a step goes
  std::vector<int64_t> axis = {0};

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("min_value", c.min_value), v("max_value", c.max_value), v("rate", c.rate), v("axis", c.axis);
  }
};
class MinMaxNorm : public Constraint {
 public:
  MinMaxNorm(MinMaxNormConfig config = {});
};

/// Negative weights become 0.
class NonNeg : public Constraint {
 public:
  NonNeg();
};

struct UnitNormConfig {
  std::vector<int64_t> axis = {0};

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis);
  }
};
class UnitNorm : public Constraint {
 public:
  UnitNorm(UnitNormConfig config = {});
};

}  // namespace constraints
}  // namespace danlu
