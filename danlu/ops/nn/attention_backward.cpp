#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn/attention_record.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

constexpr size_t kOptional = 6;

std::vector<TensorSpec> infer(const InferContext& c) {
  attention::check_inputs(c, kOptional);
  const TensorSpec &q = c.inputs[0], &k = c.inputs[1];
  const TensorSpec row{attention::row_shape(q.shape), attention::sum_dtype(q.dtype)};
  const TensorSpec expected[] = {q, row, row};
  for (size_t i = 0; i < 3; ++i) {
    if (c.inputs[3 + i].dtype != expected[i].dtype) {
      throw DTypeError({.where = c.where(),
                        .what = "Input " + std::to_string(3 + i) + " has the wrong dtype",
                        .expected = expected[i].to_string(),
                        .received = c.inputs[3 + i].to_string()});
    }
    if (c.inputs[3 + i].shape != expected[i].shape) {
      throw ShapeError({.where = c.where(),
                        .what = "Input " + std::to_string(3 + i) + " has the wrong shape",
                        .expected = expected[i].to_string(),
                        .received = c.inputs[3 + i].to_string()});
    }
  }
  std::vector<TensorSpec> outputs = {q, k, k};
  if (c.attrs_as<AttentionAttrs>().bias_gradient) {
    outputs.push_back({attention::logits_shape(q.shape, k.shape), q.dtype});
  }
  return outputs;
}

/// With all probabilities stored: what derivatives of second order, and forward mode, go through.
std::vector<Array> decompose(const Attrs* all, std::span<const Array> given) {
  const auto& attrs = attrs_as<AttentionAttrs>(all);
  const DType dtype = given[0].dtype(), wide = attention::sum_dtype(dtype);
  std::vector<Array> inputs;
  for (const Array& x : given) inputs.push_back(is_floating(x.dtype()) ? cast(x, wide) : x);
  const int64_t kv_heads = inputs[1].shape()[2], sources = inputs[1].shape()[1];
  const auto split = [&](size_t i) { return attention::split_heads(inputs[i], kv_heads); };
  const auto [logits, allowed] = attention::logits(attrs, inputs, kOptional);
  const Array lse = attention::split_rows(inputs[4], kv_heads);
  const Array delta = attention::split_rows(inputs[5], kv_heads);
  // A query whose keys are all masked takes the mean.
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const Array none = equal(lse, -kInf);
  const Array counted = allowed.defined() ? where(allowed, logits, -kInf) : logits;
  const Array p =
      where(none, 1.0 / static_cast<double>(sources), exp(counted - where(none, 0.0, lse)));
  const Array dp = matmul(split(3), split(2), {.transpose_b = true});
  const Array ds = where(none, 0.0, p * (dp - delta));
  const auto over_groups = [&](const Array& factor, const Array& x) {
    const Array products = matmul(factor, x, {.transpose_a = true});
    return cast(attention::join_heads(sum(products, {2}, true)), dtype);
  };
  std::vector<Array> grads = {
      cast(attention::join_heads(matmul(ds, split(1)) * attrs.scale), dtype),
      over_groups(ds * attrs.scale, split(0)), over_groups(p, split(3))};
  if (attrs.bias_gradient) {
    grads.push_back(
        cast(reshape(ds, attention::logits_shape(given[0].shape(), given[1].shape())), dtype));
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const attention::Case& each : attention::cases()) {
    const TensorSpec query{each.query(), DType::float32}, key{each.key(), DType::float32};
    const TensorSpec row{attention::row_shape(query.shape), DType::float32};
    AttentionAttrs attrs = each.attrs();
    attrs.bias_gradient = attrs.bias;
    OpSample sample =
        each.finished({.inputs = {query, key, key, query, row, row}, .attrs = make_attrs(attrs)});
    sample.tolerance = 1e-5;
    list.push_back(std::move(sample));
  }
  return list;
}

}  // namespace

const OpDef& attention_backward_op() {
  static const OpDef op{
      .name = "attention_backward",
      .num_inputs = -1,
      .infer = infer,
      .decompose = decompose,
      .batch = [](const BatchContext& c) { return attention::batch(c, kOptional); },
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return attention::flops(attrs_as<AttentionAttrs>(attrs), in[0].shape, in[1].shape, 5);
          },
      .samples = samples,
      .doc =
          "Gradients of attention's query, key, value and, if asked for, bias (before the sum "
          "over what it was broadcast to), from that of the result, the log-sum-exp and delta = "
          "Σ grad · result per query.",
  };
  return op;
}

}  // namespace danlu
