#include "danlu/ops/image.h"

#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

using namespace image;

std::string format_of(const Call& c) { return c.text("data_format", "channels_last"); }

TransformOptions transform_options(const Call& c) {
  return {.interpolation = c.text("interpolation", "bilinear"),
          .fill_mode = c.text("fill_mode", "constant"),
          .fill_value = c.number("fill_value", 0),
          .data_format = format_of(c)};
}

CropOptions crop_options(const Call& c, const std::string& what) {
  return {.top = c.maybe_integer("top_" + what),
          .left = c.maybe_integer("left_" + what),
          .bottom = c.maybe_integer("bottom_" + what),
          .right = c.maybe_integer("right_" + what),
          .target_height = c.maybe_integer("target_height"),
          .target_width = c.maybe_integer("target_width"),
          .data_format = format_of(c)};
}

PatchOptions patch_options(const Call& c) {
  return {.strides = c.integers("strides"),
          .dilation_rate = c.integer("dilation_rate", 1),
          .padding = c.text("padding", "valid"),
          .data_format = format_of(c)};
}

Size size_of(const Call& c, std::string_view name) {
  const auto size = c.integers(name);
  return {size.front(), size.back()};
}

Result resize_of(const Call& c) {
  return resize(c[0], size_of(c, "size"),
                {.interpolation = c.text("interpolation", "bilinear"),
                 .antialias = c.flag("antialias"),
                 .crop_to_aspect_ratio = c.flag("crop_to_aspect_ratio"),
                 .pad_to_aspect_ratio = c.flag("pad_to_aspect_ratio"),
                 .fill_value = c.number("fill_value", 0),
                 .data_format = format_of(c)});
}

Result blur_of(const Call& c) {
  BlurOptions options{.data_format = format_of(c)};
  if (c.has("kernel_size")) options.kernel_size = size_of(c, "kernel_size");
  if (c.has("sigma")) {
    options.sigma = {c.json("sigma")[0].as_double(), c.json("sigma")[1].as_double()};
  }
  return gaussian_blur(c[0], options);
}

const std::vector<Entry> kTable = {
    {"rgb_to_grayscale",
     [](const Call& c) -> Result { return rgb_to_grayscale(c[0], format_of(c)); }},
    {"rgb_to_hsv", [](const Call& c) -> Result { return rgb_to_hsv(c[0], format_of(c)); }},
    {"hsv_to_rgb", [](const Call& c) -> Result { return hsv_to_rgb(c[0], format_of(c)); }},
    {"affine_transform",
     [](const Call& c) -> Result { return affine_transform(c[0], c[1], transform_options(c)); }},
    {"perspective_transform",
     [](const Call& c) -> Result {
       return perspective_transform(c[0], c[1], c[2], transform_options(c));
     }},
    {"map_coordinates",
     [](const Call& c) -> Result {
       return map_coordinates(
           c[0], c[1], c.integer("order", 1),
           {.fill_mode = c.text("fill_mode", "constant"), .fill_value = c.number("fill_value", 0)});
     }},
    {"crop_images",
     [](const Call& c) -> Result { return crop_images(c[0], crop_options(c, "cropping")); }},
    {"pad_images",
     [](const Call& c) -> Result { return pad_images(c[0], crop_options(c, "padding")); }},
    {"extract_patches",
     [](const Call& c) -> Result {
       return extract_patches(c[0], size_of(c, "size"), patch_options(c));
     }},
    {"extract_patches_3d",
     [](const Call& c) -> Result {
       const auto size = c.integers("size");
       return extract_patches_3d(c[0], {size[0], size[1], size[2]}, patch_options(c));
     }},
    {"gaussian_blur", blur_of},
    {"sobel_edges", [](const Call& c) -> Result { return sobel_edges(c[0], format_of(c)); }},
    {"ssim",
     [](const Call& c) -> Result {
       return ssim(c[0], c[1],
                   {.max_val = c.number("max_val", 1),
                    .filter_size = c.integer("filter_size", 11),
                    .filter_sigma = c.number("filter_sigma", 1.5)});
     }},
    {"scale_and_translate",
     [](const Call& c) -> Result {
       return scale_and_translate(
           c[0], Shape(c.integers("output_shape")), c.array("scale"), c.array("translation"),
           c.integers("spatial_dims"),
           {.method = c.text("method"), .antialias = c.flag("antialias", true)});
     }},
    {"resize", resize_of},
};

/// Little noise changes little; the same state gives the same image; much noise changes much.
void check_elastic_transform() {
  const Array x = random::uniform(SeedGenerator(1).next(), {2, 20, 24, 3});
  const Array state = SeedGenerator(2).next();
  const auto distance = [&](double alpha) {
    double greatest = 0;
    for (double d : (elastic_transform(x, state, alpha) - x).to_vector<double>()) {
      greatest = std::max(greatest, std::abs(d));
    }
    return greatest;
  };
  EXPECT_EQ(distance(0), 0);
  EXPECT_LT(distance(1e-3), 0.02);
  EXPECT_GT(distance(20), 0.2);
  EXPECT_EQ(elastic_transform(x, state).to_vector(), elastic_transform(x, state).to_vector());
  EXPECT_EQ(elastic_transform(x, state).shape(), x.shape());
  // Channels move together.
  const Array gray = concatenate(
      {slice(x, {0, 0, 0, 0}, {2, 20, 24, 1}), slice(x, {0, 0, 0, 0}, {2, 20, 24, 1})}, -1);
  const auto moved = elastic_transform(gray, state).to_vector();
  for (size_t i = 0; i < moved.size(); i += 2) ASSERT_EQ(moved[i], moved[i + 1]);
}

TEST(Names, Image) { prove("image", kTable, {{"elastic_transform", check_elastic_transform}}); }

}  // namespace
}  // namespace danlu::names
