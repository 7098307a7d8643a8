#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/image.h"
#include "danlu/ops/image/image_layout.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "danlu/ops/reduction.h"

namespace danlu::image {
namespace {

Array number(int64_t value) { return Array::scalar(static_cast<double>(value), DType::int64); }

/// x − n ⌊x/n⌋ of integers.
Array modulo(const Array& x, int64_t n) {
  const Array quotient = floor(cast(x, DType::float64) / static_cast<double>(n));
  return x - cast(quotient, DType::int64) * number(n);
}

/// A triangular wave over [0, size).
Array mirrored(const Array& index, int64_t size) {
  if (size <= 1) return index * number(0);
  return abs(modulo(index + number(size - 1), 2 * (size - 1)) - number(size - 1));
}

/// An index brought into [0, size) as `mode` says.
Array inside(const Array& index, int64_t size, const std::string& mode, const std::string& where_) {
  if (mode == "constant" || mode == "nearest") return clip(index, number(0), number(size - 1));
  if (mode == "wrap") return modulo(index, size);
  if (mode == "mirror") return mirrored(index, size);
  if (mode != "reflect") {
    unknown_option(where_, "fill mode", "'constant', 'nearest', 'wrap', 'mirror' or 'reflect'",
                   mode);
  }
  const Array wave = mirrored(index * number(2) + number(1), 2 * size + 1) - number(1);
  return cast(floor(cast(wave, DType::float64) / 2), DType::int64);
}

struct Lookup {
  int64_t order;
  std::string mode;
  double fill_value;
  std::string where;
};

/// Rows of `table` (places, channels), whose places are an Array of `dims`, at `coordinates` (one
/// Array of one shape per axis), `offset` places further on: (…, channels).
Array looked_up(const Array& table, const Shape& dims, const std::vector<Array>& coordinates,
                const Array& offset, const Lookup& how) {
  struct Corner {
    Array flat, valid, weight;
  };
  std::vector<Corner> corners = {{offset, Array(), Array()}};
  for (int axis = 0; axis < dims.rank(); ++axis) {
    const Array& at = coordinates[static_cast<size_t>(axis)];
    std::vector<std::pair<Array, Array>> sides;  // index and weight
    if (how.order == 0) {
      const Array rounded = sign(at) * floor(abs(at) + 0.5);
      sides.emplace_back(cast(rounded, DType::int64), Array());
    } else {
      const Array below = floor(at);
      const Array index = cast(below, DType::int64), upper = at - stop_gradient(below);
      sides.emplace_back(index, 1 - upper);
      sides.emplace_back(index + number(1), upper);
    }
    std::vector<Corner> next;
    for (const Corner& corner : corners) {
      for (const auto& [index, weight] : sides) {
        Corner c;
        c.flat = corner.flat * number(dims[axis]) + inside(index, dims[axis], how.mode, how.where);
        const Array valid = index >= number(0) && index < number(dims[axis]);
        c.valid = corner.valid.defined() ? corner.valid && valid : valid;
        c.weight = !weight.defined()         ? corner.weight
                   : corner.weight.defined() ? corner.weight * weight
                                             : weight;
        next.push_back(c);
      }
    }
    corners = std::move(next);
  }
  Array total;
  for (const Corner& corner : corners) {
    Array value = take(table, corner.flat, 0);
    if (how.mode == "constant") {
      value =
          where(expand_dims(corner.valid, -1), value, Array::scalar(how.fill_value, value.dtype()));
    }
    if (corner.weight.defined()) {
      value = elementwise::as_float(value) *
              cast(expand_dims(corner.weight, -1), elementwise::as_float(value).dtype());
    }
    total = total.defined() ? total + value : value;
  }
  const bool whole = !is_floating(table.dtype()) && is_floating(total.dtype());
  return cast(whole ? round(total) : total, table.dtype());
}

int64_t order_of(const std::string& interpolation, const std::string& where_) {
  if (interpolation == "nearest") return 0;
  if (interpolation == "bilinear") return 1;
  unknown_option(where_, "interpolation", "'nearest' or 'bilinear'", interpolation);
}

/// Images (batch, h, w, channels) at (y, x), each (batch, …).
Array sampled(const Array& images, const Array& y, const Array& x, const TransformOptions& options,
              const std::string& mode, const std::string& where_) {
  const Shape& shape = images.shape();
  if (shape.num_elements() == 0) {
    throw ShapeError({.where = where_,
                      .what = "There is no pixel to take",
                      .expected = "images of one pixel or more",
                      .received = shape.to_string()});
  }
  std::vector<int64_t> column(static_cast<size_t>(y.rank()), 1);
  column[0] = shape[0];
  // Multiplied by height and width on the way to a flat index.
  const Array image = reshape(arange(0, shape[0]), Shape(column));
  const Array table = reshape(images, Shape{shape[0] * shape[1] * shape[2], shape[3]});
  return looked_up(table, Shape{shape[1], shape[2]}, {y, x}, image,
                   {order_of(options.interpolation, where_), mode, options.fill_value, where_});
}

DType coordinate_dtype(const Array& images) {
  return images.dtype() == DType::float64 ? DType::float64 : DType::float32;
}

/// Column i of (batch, n) as (batch, 1, 1).
Array column_of(const Array& x, int64_t i) {
  return expand_dims(slice(x, {0, i}, {x.shape()[0], i + 1}), -1);
}

Array batched(const Array& x, int rank, int64_t batch, const Shape& element, const char* where_) {
  const Array all = x.rank() == rank ? expand_dims(x, 0) : x;
  const Shape wanted = element.with_axis_inserted(0, batch);
  const bool fits = all.rank() == rank + 1 && all.shape().without_axis(0) == element &&
                    (all.shape()[0] == batch || all.shape()[0] == 1);
  if (!fits) {
    throw ShapeError({.where = where_,
                      .what = "The parameters do not fit the images",
                      .expected = element.to_string() + " or " + wanted.to_string(),
                      .received = x.shape().to_string()});
  }
  return broadcast_to(all, wanted);
}

}  // namespace

Array map_coordinates(const Array& inputs, const Array& coordinates, int64_t order,
                      const MapCoordinatesOptions& options) {
  if (order != 0 && order != 1) {
    throw ValueError({.where = "map_coordinates",
                      .what = "There is no such order",
                      .expected = "0 or 1",
                      .received = std::to_string(order)});
  }
  if (coordinates.rank() < 2 || inputs.rank() == 0 || inputs.size() == 0 ||
      coordinates.shape()[0] != inputs.rank()) {
    throw ShapeError(
        {.where = "map_coordinates",
         .what = "The coordinates do not fit the input",
         .expected = "(k, …) for an input of k axes with elements",
         .received = coordinates.shape().to_string() + " and " + inputs.shape().to_string()});
  }
  std::vector<Array> axes;
  const Array places = elementwise::as_float(coordinates);
  for (int64_t i = 0; i < inputs.rank(); ++i) {
    axes.push_back(squeeze(slice(places, {i}, {i + 1}), 0));
  }
  const Array table = reshape(inputs, Shape{inputs.size(), 1});
  const Array found = looked_up(table, inputs.shape(), axes, number(0),
                                {order, options.fill_mode, options.fill_value, "map_coordinates"});
  return squeeze(found, -1);
}

Array affine_transform(const Array& images, const Array& transform,
                       const TransformOptions& options) {
  const Layout layout(images, options.data_format, "affine_transform");
  const Array x = layout.batch();
  const DType dtype = coordinate_dtype(images);
  const Array t = cast(batched(transform, 1, x.shape()[0], Shape{8}, "affine_transform"), dtype);
  const Array row = expand_dims(arange(0, x.shape()[1], 1, dtype), 1);
  const Array column = arange(0, x.shape()[2], 1, dtype);
  const auto place = [&](int64_t first) {
    return column_of(t, first) * column + column_of(t, first + 1) * row + column_of(t, first + 2);
  };
  return layout.back(
      sampled(x, place(3), place(0), options, options.fill_mode, "affine_transform"));
}

Array perspective_transform(const Array& images, const Array& start_points, const Array& end_points,
                            const TransformOptions& options) {
  constexpr const char* kWhere = "perspective_transform";
  const Layout layout(images, options.data_format, kWhere);
  const Array x = layout.batch();
  const DType dtype = coordinate_dtype(images);
  const int64_t batch = x.shape()[0];
  const auto corners = [&](const Array& points, int64_t i) {  // (batch, 4)
    const Array all = cast(batched(points, 2, batch, Shape{4, 2}, kWhere), dtype);
    return squeeze(slice(all, {0, 0, i}, {batch, 4, i + 1}), -1);
  };
  const Array from_x = corners(start_points, 0), from_y = corners(start_points, 1);
  const Array to_x = corners(end_points, 0), to_y = corners(end_points, 1);
  const Array zero = zeros_like(to_x), one = ones_like(to_x);
  const Array matrix =
      concatenate({stack({to_x, to_y, one, zero, zero, zero, -from_x * to_x, -from_x * to_y}, -1),
                   stack({zero, zero, zero, to_x, to_y, one, -from_y * to_x, -from_y * to_y}, -1)},
                  1);
  const Array t = solve(matrix, concatenate({from_x, from_y}, -1));
  const Array row = expand_dims(arange(0, x.shape()[1], 1, dtype), 1);
  const Array column = arange(0, x.shape()[2], 1, dtype);
  const Array depth = column_of(t, 6) * column + column_of(t, 7) * row + 1;
  const auto place = [&](int64_t first) {
    return (column_of(t, first) * column + column_of(t, first + 1) * row +
            column_of(t, first + 2)) /
           depth;
  };
  return layout.back(sampled(x, place(3), place(0), options, "constant", kWhere));
}

Array elastic_transform(const Array& images, const Array& state, double alpha, double sigma,
                        const TransformOptions& options) {
  constexpr const char* kWhere = "elastic_transform";
  if (!(sigma > 0 && sigma < 1e4)) {
    throw ValueError({.where = kWhere,
                      .what = "The width of the smoothing is not possible",
                      .expected = "sigma above 0",
                      .received = std::to_string(sigma)});
  }
  const Layout layout(images, options.data_format, kWhere);
  const Array x = layout.batch();
  const DType dtype = coordinate_dtype(images);
  const Shape& shape = x.shape();
  const int64_t width = static_cast<int64_t>(6 * sigma) | 1;
  const Array noise =
      random::normal(state, Shape{shape[0], shape[1], shape[2], 2}, 0, sigma, dtype);
  const Array smooth =
      alpha * gaussian_blur(noise, {.kernel_size = {width, width}, .sigma = {sigma, sigma}});
  const auto offset = [&](int64_t i) {
    return squeeze(slice(smooth, {0, 0, 0, i}, {shape[0], shape[1], shape[2], i + 1}), -1);
  };
  const Array row = expand_dims(arange(0, shape[1], 1, dtype), 1);
  const Array column = arange(0, shape[2], 1, dtype);
  return layout.back(
      sampled(x, row + offset(1), column + offset(0), options, options.fill_mode, kWhere));
}

}  // namespace danlu::image
