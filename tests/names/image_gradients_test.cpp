#include <gtest/gtest.h>

#include "danlu/ops/image.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Result affine_of(const Call& c) {
  const Array transform({1.013f, 0.117f, 0.731f, -0.213f, 0.907f, 0.419f, 0.f, 0.f});
  return image::affine_transform(c[0], transform, {.fill_mode = c.variant()});
}

Result perspective_of(const Call& c) {
  const std::vector<float> start = {0, 0, 7, 0, 0, 5, 7, 5};
  const std::vector<float> end = {1.03f, 0.51f, 6.1f, 1.07f, 0.02f, 5.53f, 7.47f, 4.1f};
  return image::perspective_transform(c[0], Array(start, Shape{4, 2}), Array(end, Shape{4, 2}));
}

const std::vector<Entry> kTable = {
    {"affine_transform", affine_of},
    {"perspective_transform", perspective_of},
    {"scale_and_translate",
     [](const Call& c) -> Result {
       return image::scale_and_translate(c[0], Shape(c.integers("output_shape")), c.array("scale"),
                                         c.array("translation"), c.integers("spatial_dims"),
                                         {.method = c.text("method")});
     }},
};

TEST(Names, ImageGradients) { prove("image_gradients", kTable); }

}  // namespace
}  // namespace danlu::names
