#include <cmath>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/sorting/sorting_record.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  sorting::require_order(c);
  const TensorSpec& x = c.inputs[0];
  const int64_t k = c.attrs_as<TopKAttrs>().k;
  if (x.shape.rank() == 0 || k < 0 || k > x.shape[-1]) {
    throw ShapeError({.where = c.where(),
                      .what = "There are not that many elements in a row",
                      .expected = "k from 0 to the length of the last axis",
                      .received = "k = " + std::to_string(k) + ", input " + x.to_string()});
  }
  sorting::require_int32_length(c, x.shape[-1]);
  const Shape shape = x.shape.with_dim(x.shape.rank() - 1, k);
  return {{shape, x.dtype}, {shape, DType::int32}};
}

std::vector<Array> vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array()};
  return {put_along_axis(zeros(c.inputs[0].shape(), c.output_grads[0].dtype()), c.outputs[1],
                         c.output_grads[0], -1, "add")};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, int64_t k, DType dtype = DType::float32) {
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, dtype}},
                    .attrs = make_attrs(TopKAttrs{k}),
                    .low = dtype == DType::float32 ? -2.0 : 0.0,
                    .high = dtype == DType::float32 ? 2.0 : 100.0,
                    .tolerance = 0,
                    .differentiable = dtype == DType::float32};
  };
  std::vector<OpSample> list = {sample("rows", {5, 33}, 4),
                                sample("vector", {70}, 7),
                                sample("all", {3, 9}, 9),
                                sample("one", {2, 3, 8}, 1),
                                sample("none", {4, 5}, 0),
                                sample("no rows", {0, 5}, 2),
                                sample("long", {4000}, 5),
                                sample("int32", {2, 50}, 6, DType::int32),
                                sample("int64", {50}, 6, DType::int64)};
  list[6].differentiable = false;
  OpSample ties = sample("ties", {4, 60}, 30);
  ties.fill = sorting::fill_ties;
  ties.differentiable = false;
  list.push_back(std::move(ties));
  return list;
}

}  // namespace

const OpDef& top_k_op() {
  static const OpDef op{
      .name = "top_k",
      .infer = infer,
      .vjp = vjp,
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return 2.0 * static_cast<double>(in[0].shape.num_elements()) +
                   30.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .samples = samples,
      .doc = "The k greatest elements of each row in descending order, and their indices.",
  };
  return op;
}

std::pair<Array, Array> top_k(const Array& x, int64_t k) {
  const auto outputs = make_op_outputs(top_k_op(), std::span(&x, 1), make_attrs(TopKAttrs{k}));
  return {outputs[0], outputs[1]};
}

Array in_top_k(const Array& targets, const Array& predictions, int64_t k) {
  if (predictions.rank() == 0 || targets.shape() != predictions.shape().without_axis(-1)) {
    throw ShapeError(
        {.where = "in_top_k",
         .what = "The targets do not fit the predictions",
         .expected = "targets (…) and predictions (…, classes)",
         .received = targets.shape().to_string() + " and " + predictions.shape().to_string()});
  }
  constexpr double kInf = std::numeric_limits<double>::infinity();
  Array own = take_along_axis(predictions, expand_dims(targets, -1), -1);
  if (is_floating(own.dtype())) own = where(isnan(own), -kInf, own);
  return sum(cast(predictions > own, DType::int32), {-1}) < Array::scalar(double(k), DType::int64);
}

}  // namespace danlu
