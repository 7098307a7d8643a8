#pragma once

#include <functional>
#include <vector>

#include "danlu/core/array.h"

namespace danlu {

/// What `compute` gives for inputs like these, whose unknown dimensions stay unknown: it is called
/// on inputs without values, twice with different numbers in their place, so that dimensions of the
/// outputs that depend on them show. Errors: those of `compute`.
std::vector<TensorSpec> probe_outputs(
    const std::vector<TensorSpec>& inputs,
    const std::function<std::vector<Array>(const std::vector<Array>&)>& compute);

}  // namespace danlu
