#include "danlu/ops/attention.h"

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/attention_record.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

constexpr size_t kOptional = 3;

std::vector<TensorSpec> infer(const InferContext& c) {
  attention::check_inputs(c, kOptional);
  const TensorSpec& q = c.inputs[0];
  return {q, {attention::row_shape(q.shape), attention::sum_dtype(q.dtype)}};
}

std::vector<Array> vjp(const GradContext& c) {
  AttentionAttrs attrs = c.attrs_as<AttentionAttrs>();
  attrs.bias_gradient = attrs.bias && c.needs_grad[kOptional];
  const Array& result = c.outputs[0];
  const Array grad = c.output_grads[0].defined() ? c.output_grads[0] : zeros_like(result);
  const DType wide = c.outputs[1].dtype();
  Array delta = sum(cast(grad, wide) * cast(result, wide), {-1});
  if (c.output_grads[1].defined()) delta = delta - c.output_grads[1];
  std::vector<Array> inputs = {c.inputs[0], c.inputs[1], c.inputs[2], grad, c.outputs[1], delta};
  inputs.insert(inputs.end(), c.inputs.begin() + kOptional, c.inputs.end());
  const auto backward = make_op_outputs(attention_backward_op(), inputs, make_attrs(attrs));
  std::vector<Array> grads(c.inputs.size());
  std::copy_n(backward.begin(), kOptional, grads.begin());
  if (attrs.bias_gradient) {
    const Shape& shape = c.inputs[kOptional].shape();
    std::vector<int64_t> repeated;
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] != backward[kOptional].shape()[i]) repeated.push_back(i);
    }
    grads[kOptional] = backward[kOptional];
    if (!repeated.empty()) grads[kOptional] = sum(grads[kOptional], repeated, true);
  }
  return grads;
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const attention::Case& each : attention::cases()) {
    const TensorSpec key{each.key(), DType::float32};
    list.push_back(each.finished(
        {.inputs = {{each.query(), DType::float32}, key, key}, .attrs = make_attrs(each.attrs())}));
  }
  return list;
}

/// With all probabilities stored. Masked logits are a large negative number, as in JAX, so that a
/// row without any other gives the mean.
Array stored_attention(const AttentionAttrs& attrs, std::vector<Array> inputs) {
  const DType dtype = inputs[0].dtype(), wide = attention::sum_dtype(dtype);
  for (Array& x : inputs) {
    if (is_floating(x.dtype())) x = cast(x, wide);
  }
  auto [values, allowed] = attention::logits(attrs, inputs, kOptional);
  const double low = 0.7 * elementwise::range_of(DType::float32).first;
  if (allowed.defined()) values = where(allowed, values, low);
  const Array value = attention::split_heads(inputs[2], inputs[2].shape()[2]);
  return cast(attention::join_heads(matmul(softmax(values), value)), dtype);
}

Array with_rank_four(const char* what, const Array& x) {
  if (x.rank() > 4) {
    throw ShapeError({.where = "dot_product_attention",
                      .what = std::string("The ") + what + " has too many axes",
                      .expected = "a shape that broadcasts to (batch, heads, queries, keys)",
                      .received = x.shape().to_string()});
  }
  std::vector<int64_t> dims = x.shape().to_vector();
  dims.insert(dims.begin(), static_cast<size_t>(4 - x.rank()), 1);
  return reshape(x, Shape(dims));
}

}  // namespace

const OpDef& attention_op() {
  static const OpDef op{
      .name = "attention",
      .num_inputs = -1,
      .infer = infer,
      .vjp = vjp,
      .batch = [](const BatchContext& c) { return attention::batch(c, kOptional); },
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return attention::flops(attrs_as<AttentionAttrs>(attrs), in[0].shape, in[1].shape, 2);
          },
      .samples = samples,
      .doc =
          "softmax(query · keyᵀ · scale + bias) · value per head, and the log of each sum of "
          "exponentials; −∞ where all keys are masked.",
  };
  return op;
}

Array dot_product_attention(const Array& query, const Array& key, const Array& value,
                            const DotProductAttentionOptions& options) {
  if (options.attn_logits_soft_cap) {
    throw ValueError({.where = "dot_product_attention",
                      .what = "attn_logits_soft_cap is only for TPUs",
                      .expected = "no attn_logits_soft_cap",
                      .received = std::to_string(*options.attn_logits_soft_cap)});
  }
  Array q = query, k = key, v = value;
  std::tie(q, k) = elementwise::promoted_float(q, k);
  std::tie(q, v) = elementwise::promoted_float(q, v);
  k = cast(k, q.dtype());
  std::vector<Array> inputs = {q, k, v};
  AttentionAttrs attrs{.causal = options.is_causal,
                       .bias = options.bias.has_value(),
                       .mask = options.mask.has_value()};
  if (options.bias) inputs.push_back(cast(with_rank_four("bias", *options.bias), q.dtype()));
  if (options.mask) inputs.push_back(cast(with_rank_four("mask", *options.mask), DType::bool_));
  const double width = q.rank() == 4 ? static_cast<double>(q.shape()[3]) : 1;
  attrs.scale = options.scale.value_or(1 / std::sqrt(width));
  const auto results = make_op_outputs(attention_op(), inputs, make_attrs(attrs));  // infer checks
  return options.flash_attention.value_or(true) ? results[0] : stored_attention(attrs, inputs);
}

}  // namespace danlu
