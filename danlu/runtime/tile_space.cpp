#include "danlu/runtime/tile_space.h"

namespace danlu {
namespace {

/// Whether `in` repeats along each axis of `out` that is longer than 1; nothing if the shapes do
/// not broadcast.
std::optional<std::vector<bool>> repeats(const Shape& out, const Shape& in) {
  if (in.rank() > out.rank()) return std::nullopt;
  std::vector<bool> result;
  for (int axis = 0; axis < out.rank(); ++axis) {
    const int own = axis - (out.rank() - in.rank());
    const int64_t length = own < 0 ? 1 : in[own];
    if (length != 1 && length != out[axis]) return std::nullopt;
    if (out[axis] != 1) result.push_back(length == 1);
  }
  return result;
}

struct Layout {
  TileAccess access = TileAccess::full;
  size_t split = 0;  ///< of rows and columns, in axes longer than 1
};

std::optional<Layout> layout(const std::vector<bool>& repeats) {
  const size_t rank = repeats.size();
  size_t change = 1;
  while (change < rank && repeats[change] == repeats[0]) ++change;
  if (rank == 0) return Layout{};
  if (change >= rank) return Layout{repeats[0] ? TileAccess::scalar : TileAccess::full, 0};
  for (size_t axis = change; axis < rank; ++axis) {
    if (repeats[axis] == repeats[0]) return std::nullopt;
  }
  return Layout{repeats[0] ? TileAccess::row : TileAccess::column, change};
}

}  // namespace

std::optional<TileSpace> classify(const Shape& out, std::span<const Shape> inputs,
                                  std::optional<int> split) {
  std::vector<int64_t> dims;
  std::optional<size_t> agreed;
  for (int axis = 0; axis < out.rank(); ++axis) {
    if (split == axis) agreed = dims.size();
    if (out[axis] != 1) dims.push_back(out[axis]);
  }
  if (split == out.rank()) agreed = dims.size();

  TileSpace space;
  for (const Shape& input : inputs) {
    const auto pattern = repeats(out, input);
    if (!pattern) return std::nullopt;
    const auto found = layout(*pattern);
    if (!found) return std::nullopt;
    if (found->access == TileAccess::row || found->access == TileAccess::column) {
      if (agreed && *agreed != found->split) return std::nullopt;
      agreed = found->split;
    }
    space.access.push_back(found->access);
  }
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    (axis < agreed.value_or(0) ? space.outer : space.inner) *= dims[axis];
  }
  return space;
}

}  // namespace danlu
