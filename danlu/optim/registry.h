#pragma once

#include <string>

#include "danlu/io/json.h"
#include "danlu/optim/optimizer.h"

namespace danlu {

/// A new optimizer of class `class_name` ("Adam") with the config that `get_config` gave.
/// Errors: ValueError, which lists the classes, when there is none of this name; IoError for a
/// config of the wrong types.
Optimizer optimizer_from_config(const std::string& class_name, const Json& config);

}  // namespace danlu
