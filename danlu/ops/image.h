#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

/// Images: one (height, width, channels) or a batch of them; with data_format "channels_first",
/// (channels, height, width). All are compositions of other ops, differentiable in the images.
/// Errors of all: ShapeError for another rank, ValueError for an option that is not known.
namespace danlu::image {

using Size = std::array<int64_t, 2>;  ///< height, width

/// 0.2989 red + 0.587 green + 0.114 blue, in one channel; one channel stays. Integers are rounded
/// down.
Array rgb_to_grayscale(const Array& images, const std::string& data_format = "channels_last");
/// Hue, saturation and value of red, green and blue, all of [0, 1].
/// Source: Smith, "Color gamut transform pairs" (1978). Errors: DTypeError for integers.
Array rgb_to_hsv(const Array& images, const std::string& data_format = "channels_last");
Array hsv_to_rgb(const Array& images, const std::string& data_format = "channels_last");

struct ResizeOptions {
  /// "nearest", "bilinear", "bicubic" (Keys 1981, a = −½), "lanczos3" or "lanczos5".
  std::string interpolation = "bilinear";
  bool antialias = false;             ///< widen the filter where the image shrinks
  bool crop_to_aspect_ratio = false;  ///< cut to the ratio of `size` first, from the middle
  bool pad_to_aspect_ratio = false;   ///< or fill up to it, with `fill_value`
  double fill_value = 0;
  std::string data_format = "channels_last";
};
/// Pixels are squares with their values in the middle. Integers become float32, except with
/// "nearest".
Array resize(const Array& images, const Size& size, const ResizeOptions& options = {});

struct ScaleAndTranslateOptions {
  std::string method = "linear";  ///< "linear", "cubic", "lanczos3", "lanczos5", or (bi|tri)…
  bool antialias = true;
};
/// Output pixel o of spatial axis i shows the input at (o + ½ − translation_i)/scale_i − ½, and 0
/// outside the input. Shapes: scale and translation (axes,).
Array scale_and_translate(const Array& images, const Shape& output_shape, const Array& scale,
                          const Array& translation, const std::vector<int64_t>& spatial_dims,
                          const ScaleAndTranslateOptions& options = {});

struct TransformOptions {
  std::string interpolation = "bilinear";  ///< or "nearest"
  /// What lies outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".
  std::string fill_mode = "constant";
  double fill_value = 0;
  std::string data_format = "channels_last";
};
/// Output pixel (x, y) shows the input at (a0 x + a1 y + a2, b0 x + b1 y + b2).
/// Shapes: transform (8,) or (batch, 8), of which the last two numbers are not read.
Array affine_transform(const Array& images, const Array& transform,
                       const TransformOptions& options = {});
/// What lies at the start points moves to the end points; (x, y) of four corners each.
/// Shapes: points (4, 2) or (batch, 4, 2). `fill_mode` is always "constant".
Array perspective_transform(const Array& images, const Array& start_points, const Array& end_points,
                            const TransformOptions& options = {});
/// Random offsets, smoothed by a Gaussian of `sigma` and multiplied by `alpha`; the numbers come
/// from `state` (random.h). Source: Simard, Steinkraus and Platt (2003).
Array elastic_transform(const Array& images, const Array& state, double alpha = 20,
                        double sigma = 5,
                        const TransformOptions& options = {.fill_mode = "reflect"});

struct MapCoordinatesOptions {
  std::string fill_mode = "constant";
  double fill_value = 0;
};
/// The elements of `inputs` at `coordinates`, one row for each axis; `order` 0: the nearest,
/// 1: linear between neighbours. Shapes: (n1, …, nk), (k, …) → (…).
Array map_coordinates(const Array& inputs, const Array& coordinates, int64_t order,
                      const MapCoordinatesOptions& options = {});

struct CropOptions {
  /// Of each direction, two of the three that Keras takes.
  std::optional<int64_t> top, left, bottom, right;
  std::optional<int64_t> target_height, target_width;
  std::string data_format = "channels_last";
};
/// Without `top`, `left`, `bottom` and `right` rows and columns.
Array crop_images(const Array& images, const CropOptions& options);
/// With as many rows and columns of 0 more.
Array pad_images(const Array& images, const CropOptions& options);

struct PatchOptions {
  std::vector<int64_t> strides = {};  ///< without them, the size of a patch
  int64_t dilation_rate = 1;
  std::string padding = "valid";  ///< or "same"
  std::string data_format = "channels_last";
};
/// Shapes: (…, h, w, c) → (…, rows, columns, size[0] · size[1] · c).
Array extract_patches(const Array& images, const Size& size, const PatchOptions& options = {});
/// Shapes: (…, d, h, w, c) → (…, planes, rows, columns, size[0] · size[1] · size[2] · c).
Array extract_patches_3d(const Array& volumes, const std::array<int64_t, 3>& size,
                         const PatchOptions& options = {});

struct BlurOptions {
  Size kernel_size = {3, 3};  ///< width, height, as Keras has it
  std::array<double, 2> sigma = {1, 1};
  std::string data_format = "channels_last";
};
/// Zeros lie around the image.
Array gaussian_blur(const Array& images, const BlurOptions& options = {});
/// Sobel's differences, in a last axis of (dy, dx). Source: Sobel and Feldman (1968).
Array sobel_edges(const Array& images, const std::string& data_format = "channels_last");

struct SsimOptions {
  double max_val = 1;
  int64_t filter_size = 11;
  double filter_sigma = 1.5;
  double k1 = 0.01, k2 = 0.03;
  std::string data_format = "channels_last";
};
/// Structural similarity, per image. Source: Wang et al. (2004).
Array ssim(const Array& image1, const Array& image2, const SsimOptions& options = {});

}  // namespace danlu::image
