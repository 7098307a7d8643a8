#pragma once

#include <cstdint>
#include <map>

#include "danlu/data/dataset.h"

namespace danlu {

/// The weight of each sample's class, shape (samples); 1 for classes that `weights` lacks. Targets
/// are class numbers of shape (samples) or (samples, 1), or rows whose greatest number is the
/// class. Errors: ValueError without targets, for several or targets of more axes, and when the
/// samples have weights already.
HostTensor class_weights(const DataSplit& data, const std::map<int64_t, double>& weights);

}  // namespace danlu
