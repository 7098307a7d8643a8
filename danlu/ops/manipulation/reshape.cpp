#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer_reshape(const InferContext& c) {
  const Shape& from = c.inputs[0].shape;
  const Shape& to = c.attrs_as<ShapeAttrs>().shape;
  if (from.num_elements() != to.num_elements() || !to.is_known()) {
    throw ShapeError(
        {.where = c.where(),
         .what = "The new shape has another number of elements",
         .expected = std::to_string(from.num_elements()) + " elements, as in " + from.to_string(),
         .received = to.to_string()});
  }
  return {{to, c.inputs[0].dtype}};
}

std::vector<OpSample> reshape_samples() {
  const auto sample = [](std::string label, Shape from, Shape to, DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{from, dtype}},
                    .attrs = make_attrs(ShapeAttrs{to}),
                    .differentiable = dtype == DType::float32};
  };
  return {sample("flatten", {3, 4, 5}, {60}), sample("split", {12}, {3, 4}),
          sample("scalar", {1, 1}, {}), sample("empty", {0, 3}, {3, 0, 2}),
          sample("bool", {2, 3}, {6}, DType::bool_)};
}

}  // namespace

const OpDef& reshape_op() {
  static const OpDef op{
      .name = "reshape",
      .infer = infer_reshape,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        return {reshape(c.output_grads[0], c.inputs[0].shape())};
      },
      .batch = [](const BatchContext& c) -> std::vector<Array> {
        return {reshape(c.inputs[0], batching::batched_shape(c))};
      },
      .samples = reshape_samples,
      .doc = "The same elements, row-major, in another shape.",
  };
  return op;
}

namespace {

/// `shape` with its −1 worked out.
Shape resolved(const Array& x, const Shape& shape) {
  std::vector<int64_t> dims = shape.to_vector();
  int64_t known = 1;
  int64_t* unknown = nullptr;
  for (int64_t& d : dims) {
    if (d == -1 && unknown == nullptr) {
      unknown = &d;
    } else if (d < 0) {
      throw ShapeError({.where = "reshape",
                        .what = "The new shape cannot be used",
                        .expected = "dimensions of 0 or more, and at most one −1",
                        .received = std::to_string(d) + " among its dimensions"});
    } else {
      known *= d;
    }
  }
  if (unknown != nullptr) {
    if (known == 0 || x.size() % known != 0) {
      throw ShapeError({.where = "reshape",
                        .what = "The dimension −1 has no solution",
                        .expected = "known dimensions whose product divides " +
                                    std::to_string(x.size()) + ", the number of elements of " +
                                    x.shape().to_string(),
                        .received = std::to_string(known)});
    }
    *unknown = x.size() / known;
  }
  return Shape(dims);
}

}  // namespace

Array reshape(const Array& x, const Shape& shape) {
  const Shape to = resolved(x, shape);
  if (x.shape() == to) return x;
  return make_op(reshape_op(), {x}, make_attrs(ShapeAttrs{to}));
}

Array expand_dims(const Array& x, int64_t axis) {
  const int at = normalize_axis(axis, x.rank() + 1, "expand_dims");
  return reshape(x, x.shape().with_axis_inserted(at, 1));
}

Array squeeze(const Array& x, std::optional<int64_t> axis) {
  if (axis) {
    const int at = normalize_axis(*axis, x.rank(), "squeeze");
    if (x.shape()[at] != 1) {
      throw ShapeError({.where = "squeeze",
                        .what = "The axis cannot be dropped",
                        .expected = "length 1 along axis " + std::to_string(*axis),
                        .received = x.shape().to_string()});
    }
    return reshape(x, x.shape().without_axis(at));
  }
  std::vector<int64_t> dims;
  for (int64_t d : x.shape().dims()) {
    if (d != 1) dims.push_back(d);
  }
  return reshape(x, Shape(dims));
}

Array expand_dims(const Array& x, const std::vector<int64_t>& axis) {
  const int rank = x.rank() + static_cast<int>(axis.size());
  std::vector<int64_t> dims(static_cast<size_t>(rank), 0);
  for (int64_t a : axis) {
    int64_t& length = dims[static_cast<size_t>(normalize_axis(a, rank, "expand_dims"))];
    if (length == 1) {
      throw ShapeError({.where = "expand_dims",
                        .what = "An axis is given twice",
                        .expected = "distinct axes",
                        .received = std::to_string(a)});
    }
    length = 1;
  }
  std::vector<bool> fresh(dims.begin(), dims.end());
  int next = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!fresh[i]) dims[i] = x.shape()[next++];
  }
  return reshape(x, Shape(dims));
}

Array squeeze(const Array& x, const std::vector<int64_t>& axis) {
  std::vector<int64_t> axes;
  for (int64_t a : axis) axes.push_back(normalize_axis(a, x.rank(), "squeeze"));
  std::sort(axes.rbegin(), axes.rend());
  Array result = x;
  for (int64_t a : axes) result = squeeze(result, a);
  return result;
}

}  // namespace danlu
