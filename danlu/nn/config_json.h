#pragma once

#include <string>
#include <vector>

#include "danlu/io/config.h"
#include "danlu/nn/activations.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/initializers.h"

/// The field types of layer configs in JSON; danlu/io/config.h has the rest.
namespace danlu {

/// `config` less these members: what a class of Keras does not take.
Json without(const Json& config, const std::vector<std::string>& names);

Json to_json(const Integers& x);
/// Unknown dimensions are null.
Json to_json(const OptionalShape& x);
Json to_json(const ActivationFunction& x);
Json to_json(const Initializer& x);

/// Errors: IoError when the JSON holds something else; ValueError for unknown names.
void from_json(const Json& json, Integers& x);
void from_json(const Json& json, OptionalShape& x);
void from_json(const Json& json, ActivationFunction& x);
void from_json(const Json& json, Initializer& x);

/// Refuses settings in a config that the object made from it does not know, unless they say what it
/// does anyway: null, false, "channels_last" and so on. `made` is the config of that object.
/// Errors: IoError naming the setting and those there are.
void require_known_settings(const Json& config, const Json& made, const std::string& where = "");

}  // namespace danlu
