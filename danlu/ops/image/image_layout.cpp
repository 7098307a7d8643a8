#include "danlu/ops/image/image_layout.h"

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu::image {

void unknown_option(const std::string& where, const std::string& option,
                    const std::string& expected, const std::string& received) {
  throw ValueError({.where = where,
                    .what = "There is no such " + option,
                    .expected = expected,
                    .received = "'" + received + "'"});
}

Layout::Layout(const Array& x, const std::string& data_format, const std::string& where,
               int spatial)
    : first_(data_format == "channels_first"), single_(x.rank() == spatial + 1), spatial_(spatial) {
  if (!first_ && data_format != "channels_last") {
    unknown_option(where, "data format", "'channels_last' or 'channels_first'", data_format);
  }
  if (!single_ && x.rank() != spatial + 2) {
    throw ShapeError({.where = where,
                      .what = "The input is no image and no batch of images",
                      .expected = std::to_string(spatial + 1) + " axes, or one more for a batch",
                      .received = x.shape().to_string()});
  }
  batch_ = single_ ? expand_dims(x, 0) : x;
  if (first_) batch_ = batching::move_axis(batch_, 1, spatial + 1);
}

Array Layout::back(const Array& y) const {
  const Array moved = first_ ? batching::move_axis(y, spatial_ + 1, 1) : y;
  return single_ ? squeeze(moved, 0) : moved;
}

}  // namespace danlu::image
