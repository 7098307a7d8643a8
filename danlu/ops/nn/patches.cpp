#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"

namespace danlu {
namespace {

/// Where the taps of each window lie along one axis of the padded image. Shapes: (windows, kernel).
Array places(const char* where, int64_t length, int axis, const PatchOptions& options,
             int64_t kernel) {
  const auto at = static_cast<size_t>(axis);
  const int64_t dilation = options.dilation[at], stride = options.stride[at];
  const int64_t padding = options.padding[at];
  const bool usable = kernel > 0 && dilation > 0 && stride > 0 && padding >= 0;
  const int64_t room = usable ? length + 2 * padding - dilation * (kernel - 1) - 1 : -1;
  if (room < 0) {
    throw ShapeError(
        {.where = where,
         .what = "No window fits the image",
         .expected = "kernel, dilation and stride of 1 or more, a window within the image",
         .received = "length " + std::to_string(length) + ", kernel " + std::to_string(kernel) +
                     ", dilation " + std::to_string(dilation) + ", stride " +
                     std::to_string(stride) + ", padding " + std::to_string(padding)});
  }
  const Array first = expand_dims(arange(0, room / stride + 1) * stride, 1);
  return first + expand_dims(arange(0, kernel) * dilation, 0);
}

}  // namespace

Array unfold(const Array& x, const std::array<int64_t, 2>& kernel_size,
             const PatchOptions& options) {
  if (x.rank() != 4) {
    throw ShapeError({.where = "unfold",
                      .what = "The input is no batch of images",
                      .expected = "rank 4 (batch, channels, height, width)",
                      .received = x.shape().to_string()});
  }
  const Shape& shape = x.shape();
  const Array rows = places("unfold", shape[2], 0, options, kernel_size[0]);
  const Array columns = places("unfold", shape[3], 1, options, kernel_size[1]);
  const auto [ph, pw] = options.padding;
  const Array padded = pad(x, {{0, 0}, {0, 0}, {ph, ph}, {pw, pw}});
  // (n, c, windows down, kh, windows across, kw)
  const Array windows = take(take(padded, columns, 3), rows, 2);
  const Array ordered = transpose(windows, {0, 1, 3, 5, 2, 4});
  return reshape(ordered, Shape{shape[0], shape[1] * kernel_size[0] * kernel_size[1],
                                rows.shape()[0] * columns.shape()[0]});
}

Array fold(const Array& x, const std::array<int64_t, 2>& output_size,
           const std::array<int64_t, 2>& kernel_size, const PatchOptions& options) {
  const Array rows = places("fold", output_size[0], 0, options, kernel_size[0]);
  const Array columns = places("fold", output_size[1], 1, options, kernel_size[1]);
  const auto [kh, kw] = kernel_size;
  const int64_t down = rows.shape()[0], across = columns.shape()[0];
  if (x.rank() != 3 || x.shape()[1] % (kh * kw) != 0 || x.shape()[2] != down * across) {
    throw ShapeError({.where = "fold",
                      .what = "The patches do not make up the image",
                      .expected = "(batch, channels · " + std::to_string(kh * kw) + ", " +
                                  std::to_string(down * across) + ")",
                      .received = x.shape().to_string()});
  }
  const int64_t n = x.shape()[0], c = x.shape()[1] / (kh * kw);
  const auto [ph, pw] = options.padding;
  const int64_t height = output_size[0] + 2 * ph, width = output_size[1] + 2 * pw;
  const Array windows =
      transpose(reshape(x, Shape{n, c, kh, kw, down, across}), {0, 1, 4, 2, 5, 3});
  const Array wide = scatter_add(windows, columns, Shape{n, c, down, kh, width}, 4);
  const Array image = scatter_add(wide, rows, Shape{n, c, height, width}, 2);
  return slice(image, {0, 0, ph, pw}, {n, c, height - ph, width - pw});
}

}  // namespace danlu
