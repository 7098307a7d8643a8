#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "danlu/nn/network.h"

namespace danlu {

/// How a network is copied.
struct CloneOptions {
  /// What stands in the copy for a layer; default: a new layer from its config. Input layers are
  /// always new ones.
  std::function<Layer(const Layer&)> clone_function = {};
  /// How the copy of a layer is called in a functional graph; default: as the layer is.
  std::function<std::vector<KerasTensor>(const Layer& copy, const std::vector<KerasTensor>& inputs,
                                         const SymbolicArguments& arguments)>
      call_function = {};
  /// Whether networks inside are copied layer by layer in the same way.
  bool recursive = false;
};

/// A network of the same architecture with layers of its own, each as often as before.
/// Errors: ValueError for a layer or a network of a class of one's own where there is no
/// `clone_function`, and for a `call_function` beside a Sequential network.
std::shared_ptr<Network> clone_network(const Network& network, const CloneOptions& options = {});

}  // namespace danlu
