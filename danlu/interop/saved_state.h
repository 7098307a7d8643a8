#pragma once

#include <string>
#include <vector>

#include "danlu/core/variable.h"
#include "danlu/io/hdf5.h"
#include "danlu/io/tensor_map.h"
#include "danlu/nn/network.h"
#include "danlu/optim/optimizer.h"

namespace danlu {

/// Variables that Keras keeps in one group of a weight file: `path`/vars/0, 1, ….
struct SavedGroup {
  std::string path;  ///< "layers/dense_1", "" for the network's own
  std::string name;  ///< of the layer
  std::vector<Variable> variables;
};

/// The groups of a network's weights as Keras lays them out: layers by their class, counted, in
/// the order of `layers()`; layers inside others by the attribute that holds them. A shared layer
/// stands where it comes first.
/// Source: keras.saving of Keras 3.15.
std::vector<SavedGroup> saved_groups(const Network& network);

/// The weights of a network, and of its optimizer where there is one that has slots, by their paths
/// in a weight file, with the names of the groups.
struct SavedState {
  TensorMap tensors;
  std::vector<Hdf5Attribute> attributes;
};
SavedState saved_state(const Network& network, const OptimizerImpl* optimizer);

/// Takes all weights of the network from a weight file, converted to their dtypes.
/// Errors: IoError naming `where` and the weight that is missing, unknown or of another shape;
/// nothing has changed then.
void load_saved_weights(const Network& network, const TensorMap& tensors, const std::string& where);

/// Takes the variables of the optimizer, which must be built. A file whose optimizer had made no
/// step has none, and nothing changes then. Errors: as above.
void load_saved_optimizer(const OptimizerImpl& optimizer, const TensorMap& tensors,
                          const std::string& where);

}  // namespace danlu
