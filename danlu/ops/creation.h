#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

/// Arrays from numbers: grids and windows. zeros, ones, full, eye and arange are in manipulation.h.
namespace danlu {

struct SpaceOptions {
  int64_t num = 50;
  bool endpoint = true;             ///< whether `stop` is the last point, or what would come next
  std::optional<DType> dtype = {};  ///< whole numbers are rounded down
  int64_t axis = 0;                 ///< of the result, along which the points lie
};
/// `num` points at equal distances from start to stop, which broadcast.
Array linspace(const Array& start, const Array& stop, const SpaceOptions& options = {});
/// With the distance between neighbours.
std::pair<Array, Array> linspace_with_step(const Array& start, const Array& stop,
                                           const SpaceOptions& options = {});
/// base to the power of the points from start to stop.
Array logspace(const Array& start, const Array& stop, double base = 10,
               const SpaceOptions& options = {});
/// Points of equal quotients from start to stop, which have one sign.
Array geomspace(const Array& start, const Array& stop, const SpaceOptions& options = {});

/// The coordinates of a grid: Array i varies along axis i, with "xy" along the first two exchanged.
std::vector<Array> meshgrid(const std::vector<Array>& xs, const std::string& indexing = "xy");
/// Powers of x from n − 1 down to 0, or rising. Shapes: (m,) → (m, n).
Array vander(const Array& x, std::optional<int64_t> n = {}, bool increasing = false);

/// Window functions of n points, float32.
Array bartlett(int64_t n);
Array blackman(int64_t n);
Array hamming(int64_t n);
Array hanning(int64_t n);
Array kaiser(int64_t n, double beta);

}  // namespace danlu
