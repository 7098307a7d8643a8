#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/image.h"
#include "danlu/ops/image/image_layout.h"
#include "danlu/ops/image/resample_attrs.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu::image {
namespace {

Array number(double value, const Array& like) { return Array::scalar(value, like.dtype()); }

/// What each filter gives at a distance x ≥ 0 of pixels.
Array triangle(const Array& x) { return maximum(1 - x, number(0, x)); }

Array cubic(const Array& x) {
  const Array near = ((1.5 * x - 2.5) * x) * x + 1;
  const Array far = ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return where(x >= 2, number(0, x), where(x >= 1, far, near));
}

Array lanczos(const Array& x, double radius) {
  constexpr double kPi = std::numbers::pi;
  const Array y = radius * sin(kPi * x) * sin(kPi * x / radius);
  const Array square_x = where(equal(x, 0), number(1, x), kPi * kPi * x * x);
  const Array inside = where(x > 1e-3, y / square_x, number(1, x));
  return where(x > radius, number(0, x), inside);
}

ResampleFilter filter_of(const std::string& method, const std::string& where_) {
  const std::string plain = method.starts_with("bi") || method.starts_with("tri")
                                ? method.substr(method[0] == 'b' ? 2 : 3)
                                : method;
  if (plain == "linear") return ResampleFilter::linear;
  if (plain == "cubic") return ResampleFilter::cubic;
  if (method == "lanczos3") return ResampleFilter::lanczos3;
  if (method == "lanczos5") return ResampleFilter::lanczos5;
  unknown_option(where_, "interpolation",
                 "a linear or cubic one, 'lanczos3' or 'lanczos5'; for resize 'nearest' too",
                 method);
}

Array filtered(const Array& x, ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::linear:
      return triangle(x);
    case ResampleFilter::cubic:
      return cubic(x);
    case ResampleFilter::lanczos3:
      return lanczos(x, 3);
    case ResampleFilter::lanczos5:
      break;
  }
  return lanczos(x, 5);
}

/// (to, from): what each output pixel takes of each input pixel.
Array weights(int64_t from, int64_t to, const Array& scale, const Array& translation,
              const std::string& method, bool antialias, const std::string& where_) {
  const DType dtype = scale.dtype();
  const Array one = number(1, scale), zero = number(0, scale);
  const Array step = 1 / scale;
  const Array width = antialias ? maximum(step, one) : one;
  const Array sample = (arange(0, to, 1, dtype) + 0.5) * step - translation * step - 0.5;  // (to,)
  const Array distance =
      abs(expand_dims(sample, 1) - expand_dims(arange(0, from, 1, dtype), 0)) / width;
  const Array raw = filtered(distance, filter_of(method, where_));
  const Array total = sum(raw, {1}, true);
  const double epsilon = dtype == DType::float64 ? std::numeric_limits<double>::epsilon()
                                                 : std::numeric_limits<float>::epsilon();
  const Array scaled =
      where(abs(total) > 1000 * epsilon, raw / where(equal(total, zero), one, total), zero);
  const Array inside = sample >= -0.5 && sample <= static_cast<double>(from) - 0.5;
  return where(expand_dims(inside, 1), scaled, zero);
}

/// `w` (to, n) applied along `axis` of `x`.
Array along(const Array& x, const Array& w, int axis) {
  const Shape& shape = x.shape();
  int64_t before = 1, after = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < axis) before *= shape[i];
    if (i > axis) after *= shape[i];
  }
  const Array rows = reshape(x, Shape{before, shape[axis], after});
  return reshape(matmul(w, rows), shape.with_dim(axis, w.shape()[0]));
}

/// The input pixel in whose area the middle of each output pixel lies.
Array nearest(const Array& x, int64_t to, int axis) {
  const int64_t from = x.shape()[axis];
  std::vector<int64_t> index(static_cast<size_t>(to));
  for (size_t i = 0; i < index.size(); ++i) {
    const float place =
        (static_cast<float>(i) + 0.5f) * static_cast<float>(from) / static_cast<float>(to);
    index[i] = std::min(static_cast<int64_t>(std::floor(place)), from - 1);
  }
  return take(x, Array(index), axis);
}

/// Cut from the middle, or filled up with `fill_value` on both sides, to the ratio of `size`.
Array with_ratio(const Array& x, const Size& size, const ResizeOptions& options) {
  const int64_t height = x.shape()[1], width = x.shape()[2];
  const auto scaled = [](int64_t length, int64_t to, int64_t from) {
    return static_cast<int64_t>(static_cast<double>(length) * static_cast<double>(to) /
                                static_cast<double>(from));
  };
  const int64_t fitting_height = scaled(width, size[0], size[1]);
  const int64_t fitting_width = scaled(height, size[1], size[0]);
  if (options.crop_to_aspect_ratio) {
    const int64_t h = std::max<int64_t>(std::min(height, fitting_height), 1);
    const int64_t w = std::max<int64_t>(std::min(width, fitting_width), 1);
    const int64_t top = (height - h) / 2, left = (width - w) / 2;
    return slice(x, {0, top, left, 0}, {x.shape()[0], top + h, left + w, x.shape()[3]});
  }
  const int64_t above = (std::max(height, fitting_height) - height) / 2;
  const int64_t beside = above > 0 ? 0 : (std::max(width, fitting_width) - width) / 2;
  return pad(x, {{0, 0}, {above, above}, {beside, beside}, {0, 0}}, options.fill_value);
}

}  // namespace

Array resize(const Array& images, const Size& size, const ResizeOptions& options) {
  const Layout layout(images, options.data_format, "resize");
  Array x = layout.batch();
  if (size[0] < 1 || size[1] < 1 || x.shape()[1] < 1 || x.shape()[2] < 1 ||
      (options.crop_to_aspect_ratio && options.pad_to_aspect_ratio)) {
    throw ValueError({.where = "resize",
                      .what = "The image cannot be brought to this size",
                      .expected = "positive heights and widths, and cropping or padding, not both",
                      .received = images.shape().to_string() + " to " + std::to_string(size[0]) +
                                  " × " + std::to_string(size[1])});
  }
  if (options.crop_to_aspect_ratio || options.pad_to_aspect_ratio) x = with_ratio(x, size, options);
  if (options.interpolation != "nearest") x = elementwise::as_float(x);
  if (options.interpolation == "nearest") {
    for (int axis = 1; axis <= 2; ++axis) {
      x = nearest(x, size[static_cast<size_t>(axis) - 1], axis);
    }
    return layout.back(x);
  }
  const ResampleAttrs attrs{.height = x.shape()[1],
                            .width = x.shape()[2],
                            .to_height = size[0],
                            .to_width = size[1],
                            .filter = filter_of(options.interpolation, "resize"),
                            .antialias = options.antialias};
  x = make_op(resample_op(), {x}, make_attrs(attrs));
  return layout.back(x);
}

Array scale_and_translate(const Array& images, const Shape& output_shape, const Array& scale,
                          const Array& translation, const std::vector<int64_t>& spatial_dims,
                          const ScaleAndTranslateOptions& options) {
  const auto count = static_cast<int64_t>(spatial_dims.size());
  Array x = elementwise::as_float(images);
  if (output_shape.rank() != x.rank() || !output_shape.is_known() ||
      scale.shape() != Shape{count} || translation.shape() != Shape{count}) {
    throw ShapeError({.where = "scale_and_translate",
                      .what = "The arguments do not fit each other",
                      .expected = "an output shape of rank " + std::to_string(x.rank()) + ", " +
                                  std::to_string(count) + " scales and translations",
                      .received = output_shape.to_string() + ", " + scale.shape().to_string() +
                                  " and " + translation.shape().to_string()});
  }
  for (int64_t i = 0; i < count; ++i) {
    const int axis =
        normalize_axis(spatial_dims[static_cast<size_t>(i)], x.rank(), "scale_and_translate");
    const auto one = [&](const Array& all) {
      return cast(reshape(slice(all, {i}, {i + 1}), Shape{}), x.dtype());
    };
    x = along(x,
              weights(x.shape()[axis], output_shape[axis], one(scale), one(translation),
                      options.method, options.antialias, "scale_and_translate"),
              axis);
  }
  if (x.shape() != output_shape) {
    throw ShapeError({.where = "scale_and_translate",
                      .what = "An axis that is not scaled has another length",
                      .expected = x.shape().to_string(),
                      .received = output_shape.to_string()});
  }
  return x;
}

}  // namespace danlu::image
