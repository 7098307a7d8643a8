#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/nn/network.h"

namespace danlu {

/// What a layer costs in one call of its network, for prediction.
struct LayerCost {
  std::string name;
  std::string type;
  /// Floating-point operations, a multiply-add being two, of all its calls; nothing where an input
  /// has unknown dimensions besides the batch's.
  std::optional<double> flops;
  int64_t weight_bytes = 0;             ///< shared weights count for each layer that has them
  std::optional<int64_t> output_bytes;  ///< of all its calls; nothing as above
};

/// One for each of `network.operations()`, for a batch of `batch` samples. The operations are those
/// of the ops that the layer's call consists of after simplification, before fusion. Errors:
/// StateError before the network is built; ValueError unless batch ≥ 1.
std::vector<LayerCost> layer_costs(const Network& network, int64_t batch = 1);

}  // namespace danlu
