#pragma once

#include <string>
#include <vector>

#include "danlu/io/json.h"
#include "danlu/nn/layer.h"

namespace danlu {

/// A new, unbuilt layer of class `class_name` ("Dense") with the config that `get_config` gave.
/// Errors: ValueError, which lists the classes, when there is none of this name; IoError for a
/// config of the wrong types, and for settings that the layer does not have.
Layer layer_from_config(const std::string& class_name, const Json& config);

/// Whether there is a class of this name.
bool is_registered(const std::string& class_name);

/// The layer of an entry {"class_name", "config"}; see SharedLayers. Errors: as above.
Layer layer_from_entry(const Json& entry);

/// {"class_name": "Dense", "config": {…}}, as networks list their layers.
Json serialize(const Layer& layer);

/// A new, unbuilt layer with the same config, also the same name.
Layer clone(const Layer& layer);

/// A layer in the config of another one: `serialize`d; null for none.
Json to_json(const Layer& layer);
void from_json(const Json& json, Layer& layer);
Json to_json(const std::vector<Layer>& layers);
void from_json(const Json& json, std::vector<Layer>& layers);

}  // namespace danlu
