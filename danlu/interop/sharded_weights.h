#pragma once

#include <string>

#include "danlu/interop/saved_state.h"

/// Weights in several files: "x.weights.json", which says what lies where, and beside it
/// "x_00000.weights.h5", "x_00001.weights.h5", …
/// Source: keras.saving of Keras 3.15.
namespace danlu {

/// Whether a path names such an index.
inline bool is_weight_index(const std::string& path) { return path.ends_with(".weights.json"); }

/// The tensors of all files that the index names. Only files of its own folder are opened.
/// Errors: IoError naming the index, or the file that is missing, damaged, or lies elsewhere.
TensorMap load_sharded(const std::string& path);

/// Writes files of at most `max_bytes` of weights each. Errors: ValueError for a weight larger than
/// that; IoError.
void save_sharded(const std::string& path, const SavedState& state, double max_bytes);

}  // namespace danlu
