#include "danlu/nn/activations.h"

#include <array>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"

namespace danlu {

namespace activations {

Array relu(const Array& x, const ReLUOptions& o) {
  if (o.threshold == 0 && o.negative_slope == 0) {
    return o.max_value ? clip(x, 0.0, *o.max_value) : danlu::relu(x);
  }
  const Array above = o.max_value ? minimum(x, *o.max_value) : x;
  const Array below = o.negative_slope == 0 ? zeros_like(x) : (x - o.threshold) * o.negative_slope;
  return where(x > o.threshold, above, below);
}

Array mish(const Array& x) { return x * tanh(softplus(x)); }

}  // namespace activations

namespace {

struct Known {
  const char* name;
  Array (*function)(const Array&);
};

constexpr std::array kKnown = {
    Known{"linear", [](const Array& x) { return x; }},
    Known{"relu", [](const Array& x) { return relu(x); }},
    Known{"sigmoid", [](const Array& x) { return sigmoid(x); }},
    Known{"tanh", [](const Array& x) { return tanh(x); }},
    Known{"softmax", [](const Array& x) { return softmax(x); }},
    Known{"softplus", [](const Array& x) { return softplus(x); }},
    Known{"exponential", [](const Array& x) { return exp(x); }},
    Known{"relu6", [](const Array& x) { return relu6(x); }},
    Known{"leaky_relu", [](const Array& x) { return leaky_relu(x); }},
    Known{"elu", [](const Array& x) { return elu(x); }},
    Known{"celu", [](const Array& x) { return celu(x); }},
    Known{"selu", [](const Array& x) { return selu(x); }},
    Known{"gelu", [](const Array& x) { return gelu(x, false); }},
    Known{"silu", [](const Array& x) { return silu(x); }},
    Known{"swish", [](const Array& x) { return silu(x); }},
    Known{"glu", [](const Array& x) { return glu(x); }},
    Known{"mish", [](const Array& x) { return activations::mish(x); }},
    Known{"softsign", [](const Array& x) { return softsign(x); }},
    Known{"hard_sigmoid", [](const Array& x) { return hard_sigmoid(x); }},
    Known{"hard_silu", [](const Array& x) { return hard_silu(x); }},
    Known{"hard_swish", [](const Array& x) { return hard_silu(x); }},
    Known{"hard_tanh", [](const Array& x) { return hard_tanh(x); }},
    Known{"hard_shrink", [](const Array& x) { return hard_shrink(x); }},
    Known{"soft_shrink", [](const Array& x) { return soft_shrink(x); }},
    Known{"tanh_shrink", [](const Array& x) { return tanh_shrink(x); }},
    Known{"log_sigmoid", [](const Array& x) { return log_sigmoid(x); }},
    Known{"log_softmax", [](const Array& x) { return log_softmax(x); }},
    Known{"sparsemax", [](const Array& x) { return sparsemax(x); }},
    Known{"sparse_plus", [](const Array& x) { return sparse_plus(x); }},
    Known{"sparse_sigmoid", [](const Array& x) { return sparse_sigmoid(x); }},
    Known{"squareplus", [](const Array& x) { return squareplus(x); }},
};

}  // namespace

ActivationFunction::ActivationFunction(const std::string& name) : name_(name) {
  std::string names;
  for (const Known& known : kKnown) {
    if (name == known.name) {
      function_ = known.function;
      return;
    }
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  throw ValueError({.where = "activation",
                    .what = "There is no activation of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

ActivationFunction::ActivationFunction(Function function, std::string name)
    : name_(std::move(name)), function_(std::move(function)) {}

}  // namespace danlu
