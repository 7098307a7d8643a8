#pragma once

#include <map>
#include <string>
#include <vector>

#include "danlu/io/json.h"
#include "danlu/nn/layer.h"

namespace danlu {

/// While one lives, a layer that stands in several places of nested networks, or inside several
/// other layers, stays one on its way through configs: its entries have one "shared_object_id".
/// Keras 3.15 writes the number to all entries but the first, so a layer without one is found by
/// its class and config, the name included.
class SharedLayers {
 public:
  /// For reading.
  SharedLayers();
  /// For writing what is inside `root`.
  explicit SharedLayers(const LayerImpl& root);
  ~SharedLayers();
  SharedLayers(const SharedLayers&) = delete;
  SharedLayers& operator=(const SharedLayers&) = delete;

  /// The layer of an entry {"class_name", "config"}: the one made for it before, or what `make`
  /// gives. Errors: those of `make`; UnsupportedError when it could be one of several layers.
  template <class Make>
  static Layer of(const Json& entry, Make make) {
    if (current_ == nullptr) return make();
    if (const Layer* known = current_->find(entry)) return *known;
    return current_->remember(entry, make());
  }
  /// Adds the number of a layer that stands in several places.
  static void mark(const Layer& layer, Json& entry);

 private:
  const Layer* find(const Json& entry);
  Layer remember(const Json& entry, Layer layer);
  void count(const LayerImpl& layer);

  static thread_local SharedLayers* current_;
  SharedLayers* outer_;
  std::map<std::string, std::vector<Layer>> made_;  ///< by class and config
  std::map<std::string, Layer> numbered_;
  std::map<const LayerImpl*, int> places_;
  std::map<const LayerImpl*, int64_t> numbers_;
};

}  // namespace danlu
