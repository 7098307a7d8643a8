#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {

Array cdist(const Array& x, const Array& y) {
  if (x.rank() < 2 || y.rank() < 2 || x.shape()[-1] != y.shape()[-1]) {
    throw ShapeError({.where = "cdist",
                      .what = "The inputs are no sets of points of one space",
                      .expected = "(…, m, d) and (…, n, d)",
                      .received = x.shape().to_string() + " and " + y.shape().to_string()});
  }
  const auto [a, b] = elementwise::promoted_float(x, y);
  return sqrt(sum(square(expand_dims(a, -2) - expand_dims(b, -3)), {-1}));
}

Array extract_sequences(const Array& x, int64_t sequence_length, int64_t sequence_stride) {
  const int64_t n = x.rank() == 0 ? 0 : x.shape()[-1];
  if (sequence_length < 1 || sequence_stride < 1 || n < sequence_length) {
    throw ShapeError(
        {.where = "extract_sequences",
         .what = "The signal holds no such sequence",
         .expected = "length and stride of 1 or more, a signal of that length at least",
         .received = x.shape().to_string() + ", length " + std::to_string(sequence_length) +
                     ", stride " + std::to_string(sequence_stride)});
  }
  const int64_t count = (n - sequence_length) / sequence_stride + 1;
  const Array first = expand_dims(arange(0, count) * sequence_stride, 1);
  return take(x, first + expand_dims(arange(0, sequence_length), 0), -1);
}

}  // namespace danlu
