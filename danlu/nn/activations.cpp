#include "danlu/nn/activations.h"

#include <array>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/nn.h"

namespace danlu {
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
