#include <cmath>

#include "danlu/base/error.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/image.h"
#include "danlu/ops/image/image_layout.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu::image {
namespace {

/// A bell of `size` numbers whose sum is 1.
std::vector<double> bell(int64_t size, double sigma, const std::string& where) {
  constexpr int64_t kMost = 1 << 20;
  if (size < 1 || size > kMost || !(sigma > 0)) {
    throw ValueError({.where = where,
                      .what = "There is no such Gaussian",
                      .expected = "a size of 1 or more and a sigma above 0",
                      .received = std::to_string(size) + " and " + std::to_string(sigma)});
  }
  std::vector<double> values(static_cast<size_t>(size));
  double total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(i) - static_cast<double>(size - 1) / 2;
    total += values[i] = std::exp(-0.5 * (x / sigma) * (x / sigma));
  }
  for (double& v : values) v /= total;
  return values;
}

/// Each channel of x (batch, h, w, channels) with the kernel `values` (rows, columns).
Array convolved(const Array& x, const std::vector<double>& values, int64_t rows, int64_t columns,
                const std::string& padding) {
  const Array kernel = cast(Array(values, Shape{rows, columns, 1, 1}), x.dtype());
  // Channels as images of one channel.
  const Shape shape = x.shape();
  const Array planes =
      reshape(transpose(x, {0, 3, 1, 2}), Shape{shape[0] * shape[3], shape[1], shape[2], 1});
  const Array y = conv2d(planes, kernel, {.padding = padding});
  return transpose(reshape(y, Shape{shape[0], shape[3], y.shape()[1], y.shape()[2]}), {0, 2, 3, 1});
}

/// Rows first, then columns: the kernel is a product.
Array smoothed(const Array& x, const std::vector<double>& down, const std::vector<double>& across,
               const std::string& padding) {
  const auto rows = static_cast<int64_t>(down.size()),
             columns = static_cast<int64_t>(across.size());
  return convolved(convolved(x, down, rows, 1, padding), across, 1, columns, padding);
}

}  // namespace

Array gaussian_blur(const Array& images, const BlurOptions& options) {
  const Layout layout(elementwise::as_float(images), options.data_format, "gaussian_blur");
  return layout.back(
      smoothed(layout.batch(), bell(options.kernel_size[1], options.sigma[1], "gaussian_blur"),
               bell(options.kernel_size[0], options.sigma[0], "gaussian_blur"), "same"));
}

Array sobel_edges(const Array& images, const std::string& data_format) {
  const Layout layout(elementwise::as_float(images), data_format, "sobel_edges");
  const std::vector<double> slope = {-1, 0, 1}, mean = {1, 2, 1};
  const Array x = layout.batch();
  return layout.back(
      stack({smoothed(x, slope, mean, "same"), smoothed(x, mean, slope, "same")}, -1));
}

Array ssim(const Array& image1, const Array& image2, const SsimOptions& options) {
  if (image1.shape() != image2.shape()) {
    throw ShapeError({.where = "ssim",
                      .what = "The images differ in shape",
                      .expected = image1.shape().to_string(),
                      .received = image2.shape().to_string()});
  }
  const auto [a, b] = elementwise::promoted_float(image1, image2);
  const Layout first(a, options.data_format, "ssim"), second(b, options.data_format, "ssim");
  const Array x = first.batch(), y = second.batch();
  const std::vector<double> window = bell(options.filter_size, options.filter_sigma, "ssim");
  const auto local = [&](const Array& z) { return smoothed(z, window, window, "valid"); };
  const Array mean_x = local(x), mean_y = local(y);
  const Array squares = mean_x * mean_x + mean_y * mean_y, product = mean_x * mean_y;
  const Array variances = local(x * x) + local(y * y) - squares;
  const Array covariance = local(x * y) - product;
  const double c1 = std::pow(options.k1 * options.max_val, 2);
  const double c2 = std::pow(options.k2 * options.max_val, 2);
  const Array similarity =
      (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
  const Array found = mean(similarity, {1, 2, 3});
  return cast(image1.rank() == 3 ? squeeze(found, 0) : found, image1.dtype());
}

}  // namespace danlu::image
