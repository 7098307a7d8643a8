#pragma once

#include <functional>
#include <optional>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// An activation: one known by name, or any function of an Array.
/// Names: those of keras.activations, linear, relu, gelu, …, with the defaults that Keras has there
/// (gelu is exact). `swish` and `hard_swish` are silu and hard_silu. `threshold` needs arguments
/// and has no name here.
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

/// What keras.activations has beyond the functions of danlu/ops/nn.h.
namespace activations {

/// max_value: none: unbounded. Errors: none; the layer ReLU refuses negative numbers.
struct ReLUOptions {
  double negative_slope = 0;
  std::optional<double> max_value;
  double threshold = 0;
};
/// min(x, max_value) where x > threshold, negative_slope · (x − threshold) elsewhere.
Array relu(const Array& x, const ReLUOptions& options = {});
/// x · tanh(softplus(x)). Source: Misra (2019).
Array mish(const Array& x);

}  // namespace activations
}  // namespace danlu
