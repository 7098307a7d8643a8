#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "danlu/core/host_tensor.h"

namespace danlu::cli {

/// A picture of gray images with what they were taken for: a green frame where that is right, a red
/// one with the true name below where it is wrong.
struct PictureGrid {
  int columns = 8;
  int rows = 6;
  int scale = 5;  ///< pixels per pixel of an image
};

/// RGB (height, width, 3). `images`: uint8 (n, h, w, 1); as many are drawn as there are and fit.
HostTensor draw_picture_grid(const PictureGrid& grid, const HostTensor& images,
                             std::span<const int32_t> labels, std::span<const int32_t> predicted,
                             const std::vector<std::string>& names);

}  // namespace danlu::cli
