#pragma once

#include <string>

#include "danlu/io/json.h"
#include "danlu/nn/layer.h"
#include "danlu/train/model.h"

/// The JSON that Keras 3 writes of networks and of what they are compiled with, and the plain one
/// that the registries of layers, losses, metrics and optimizers take.
/// Source: keras.saving of Keras 3.15.
namespace danlu {

/// The one layer that Keras exports, and writes to files, under another name than its class has.
struct GroupedAttentionNames {
  std::string defined = "GroupedQueryAttention", exported = "GroupQueryAttention";
};
inline const GroupedAttentionNames kGroupedAttention;

/// What the module of an operation begins with in Keras's files.
inline constexpr const char* kOperationModule = "keras.src.ops.";

/// What Keras writes of a layer or a network: module, class, config, registered name and, where it
/// has weights, what it was built for. Errors: UnsupportedError for a function of one's own inside,
/// which a file cannot hold.
Json keras_layer_config(const Layer& layer);

/// What Keras writes of `compile`'s arguments; null when there are some that a file cannot hold: a
/// loss, a metric or a schedule that is a function of one's own.
Json keras_compile_config(const CompileConfig& config);

/// `config` without what only Keras needs, for `layer_from_config` and the like. Never runs code.
/// Errors: IoError, naming `where` and the place in the config, for lambdas, marshalled functions,
/// classes and functions that are not Keras's own, and operations outside layers.
Json plain_config(const Json& config, const std::string& where);

}  // namespace danlu
