#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/image.h"
#include "danlu/ops/image/image_layout.h"
#include "danlu/ops/manipulation.h"

namespace danlu::image {
namespace {

/// The planes (batch, h, w) of three channels.
struct Planes {
  Array a, b, c;
};

Planes planes_of(const Array& x, const std::string& where) {
  if (x.shape()[-1] != 3) {
    throw ShapeError({.where = where,
                      .what = "The images have not three channels",
                      .expected = "3",
                      .received = std::to_string(x.shape()[-1])});
  }
  const auto plane = [&](int64_t i) {
    std::vector<int64_t> start = {0, 0, 0, i}, stop = x.shape().to_vector();
    stop.back() = i + 1;
    return squeeze(slice(x, start, stop), -1);
  };
  return {plane(0), plane(1), plane(2)};
}

void require_floating(const Array& x, const std::string& where) {
  if (!is_floating(x.dtype())) {
    throw DTypeError({.where = where,
                      .what = "The images hold no real numbers",
                      .expected = "a floating dtype with values of [0, 1]",
                      .received = x.spec().to_string()});
  }
}

double epsilon(DType dtype) {
  if (dtype == DType::float64) return std::numeric_limits<double>::epsilon();
  return dtype == DType::float32 ? std::numeric_limits<float>::epsilon() : 0x1p-7;
}

}  // namespace

Array rgb_to_grayscale(const Array& images, const std::string& data_format) {
  const Layout layout(images, data_format, "rgb_to_grayscale");
  if (layout.batch().shape()[-1] == 1) return images;
  const Planes p = planes_of(elementwise::as_float(layout.batch()), "rgb_to_grayscale");
  const Array gray = 0.2989 * p.a + 0.587 * p.b + 0.114 * p.c;
  return layout.back(cast(expand_dims(gray, -1), images.dtype()));
}

Array rgb_to_hsv(const Array& images, const std::string& data_format) {
  require_floating(images, "rgb_to_hsv");
  const Layout layout(images, data_format, "rgb_to_hsv");
  const Array zero = Array::scalar(0, images.dtype()), one = Array::scalar(1, images.dtype());
  const Array x = where(abs(layout.batch()) < epsilon(images.dtype()), zero, layout.batch());
  const auto [red, green, blue] = planes_of(x, "rgb_to_hsv");
  const Array value = maximum(maximum(red, green), blue);
  const Array range = value - minimum(minimum(red, green), blue);
  const Array saturation = where(value > 0, range / where(value > 0, value, one), zero);
  const Array part = 1.0 / (6.0 * where(range > 0, range, one));
  Array hue =
      where(equal(value, green), part * (blue - red) + 2.0 / 6.0, part * (red - green) + 4.0 / 6.0);
  hue = where(equal(value, red), part * (green - blue), hue);
  hue = where(range > 0, hue, zero) + cast(hue < 0, images.dtype());
  return layout.back(stack({hue, saturation, value}, -1));
}

Array hsv_to_rgb(const Array& images, const std::string& data_format) {
  require_floating(images, "hsv_to_rgb");
  const Layout layout(images, data_format, "hsv_to_rgb");
  const auto [hue, saturation, value] = planes_of(layout.batch(), "hsv_to_rgb");
  const Array sixth = (hue - floor(hue)) * 6;
  const auto channel = [&](const Array& strength) {
    return value * (1 - saturation + saturation * clip(strength, 0, 1));
  };
  return layout.back(stack(
      {channel(abs(sixth - 3) - 1), channel(2 - abs(sixth - 2)), channel(2 - abs(sixth - 4))}, -1));
}

}  // namespace danlu::image
