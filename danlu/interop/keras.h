#pragma once

#include <string>

#include "danlu/train/model.h"

namespace danlu {

/// How a model is made from a file.
struct LoadModelOptions {
  bool compile = true;  ///< as it was compiled when it was saved, with the optimizer's state
  std::string dtype;    ///< of all floating-point layers, instead of their own; empty: their own
};

/// The model in a `.keras` file of Keras 3, or of `Model::save`: a zip archive of metadata.json,
/// config.json and model.weights.h5. Nothing in the file is trusted: no code is run, no other file
/// is opened, and memory is taken only for what the file holds.
/// Errors: IoError naming the file and what is wrong with it: damage, lambdas, classes that are not
/// Keras's own, settings that Danlu does not have, weights that do not fit the layers; ValueError
/// for classes of Keras that Danlu does not have; UnsupportedError where libhdf5 is missing.
Model load_model(const std::string& path, const LoadModelOptions& options = {});

/// A new model of the architecture that `to_json`, Keras's or ours, gave; with fresh weights, and
/// not compiled. Errors: as `load_model`.
Model model_from_json(const std::string& json, const LoadModelOptions& options = {});

/// Errors: ValueError unless `Model::save_weights` writes to a file of this name.
void check_weights_path(const std::string& path);

}  // namespace danlu
