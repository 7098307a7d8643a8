#pragma once

#include <string>

#include "danlu/core/host_tensor.h"

namespace danlu {

/// Writes an 8-bit PNG, atomically. `image`: uint8, (height, width) or (height, width, 1) for gray,
/// (height, width, 3) for RGB. Errors: ShapeError, DTypeError, IoError.
void write_png(const std::string& path, const HostTensor& image);
/// Reads a PNG as uint8 (height, width, 1) when it is gray and (height, width, 3) otherwise.
/// Palettes, 1- to 16-bit samples and gamma are converted to 8-bit sRGB; transparency is laid over
/// white. Errors: IoError when the file is no PNG, is damaged or claims more than it can hold.
HostTensor read_png(const std::string& path);

}  // namespace danlu
