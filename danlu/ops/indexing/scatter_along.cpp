#include <array>
#include <string_view>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/enumerator.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/indexing/indexing_attrs.h"
#include "danlu/ops/indexing/indexing_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

constexpr std::array<std::string_view, 5> kModes = {"set", "add", "max", "min", "mul"};

std::vector<TensorSpec> infer(const InferContext& c) {
  indexing::require_integer_indices(c, 1);
  const auto& [axis, size, mode] = c.attrs_as<ScatterAttrs>();
  const TensorSpec& x = c.inputs[0];
  if (axis < 0 || axis >= x.shape.rank() || size != x.shape[static_cast<int>(axis)]) {
    throw ShapeError({.where = c.where(),
                      .what = "The attributes do not fit the input",
                      .expected = "axis and size of an axis of " + x.shape.to_string(),
                      .received = c.attrs->to_string()});
  }
  require_enumerator(c, "mode", mode, ScatterMode::mul);
  const Shape expected = indexing::taken_shape(x.shape, c.inputs[1].shape, static_cast<int>(axis));
  if (c.inputs[2].shape != expected) {
    throw ShapeError({.where = c.where(),
                      .what = "The updates do not fit the indices and the input",
                      .expected = "updates of shape " + expected.to_string(),
                      .received = c.inputs[2].shape.to_string()});
  }
  const bool orders = mode == ScatterMode::max || mode == ScatterMode::min;
  if (c.inputs[2].dtype != x.dtype || (x.dtype == DType::bool_ && mode != ScatterMode::set) ||
      (is_complex(x.dtype) && orders)) {
    throw DTypeError(
        {.where = c.where(),
         .what = "The dtypes do not fit",
         .expected = "updates of the input's dtype; numbers, unless they are set; real ones for "
                     "max and min",
         .received = x.to_string() + " and " + c.inputs[2].to_string()});
  }
  return {x};
}

/// What the derivatives of all modes read.
struct Parts {
  const Array &x, &indices, &updates, &out, &g;
  int64_t axis;

  explicit Parts(const GradContext& c)
      : x(c.inputs[0]),
        indices(c.inputs[1]),
        updates(c.inputs[2]),
        out(c.outputs[0]),
        g(c.output_grads[0]),
        axis(c.attrs_as<ScatterAttrs>().axis) {}

  Array taken(const Array& from) const { return take(from, indices, axis); }
  /// How many updates of each element `hits` (bool), plus `own` (bool).
  Array count(const Array& own, const Array& hits) const {
    return cast(own, g.dtype()) + scatter_add(cast(hits, g.dtype()), indices, x.shape(), axis);
  }
};

/// Which updates stay: of equal indices, the last.
Array last_of_equals(const Parts& p) {
  const int64_t count = p.indices.size();
  const Array ids = reshape(arange(0, count), p.indices.shape());
  const Array last = scatter_along(
      zeros(Shape{p.x.shape()[static_cast<int>(p.axis)]}, DType::int64), p.indices, ids, 0);
  // (i…) stands at `axis` of the updates: axes behind it follow as ones.
  std::vector<int64_t> dims = p.indices.shape().to_vector();
  dims.resize(dims.size() + static_cast<size_t>(p.x.rank() - 1 - p.axis), 1);
  return reshape(equal(take(last, p.indices), ids), Shape(dims));
}

std::pair<Array, Array> vjp_set(const Parts& p) {
  const Array zero = Array::scalar(0, p.g.dtype());
  return {scatter_along(p.g, p.indices, broadcast_to(zero, p.updates.shape()), p.axis),
          where(last_of_equals(p), p.taken(p.g), zero)};
}

/// Ties share the gradient.
std::pair<Array, Array> vjp_extremum(const Parts& p) {
  const Array own = equal(p.x, p.out), hits = equal(p.updates, p.taken(p.out));
  const Array share = p.g / p.count(own, hits);
  const Array zero = Array::scalar(0, p.g.dtype());
  return {where(own, share, zero), where(hits, p.taken(share), zero)};
}

/// Each factor's gradient is the product of the others, also where one of them is 0.
std::pair<Array, Array> vjp_mul(const Parts& p) {
  const Array zero = Array::scalar(0, p.g.dtype()), one = Array::scalar(1, p.g.dtype());
  const Array own_zero = equal(p.x, zero), update_zero = equal(p.updates, zero);
  const Array zeros = p.count(own_zero, update_zero);
  const Array x = where(own_zero, one, p.x), updates = where(update_zero, one, p.updates);
  const Array product = scatter_along(x, p.indices, updates, p.axis, "mul");
  const auto others = [&](const Array& all, const Array& number, const Array& is_zero,
                          const Array& factor) {
    return where(is_zero, where(equal(number, one), all, zero),
                 where(equal(number, zero), all / factor, zero));
  };
  return {p.g * others(product, zeros, own_zero, x),
          p.taken(p.g) * others(p.taken(product), p.taken(zeros), update_zero, updates)};
}

std::vector<Array> vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array(), Array(), Array()};
  const Parts parts(c);
  std::pair<Array, Array> grads;
  switch (c.attrs_as<ScatterAttrs>().mode) {
    case ScatterMode::set:
      grads = vjp_set(parts);
      break;
    case ScatterMode::add:
      grads = {parts.g, parts.taken(parts.g)};
      break;
    case ScatterMode::max:
    case ScatterMode::min:
      grads = vjp_extremum(parts);
      break;
    case ScatterMode::mul:
      grads = vjp_mul(parts);
      break;
  }
  return {grads.first, Array(), grads.second};
}

std::vector<Array> batch(const BatchContext& c) {
  const auto [axis, size, mode] = c.attrs_as<ScatterAttrs>();
  const Array x = batching::batched_input(c, 0);
  Array updates = batching::batched_input(c, 2);
  const Array& indices = c.inputs[1];
  if (!c.batched[1]) {
    return batching::call(*c.op, {x, indices, updates}, ScatterAttrs{axis + 1, size, mode});
  }
  // (batch, before, indices, after) → (batch, indices, before, after)
  for (int64_t i = 0; i < axis; ++i) {
    updates = batching::move_axis(updates, 1, indices.rank() + axis - 1);
  }
  const Array rows = batching::merge_front(batching::move_axis(x, axis + 1, 1));
  const auto changed =
      batching::call(*c.op, {rows, indexing::indices_for_all(indices, size, c.size), updates},
                     ScatterAttrs{0, c.size * size, mode});
  return {batching::move_axis(batching::split_front(changed[0], c.size), 1, axis + 1)};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (size_t mode = 0; mode < kModes.size(); ++mode) {
    const auto add = [&](std::string label, Shape shape, Shape indices, int64_t axis,
                         DType dtype = DType::float32) {
      const auto at = static_cast<int>(axis);
      list.push_back(
          {.label = std::string(kModes[mode]) + ", " + std::move(label),
           .inputs = {{shape, dtype},
                      {indices, DType::int32},
                      {indexing::taken_shape(shape, indices, at), dtype}},
           .attrs = make_attrs(ScatterAttrs{axis, shape[at], static_cast<ScatterMode>(mode)}),
           .differentiable = dtype == DType::float32,
           .fill = [fill = indexing::index_fill(shape[at])](int index, std::span<double> values) {
             fill(index, values);
             // No factor is 0 and no two numbers are equal.
             if (index == 1) return;
             for (size_t i = 0; i < values.size(); ++i) {
               const auto k = static_cast<double>((i * 17 + static_cast<size_t>(index) * 5) % 53);
               values[i] = (i % 2 == 0 ? 1 : -1) * (0.5 + k / 41 + index * 0.0078125);
             }
           }});
    };
    add("rows", {7, 5}, {4}, 0);
    add("columns", {3, 5}, {8}, 1);
    add("matrix of rows", {6, 3}, {2, 4}, 0);
    add("vector", {4}, {9}, 0);
    add("no indices", {4, 2}, {0}, 0);
    add("int32", {4, 2}, {5}, 0, DType::int32);
  }
  return list;
}

}  // namespace

const OpDef& scatter_along_op() {
  static const OpDef op{
      .name = "scatter_along",
      .num_inputs = 3,
      .infer = infer,
      .vjp = vjp,
      .batch = batch,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return static_cast<double>(in[2].shape.num_elements());
          },
      .fault_text =
          [](const Attrs* attrs, int64_t value) {
            return indexing::range_text(attrs_as<ScatterAttrs>(attrs).size, value);
          },
      .samples = samples,
      .doc = "The input with its rows at the indices replaced by, or combined with, the updates.",
  };
  return op;
}

Array scatter_along(const Array& x, const Array& indices, const Array& updates, int64_t axis,
                    const std::string& mode) {
  const int at = normalize_axis(axis, x.rank(), "scatter_along");
  size_t found = 0;
  while (found < kModes.size() && kModes[found] != mode) ++found;
  if (found == kModes.size()) {
    throw ValueError({.where = "scatter_along",
                      .what = "There is no such mode",
                      .expected = "'set', 'add', 'max', 'min' or 'mul'",
                      .received = "'" + mode + "'"});
  }
  const Shape part = indexing::taken_shape(x.shape(), indices.shape(), at);
  return make_op(scatter_along_op(), {x, indices, broadcast_to(cast(updates, x.dtype()), part)},
                 make_attrs(ScatterAttrs{at, x.shape()[at], static_cast<ScatterMode>(found)}));
}

}  // namespace danlu
