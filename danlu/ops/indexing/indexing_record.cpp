#include "danlu/ops/indexing/indexing_record.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu::indexing {

void require_integer_indices(const InferContext& c, int input) {
  if (!is_integer(c.inputs[static_cast<size_t>(input)].dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The indices are no integers",
                      .expected = "an integer dtype",
                      .received = c.inputs[static_cast<size_t>(input)].to_string(),
                      .hint = "cast(indices, DType::int32)"});
  }
}

std::string range_text(int64_t size, int64_t value) {
  return "An index is out of range. Expected an index from " + std::to_string(-size) + " to " +
         std::to_string(size - 1) + ". Received " + std::to_string(value) + ".";
}

Shape taken_shape(const Shape& shape, const Shape& indices, int axis) {
  std::vector<int64_t> dims(shape.begin(), shape.begin() + axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), shape.begin() + axis + 1, shape.end());
  return Shape(dims);
}

Array indices_for_all(const Array& indices, int64_t size, int64_t batch) {
  const Array wide = cast(indices, DType::int64);
  const Array wrapped = where(wide < 0, wide + size, wide);
  std::vector<int64_t> column(static_cast<size_t>(indices.rank()), 1);
  column[0] = batch;
  const Array offsets = reshape(arange(0, batch * size, size), Shape(column));
  const Array good = wide >= -size && wide < size;
  return where(good, wrapped + offsets, wide + where(wide < 0, -batch * size, batch * size));
}

std::function<void(int, std::span<double>)> index_fill(int64_t size) {
  return [size](int index, std::span<double> values) {
    for (size_t i = 0; i < values.size(); ++i) {
      const auto n = static_cast<int64_t>(i);
      values[i] = index == 1 ? static_cast<double>(n * 5 % (2 * size) - size)
                             : 0.25 * static_cast<double>((n + index) % 29) - 3;
    }
  };
}

}  // namespace danlu::indexing
