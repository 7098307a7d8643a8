#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/image.h"
#include "danlu/ops/image/image_layout.h"
#include "danlu/ops/manipulation.h"

namespace danlu::image {
namespace {

/// What lies before and behind along an axis, two of before, behind and the target given.
std::pair<int64_t, int64_t> margins(std::optional<int64_t> before, std::optional<int64_t> behind,
                                    std::optional<int64_t> target, int64_t length, bool crop,
                                    const std::string& where) {
  if (before.has_value() + behind.has_value() + target.has_value() != 2) {
    throw ValueError(
        {.where = where,
         .what = "The margins are not determined",
         .expected = "two of both margins and the target size, for each direction",
         .received = std::to_string(before.has_value() + behind.has_value() + target.has_value())});
  }
  // Sums of nonsense stay in range.
  constexpr int64_t kMost = int64_t{1} << 60;
  for (const auto& given : {before, behind, target}) {
    if (given.value_or(0) >= 0 && given.value_or(0) <= kMost) continue;
    throw ValueError({.where = where,
                      .what = "A margin or a size is negative or too large",
                      .expected = "0 or more",
                      .received = std::to_string(*given)});
  }
  const int64_t change = target ? (crop ? length - *target : *target - length) : 0;
  const int64_t first = before ? *before : change - *behind;
  const int64_t last = behind ? *behind : change - *before;
  if (first < 0 || last < 0 || (crop && first + last > length)) {
    throw ValueError(
        {.where = where,
         .what = "The margins do not fit the images",
         .expected = "margins of 0 or more, " + std::to_string(length) + " pixels at most",
         .received = std::to_string(first) + " and " + std::to_string(last)});
  }
  return {first, last};
}

/// `padding` and a patch along one axis: the input with zeros around it, and which of its elements
/// belong to each patch: (patches, size).
struct AxisPatches {
  int64_t before = 0, after = 0, count = 0;
  Array indices;
};

AxisPatches patches_along(int64_t length, int64_t size, int64_t stride, int64_t dilation, bool same,
                          const std::string& where) {
  constexpr int64_t kMost = int64_t{1} << 30;
  const auto possible = [&](int64_t n) { return n >= 1 && n <= kMost; };
  AxisPatches p;
  if (possible(size) && possible(stride) && possible(dilation) && length <= kMost) {
    const int64_t reach = (size - 1) * dilation + 1;
    if (same) {
      p.count = (length + stride - 1) / stride;
      const int64_t total = std::max<int64_t>(0, (p.count - 1) * stride + reach - length);
      p.before = total / 2, p.after = total - total / 2;
    } else if (length >= reach) {
      p.count = (length - reach) / stride + 1;
    }
  }
  if (p.count < 1) {
    throw ValueError({.where = where,
                      .what = "The patches do not fit the images",
                      .expected = "sizes, strides and dilations of 1 or more, and images of a "
                                  "patch at least",
                      .received = "size " + std::to_string(size) + ", stride " +
                                  std::to_string(stride) + ", dilation " +
                                  std::to_string(dilation) + ", length " + std::to_string(length)});
  }
  p.indices = expand_dims(arange(0, p.count) * Array::scalar(double(stride), DType::int64), 1) +
              arange(0, size) * Array::scalar(double(dilation), DType::int64);
  return p;
}

Array patches(const Array& images, const std::vector<int64_t>& size, const PatchOptions& options,
              const std::string& where) {
  const auto spatial = static_cast<int>(size.size());
  const Layout layout(images, options.data_format, where, spatial);
  std::vector<int64_t> strides = options.strides.empty() ? size : options.strides;
  if (strides.size() == 1) strides.resize(size.size(), strides[0]);
  if (strides.size() != size.size()) {
    throw ValueError({.where = where,
                      .what = "The number of strides is wrong",
                      .expected = "1 or " + std::to_string(size.size()),
                      .received = std::to_string(strides.size())});
  }
  if (options.padding != "valid" && options.padding != "same") {
    unknown_option(where, "padding", "'valid' or 'same'", options.padding);
  }
  Array x = layout.batch();
  // Each spatial axis becomes (patches, size): the axes before it have done so already.
  std::vector<int64_t> order = {0}, within, shape = {x.shape()[0]};
  int64_t elements = x.shape()[-1];
  for (int i = 0; i < spatial; ++i) {
    const int axis = 1 + 2 * i;
    const auto k = static_cast<size_t>(i);
    const AxisPatches p = patches_along(x.shape()[axis], size[k], strides[k], options.dilation_rate,
                                        options.padding == "same", where);
    std::vector<std::array<int64_t, 2>> widths(static_cast<size_t>(x.rank()), {0, 0});
    widths[static_cast<size_t>(axis)] = {p.before, p.after};
    x = take(p.before + p.after > 0 ? pad(x, widths) : x, p.indices, axis);
    order.push_back(axis);
    within.push_back(axis + 1);
    shape.push_back(p.count);
    elements *= size[k];
  }
  order.insert(order.end(), within.begin(), within.end());
  order.push_back(2 * spatial + 1);
  shape.push_back(elements);
  return layout.back(reshape(transpose(x, order), Shape(shape)));
}

}  // namespace

Array crop_images(const Array& images, const CropOptions& o) {
  const Layout layout(images, o.data_format, "crop_images");
  const Shape shape = layout.batch().shape();
  const auto [top, bottom] =
      margins(o.top, o.bottom, o.target_height, shape[1], true, "crop_images");
  const auto [left, right] =
      margins(o.left, o.right, o.target_width, shape[2], true, "crop_images");
  return layout.back(slice(layout.batch(), {0, top, left, 0},
                           {shape[0], shape[1] - bottom, shape[2] - right, shape[3]}));
}

Array pad_images(const Array& images, const CropOptions& o) {
  const Layout layout(images, o.data_format, "pad_images");
  const Shape shape = layout.batch().shape();
  const auto [top, bottom] =
      margins(o.top, o.bottom, o.target_height, shape[1], false, "pad_images");
  const auto [left, right] =
      margins(o.left, o.right, o.target_width, shape[2], false, "pad_images");
  return layout.back(pad(layout.batch(), {{0, 0}, {top, bottom}, {left, right}, {0, 0}}));
}

Array extract_patches(const Array& images, const Size& size, const PatchOptions& options) {
  return patches(images, {size.begin(), size.end()}, options, "extract_patches");
}

Array extract_patches_3d(const Array& volumes, const std::array<int64_t, 3>& size,
                         const PatchOptions& options) {
  return patches(volumes, {size.begin(), size.end()}, options, "extract_patches_3d");
}

}  // namespace danlu::image
