#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

void require_image(const char* where, const Array& x, int64_t block_size) {
  if (x.rank() == 4 && block_size > 0) return;
  throw ShapeError(
      {.where = where,
       .what = "The input is no batch of images in blocks",
       .expected = "rank 4 (batch, height, width, channels) and block_size of 1 or more",
       .received = x.shape().to_string() + " and block_size " + std::to_string(block_size)});
}

void require_divisible(const char* where, int64_t length, int64_t by, const Array& x) {
  if (length % by == 0) return;
  throw ShapeError({.where = where,
                    .what = "The image cannot be rearranged",
                    .expected = "a length that is a multiple of " + std::to_string(by),
                    .received = std::to_string(length) + " in " + x.shape().to_string()});
}

}  // namespace

Array depth_to_space(const Array& x, int64_t block_size) {
  require_image("depth_to_space", x, block_size);
  const int64_t b = block_size, n = x.shape()[0], h = x.shape()[1], w = x.shape()[2];
  require_divisible("depth_to_space", x.shape()[3], b * b, x);
  const int64_t channels = x.shape()[3] / (b * b);
  const Array blocks = reshape(x, Shape{n, h, w, b, b, channels});
  return reshape(transpose(blocks, {0, 1, 3, 2, 4, 5}), Shape{n, h * b, w * b, channels});
}

Array space_to_depth(const Array& x, int64_t block_size) {
  require_image("space_to_depth", x, block_size);
  const int64_t b = block_size, n = x.shape()[0], h = x.shape()[1], w = x.shape()[2];
  require_divisible("space_to_depth", h, b, x);
  require_divisible("space_to_depth", w, b, x);
  const int64_t channels = x.shape()[3];
  const Array blocks = reshape(x, Shape{n, h / b, b, w / b, b, channels});
  return reshape(transpose(blocks, {0, 1, 3, 2, 4, 5}), Shape{n, h / b, w / b, channels * b * b});
}

Array multi_hot(const Array& x, int64_t num_classes, int64_t axis, DType dtype) {
  const Array each = one_hot(x, num_classes, axis, dtype);
  return max(each, {x.rank() > 1 ? 1 : 0});
}

}  // namespace danlu
