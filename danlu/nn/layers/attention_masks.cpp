#include "danlu/nn/layers/attention_masks.h"

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

bool fits(int64_t a, int64_t b) { return a == b || a == Shape::kUnknown || b == Shape::kUnknown; }

Array steps(int64_t count, const Shape& shape) {
  return reshape(arange(int64_t{0}, count, int64_t{1}, DType::int32), shape);
}

}  // namespace

void check_query_value_key(const std::vector<Shape>& inputs) {
  std::string received;
  for (const Shape& shape : inputs) received += (received.empty() ? "" : ", ") + shape.to_string();
  if (inputs.size() < 2 || inputs.size() > 3) {
    throw ValueError({.what = "Attention is paid by a query to values",
                      .expected = "2 or 3 inputs: {query, value} or {query, value, key}",
                      .received = std::to_string(inputs.size()) + " inputs: " + received});
  }
  const Shape &query = inputs[0], &value = inputs[1], &key = inputs.back();
  const bool ranks =
      query.rank() >= 3 && value.rank() == query.rank() && key.rank() == value.rank();
  bool equal = ranks;
  for (int axis = 1; ranks && axis + 1 < value.rank(); ++axis)
    equal &= fits(value[axis], key[axis]);
  if (equal && fits(query[0], value[0]) && fits(value[0], key[0])) return;
  throw ShapeError({.what = "Query, value and key do not fit each other",
                    .expected = "(batch, T, …), (batch, S, …) and (batch, S, …)",
                    .received = received});
}

Array both(const Array& a, const Array& b) {
  if (!a.defined()) return b;
  return b.defined() ? logical_and(a, b) : a;
}

Array causal_mask(int64_t queries, int64_t keys) {
  return steps(queries, {1, queries, 1}) >= steps(keys, {1, 1, keys});
}

Array sliding_window_mask(int64_t queries, int64_t keys, int64_t window) {
  return abs(steps(queries, {1, queries, 1}) - steps(keys, {1, 1, keys})) < window;
}

}  // namespace danlu
