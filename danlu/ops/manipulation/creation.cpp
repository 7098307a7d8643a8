#include "danlu/ops/creation.h"

#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

/// Points of [0, 1] as a column behind `rank` axes, `last` being 1 or what comes before it.
Array fractions(int64_t num, bool endpoint, int rank, DType dtype, const char* where) {
  if (num < 0) {
    throw ValueError({.where = where,
                      .what = "The number of points is negative",
                      .expected = "num of 0 or more",
                      .received = std::to_string(num)});
  }
  std::vector<int64_t> dims(static_cast<size_t>(rank) + 1, 1);
  dims[0] = num;
  const auto steps = static_cast<double>(endpoint ? num - 1 : num);
  return reshape(cast(arange(num), dtype), Shape(dims)) / (steps > 0 ? steps : 1);
}

Array finished(const Array& points, const SpaceOptions& options) {
  const Array placed = moveaxis(points, {0}, {options.axis});
  if (!options.dtype) return placed;
  return cast(is_floating(*options.dtype) ? placed : floor(placed), *options.dtype);
}

Array points_between(const Array& start, const Array& stop, const SpaceOptions& options,
                     const char* where) {
  const auto [a, b] = elementwise::promoted_float(start, stop);
  const int rank = std::max(a.rank(), b.rank());
  const Array t = fractions(options.num, options.endpoint, rank, a.dtype(), where);
  return a * (1 - t) + b * t;
}

}  // namespace

Array linspace(const Array& start, const Array& stop, const SpaceOptions& options) {
  return finished(points_between(start, stop, options, "linspace"), options);
}

std::pair<Array, Array> linspace_with_step(const Array& start, const Array& stop,
                                           const SpaceOptions& options) {
  const auto [a, b] = elementwise::promoted_float(start, stop);
  const auto steps = static_cast<double>(options.endpoint ? options.num - 1 : options.num);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {linspace(start, stop, options), (b - a) / (steps > 0 ? steps : nan)};
}

Array logspace(const Array& start, const Array& stop, double base, const SpaceOptions& options) {
  const Array exponents = points_between(start, stop, options, "logspace");
  return finished(power(base, exponents), options);
}

Array geomspace(const Array& start, const Array& stop, const SpaceOptions& options) {
  const auto [a, b] = elementwise::promoted_float(start, stop);
  const int rank = std::max(a.rank(), b.rank());
  const Array t = fractions(options.num, options.endpoint, rank, a.dtype(), "geomspace");
  return finished(a * power(b / a, t), options);
}

std::vector<Array> meshgrid(const std::vector<Array>& xs, const std::string& indexing) {
  if (indexing != "xy" && indexing != "ij") {
    throw ValueError({.where = "meshgrid",
                      .what = "There is no such indexing",
                      .expected = "\"xy\" or \"ij\"",
                      .received = "\"" + indexing + "\""});
  }
  const size_t n = xs.size();
  const bool exchanged = indexing == "xy" && n > 1;
  const auto axis_of = [&](size_t i) { return exchanged && i < 2 ? 1 - i : i; };
  std::vector<int64_t> dims(n);
  for (size_t i = 0; i < n; ++i) dims[axis_of(i)] = xs[i].size();
  std::vector<Array> grids;
  for (size_t i = 0; i < n; ++i) {
    std::vector<int64_t> along(n, 1);
    along[axis_of(i)] = xs[i].size();
    grids.push_back(broadcast_to(reshape(xs[i], Shape(along)), Shape(dims)));
  }
  return grids;
}

Array vander(const Array& x, std::optional<int64_t> n, bool increasing) {
  if (x.rank() != 1 || n.value_or(0) < 0) {
    throw ShapeError({.where = "vander",
                      .what = "The arguments make no Vandermonde matrix",
                      .expected = "a vector and 0 or more columns",
                      .received = x.shape().to_string() + " and " +
                                  std::to_string(n.value_or(x.size())) + " columns"});
  }
  const int64_t columns = n.value_or(x.size());
  const Array exponents = increasing ? arange(columns) : arange(columns - 1, -1, -1);
  return power(expand_dims(x, 1), cast(expand_dims(exponents, 0), x.dtype()));
}

namespace {

/// w(i / (n − 1)) for n points; of a single point, 1.
template <class Window>
Array window(const char* where, int64_t n, Window&& w) {
  if (n < 0 || n > (int64_t{1} << 40)) {
    throw ValueError({.where = where,
                      .what = "The length of the window is not usable",
                      .expected = "0 or more points",
                      .received = std::to_string(n)});
  }
  std::vector<float> values(static_cast<size_t>(n), 1.0f);
  for (int64_t i = 0; n > 1 && i < n; ++i) {
    values[static_cast<size_t>(i)] =
        static_cast<float>(w(static_cast<double>(i) / static_cast<double>(n - 1)));
  }
  return Array(values);
}

double turn(double t) { return std::cos(2 * std::numbers::pi * t); }

}  // namespace

Array bartlett(int64_t n) {
  return window("bartlett", n, [](double t) { return 1 - std::fabs(2 * t - 1); });
}

Array hanning(int64_t n) {
  return window("hanning", n, [](double t) { return 0.5 - 0.5 * turn(t); });
}

Array hamming(int64_t n) {
  return window("hamming", n, [](double t) { return 0.54 - 0.46 * turn(t); });
}

Array blackman(int64_t n) {
  return window("blackman", n, [](double t) { return 0.42 - 0.5 * turn(t) + 0.08 * turn(2 * t); });
}

Array kaiser(int64_t n, double beta) {
  return window("kaiser", n, [beta](double t) {
    const double s = 2 * t - 1;
    return std::cyl_bessel_i(0.0, beta * std::sqrt(std::max(0.0, 1 - s * s))) /
           std::cyl_bessel_i(0.0, beta);
  });
}

namespace internal {

Array arange_real(double start, double stop, double step, DType dtype) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || !std::isfinite(count) || count > 0x1p59) {
    throw ValueError({.where = "arange",
                      .what = "The range has no end",
                      .expected = "finite bounds and a step other than 0",
                      .received = std::to_string(start) + ", " + std::to_string(stop) + ", " +
                                  std::to_string(step)});
  }
  const Array places = arange_whole(0, std::max<int64_t>(0, static_cast<int64_t>(count)), 1, dtype);
  return start + step * places;
}

}  // namespace internal
}  // namespace danlu
