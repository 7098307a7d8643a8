#include "danlu/nn/clone_network.h"

#include <map>

#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/operation.h"

namespace danlu {
namespace {

class Cloning {
 public:
  explicit Cloning(const CloneOptions& options) : options_(options) {}

  Layer of(const Layer& layer) {
    const auto known = copies_.find(layer.impl().get());
    if (known != copies_.end()) return known->second;
    return copies_.emplace(layer.impl().get(), copy(layer)).first->second;
  }

 private:
  Layer copy(const Layer& layer) const {
    if (layer->type() == "InputLayer") return clone(layer);
    const auto* network = dynamic_cast<const Network*>(layer.impl().get());
    if (network != nullptr && options_.recursive) return Layer(clone_network(*network, options_));
    if (options_.clone_function) return options_.clone_function(layer);
    if (is_registered(layer->type())) return clone(layer);
    throw ValueError({.where = layer->where(),
                      .what = "A layer of a class of one's own cannot be made from its config",
                      .hint = "give a `clone_function`, which makes the layer of the copy"});
  }

  const CloneOptions& options_;
  std::map<const LayerImpl*, Layer> copies_;
};

std::shared_ptr<Network> clone_sequential(const SequentialNetwork& network,
                                          const CloneOptions& options) {
  if (options.call_function) {
    throw ValueError({.where = network.where(),
                      .what = "`call_function` is for functional networks: the layers of a "
                              "Sequential one are listed, not called"});
  }
  Cloning cloning(options);
  std::vector<Layer> layers;
  if (network.input()) layers.push_back(cloning.of(*network.input()));
  for (const Layer& layer : network.layers()) layers.push_back(cloning.of(layer));
  auto copy = std::make_shared<SequentialNetwork>(std::move(layers), network.name());
  if (network.built()) copy->ensure_built(network.build_shapes());
  return copy;
}

std::shared_ptr<Network> clone_functional(const FunctionalNetwork& network,
                                          const CloneOptions& options) {
  Cloning cloning(options);
  std::map<const LayerCall*, std::vector<KerasTensor>> copies;
  const auto copied = [&](const KerasTensor& x) {
    const auto known = copies.find(&x.call());
    if (known != copies.end()) return known->second.at(x.index());
    return copies.emplace(&x.call(), std::vector{to_keras_tensor(cloning.of(x.call().layer))})
        .first->second.at(0);
  };
  const auto all_copied = [&](const std::vector<KerasTensor>& xs) {
    std::vector<KerasTensor> found;
    for (const KerasTensor& x : xs) found.push_back(copied(x));
    return found;
  };
  for (const auto& call : network.calls()) {
    if (call->layer->type() == "InputLayer") continue;
    const std::vector<KerasTensor> inputs = all_copied(call->inputs);
    if (const OperationLayer* operation = as_operation(call->layer)) {
      copies.emplace(call.get(), call_operation(operation->operation(), operation->form(),
                                                operation->settings(), inputs, operation->name()));
      continue;
    }
    SymbolicArguments arguments{.values = call->arguments.values, .tensors = {}};
    for (const auto& [name, x] : call->arguments.tensors) {
      arguments.tensors.emplace(name, copied(x));
    }
    const Layer layer = cloning.of(call->layer);
    copies.emplace(call.get(), options.call_function
                                   ? options.call_function(layer, inputs, arguments)
                                   : layer(inputs, arguments));
  }
  return std::make_shared<FunctionalNetwork>(all_copied(network.inputs()),
                                             all_copied(network.outputs()), network.name());
}

}  // namespace

std::shared_ptr<Network> clone_network(const Network& network, const CloneOptions& options) {
  std::shared_ptr<Network> copy;
  if (const auto* sequential = dynamic_cast<const SequentialNetwork*>(&network)) {
    copy = clone_sequential(*sequential, options);
  } else if (const auto* functional = dynamic_cast<const FunctionalNetwork*>(&network)) {
    copy = clone_functional(*functional, options);
  } else {
    throw ValueError({.where = network.where(),
                      .what = "Only Sequential and functional networks can be cloned: what a "
                              "network of a class of one's own is made of is not known",
                      .hint = "make another object of the class"});
  }
  if (!network.trainable()) copy->LayerImpl::set_trainable(false);
  return copy;
}

}  // namespace danlu
