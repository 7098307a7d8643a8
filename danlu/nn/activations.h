#pragma once

#include <functional>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// An activation: one known by name, or any function of an Array.
/// Names: linear, relu, sigmoid, tanh, softmax, softplus, exponential.
class ActivationFunction {
 public:
  using Function = std::function<Array(const Array&)>;

  /// The identity, Keras's None.
  ActivationFunction() : ActivationFunction("linear") {}
  /// Errors: ValueError, which lists the names, when there is none of this name.
  ActivationFunction(const std::string& name);
  ActivationFunction(const char* name) : ActivationFunction(std::string(name)) {}
  /// A function of one's own; `name` is what configs and summaries show.
  ActivationFunction(Function function, std::string name = "custom");

  const std::string& name() const { return name_; }
  bool is_linear() const { return name_ == "linear"; }
  Array operator()(const Array& x) const { return function_(x); }

 private:
  std::string name_;
  Function function_;
};

}  // namespace danlu
