#pragma once

#include <functional>
#include <string>
#include <utility>

#include "danlu/core/array.h"
#include "danlu/io/config.h"

namespace danlu {

/// What a weight adds to the loss, or nothing. Names: l1, l2, l1_l2, orthogonal_regularizer, with
/// their defaults.
class Regularizer {
 public:
  using Function = std::function<Array(const Array& weight)>;

  /// None.
  Regularizer() = default;
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Regularizer(const std::string& name);
  Regularizer(const char* name) : Regularizer(std::string(name)) {}
  /// A function of one's own, which gives a scalar.
  explicit Regularizer(Function function) : Regularizer(std::move(function), "custom", {}) {}
  /// `class_name` and `config` are what `from_json` makes it anew from.
  Regularizer(Function function, std::string class_name, Json config)
      : function_(std::move(function)),
        class_name_(std::move(class_name)),
        config_(std::move(config)) {}

  bool defined() const { return static_cast<bool>(function_); }
  const std::string& class_name() const { return class_name_; }
  /// The config as Keras's `get_config` gives it.
  const Json& get_config() const { return config_; }
  /// The scalar, of the weight's dtype.
  Array operator()(const Array& weight) const { return function_(weight); }

 private:
  Function function_;
  std::string class_name_;
  Json config_;
};

/// null, or class and config.
Json to_json(const Regularizer& x);
/// null, a name, or class and config. Errors: ValueError for unknown ones.
void from_json(const Json& json, Regularizer& x);

namespace regularizers {

struct L1Config {
  double l1 = 0.01;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("l1", c.l1);
  }
};
/// l1 · Σ |w|. Errors of all: ValueError for factors that are no numbers of at least 0.
class L1 : public Regularizer {
 public:
  L1(L1Config config = {});
};

struct L2Config {
  double l2 = 0.01;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("l2", c.l2);
  }
};
/// l2 · Σ w².
class L2 : public Regularizer {
 public:
  L2(L2Config config = {});
};

struct L1L2Config {
  double l1 = 0;
  double l2 = 0;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("l1", c.l1), v("l2", c.l2);
  }
};
/// l1 · Σ |w| + l2 · Σ w².
class L1L2 : public Regularizer {
 public:
  L1L2(L1L2Config config = {});
};

struct OrthogonalRegularizerConfig {
  double factor = 0.01;
  std::string mode = "rows";  ///< or "columns": what is to be orthogonal

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("factor", c.factor), v("mode", c.mode);
  }
};
/// factor · the mean |cosine| between pairs of rows or columns of a matrix.
/// Errors: ShapeError, when it is applied, for anything else; ValueError for another mode.
class OrthogonalRegularizer : public Regularizer {
 public:
  OrthogonalRegularizer(OrthogonalRegularizerConfig config = {});
};

}  // namespace regularizers
}  // namespace danlu
