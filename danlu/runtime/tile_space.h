#pragma once

#include <optional>
#include <span>
#include <vector>

#include "danlu/runtime/tile_program.h"

namespace danlu {

/// How a broadcast looks to a tile program: the output as (outer, inner), and each input's place
/// in it.
struct TileSpace {
  int64_t outer = 1;
  int64_t inner = 1;
  std::vector<TileAccess> access;  ///< one per input
  friend bool operator==(const TileSpace&, const TileSpace&) = default;
};

/// Lays inputs that broadcast to `out` over one (outer, inner) split of it. Dimensions of length 1
/// do not count, so (64, 1, 1, 32) with (32) is a row. Rows and columns must all agree on the
/// split; without any, the space is (1, everything). An input of one element is `scalar` unless
/// the output has one element too.
///
/// `split`: how many leading axes of `out` must make up `outer`, e.g. those that an epilogue
/// reduces. Returns nothing when some input is no full, scalar, row or column for the split, and
/// for inputs that do not broadcast to `out`.
std::optional<TileSpace> classify(const Shape& out, std::span<const Shape> inputs,
                                  std::optional<int> split = {});

}  // namespace danlu
