#include "danlu/ops/nn/attention_record.h"

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu::attention {
namespace {

void require(const InferContext& c, bool fits, const char* what, const std::string& expected,
             const TensorSpec& received) {
  if (fits) return;
  throw ShapeError(
      {.where = c.where(), .what = what, .expected = expected, .received = received.to_string()});
}

bool broadcasts_to(const Shape& shape, const Shape& wide) {
  if (shape.rank() != wide.rank()) return false;
  for (int i = 0; i < wide.rank(); ++i) {
    if (shape[i] != wide[i] && shape[i] != 1) return false;
  }
  return true;
}

}  // namespace

void check_inputs(const InferContext& c, size_t optional) {
  const auto& attrs = c.attrs_as<AttentionAttrs>();
  const size_t count = optional + (attrs.bias ? 1 : 0) + (attrs.mask ? 1 : 0);
  if (c.inputs.size() != count) {
    throw ValueError({.where = c.where(),
                      .what = "The op has the wrong number of inputs",
                      .expected = std::to_string(count),
                      .received = std::to_string(c.inputs.size())});
  }
  const TensorSpec &q = c.inputs[0], &k = c.inputs[1], &v = c.inputs[2];
  if (!is_floating(q.dtype) || k.dtype != q.dtype || v.dtype != q.dtype) {
    throw DTypeError({.where = c.where(),
                      .what = "Attention needs one floating dtype",
                      .expected = "query, key and value of the same floating dtype",
                      .received = q.to_string() + ", " + k.to_string() + ", " + v.to_string()});
  }
  require(c, q.shape.rank() == 4, "The query has the wrong rank", "(batch, length, heads, width)",
          q);
  require(c, q.shape[3] > 0, "The heads have no width", "a last axis of 1 or more", q);
  const bool fits = k.shape.rank() == 4 && k.shape[0] == q.shape[0] && k.shape[3] == q.shape[3];
  require(c, fits, "The key does not fit the query",
          "(" + std::to_string(q.shape[0]) + ", length, heads, " + std::to_string(q.shape[3]) + ")",
          k);
  require(c, k.shape[1] > 0, "There are no keys to attend to", "a length of 1 or more", k);
  require(c, k.shape[2] > 0 && q.shape[2] % k.shape[2] == 0,
          "The heads of the query cannot be shared out to those of the key",
          "a number of heads that divides " + std::to_string(q.shape[2]), k);
  require(c, v.shape == k.shape, "The value does not fit the key", k.shape.to_string(), v);
  const Shape wide = logits_shape(q.shape, k.shape);
  if (attrs.bias) {
    const TensorSpec& bias = c.inputs[optional++];
    require(c, broadcasts_to(bias.shape, wide), "The bias does not fit the logits",
            "a shape that broadcasts to " + wide.to_string(), bias);
    if (bias.dtype != q.dtype) {
      throw DTypeError({.where = c.where(),
                        .what = "The bias has another dtype than the query",
                        .expected = std::string(name(q.dtype)),
                        .received = bias.to_string()});
    }
  }
  if (attrs.mask) {
    const TensorSpec& mask = c.inputs[optional];
    require(c, broadcasts_to(mask.shape, wide), "The mask does not fit the logits",
            "a shape that broadcasts to " + wide.to_string(), mask);
    if (mask.dtype != DType::bool_) {
      throw DTypeError({.where = c.where(),
                        .what = "The mask has the wrong dtype",
                        .expected = "bool",
                        .received = mask.to_string()});
    }
  }
}

DType sum_dtype(DType dtype) { return dtype == DType::float64 ? dtype : DType::float32; }

Shape row_shape(const Shape& query) { return query.without_axis(-1); }

Shape logits_shape(const Shape& q, const Shape& k) { return {q[0], q[2], q[1], k[1]}; }

Array split_heads(const Array& x, int64_t kv_heads) {
  const Shape& s = x.shape();
  return transpose(reshape(x, {s[0], s[1], kv_heads, s[2] / kv_heads, s[3]}), {0, 2, 3, 1, 4});
}

Array join_heads(const Array& x) {
  const Shape& s = x.shape();
  return reshape(transpose(x, {0, 3, 1, 2, 4}), {s[0], s[3], s[1] * s[2], s[4]});
}

Array split_rows(const Array& x, int64_t kv_heads) {
  return split_heads(expand_dims(x, -1), kv_heads);
}

Array split_logits(const Array& x, int64_t heads, int64_t kv_heads) {
  const Shape& s = x.shape();
  const bool all = s[1] == heads;
  return reshape(x, {s[0], all ? kv_heads : 1, all ? heads / kv_heads : 1, s[2], s[3]});
}

Logits logits(const AttentionAttrs& attrs, std::span<const Array> inputs, size_t optional) {
  const Array &q = inputs[0], &k = inputs[1];
  const int64_t heads = q.shape()[2], kv_heads = k.shape()[2];
  Logits result;
  result.values =
      matmul(split_heads(q, kv_heads), split_heads(k, kv_heads), {.transpose_b = true}) *
      attrs.scale;
  if (attrs.bias) {
    result.values = result.values + split_logits(inputs[optional++], heads, kv_heads);
  }
  if (attrs.mask) result.allowed = split_logits(inputs[optional], heads, kv_heads);
  if (attrs.causal) {
    const Array causal = tri(q.shape()[1], k.shape()[1], 0, DType::bool_);
    result.allowed = result.allowed.defined() ? result.allowed && causal : causal;
  }
  return result;
}

std::vector<Array> batch(const BatchContext& c, size_t optional) {
  const int64_t element_batch = c.outputs[0].shape[0];
  std::vector<Array> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const bool repeats = i >= optional && c.inputs[i].shape()[c.batched[i] ? 1 : 0] == 1;
    if (repeats && !c.batched[i]) {
      inputs.push_back(c.inputs[i]);
      continue;
    }
    Array x = batching::batched_input(c, i);
    if (repeats) x = broadcast_to(x, x.shape().with_dim(1, element_batch));
    inputs.push_back(batching::merge_front(x));
  }
  std::vector<Array> outputs = make_op_outputs(*c.op, inputs, c.attrs);
  for (Array& output : outputs) output = batching::split_front(output, c.size);
  return outputs;
}

double flops(const AttentionAttrs& attrs, const Shape& q, const Shape& k, double products) {
  const double work =
      2 * products * static_cast<double>(q.num_elements()) * static_cast<double>(k[1]);
  return attrs.causal ? work / 2 : work;
}

AttentionAttrs Case::attrs() const {
  return {.scale = 1 / std::sqrt(static_cast<double>(width)),
          .causal = causal,
          .bias = bias.rank() > 0,
          .mask = mask.rank() > 0};
}

OpSample Case::finished(OpSample sample) const {
  sample.label = label;
  sample.tolerance = 4e-6;
  sample.differentiable = differentiable;
  if (bias.rank() > 0) sample.inputs.push_back({bias, DType::float32});
  if (mask.rank() > 0) {
    const auto at = static_cast<int>(sample.inputs.size());
    sample.inputs.push_back({mask, DType::bool_});
    sample.fill = [at](int index, std::span<double> values) {
      for (size_t i = 0; index == at && i < values.size(); ++i) values[i] = i * 7 % 5 != 0;
    };
  }
  return sample;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {"heads", 2, 5, 7, 3, 3, 4},
      {"one query", 1, 1, 3, 2, 2, 8},
      {"causal", 2, 6, 6, 2, 2, 5, true},
      {"causal, more keys", 1, 3, 7, 2, 1, 4, true},
      {"causal, fewer keys", 1, 7, 3, 2, 1, 4, true},
      {"grouped", 2, 4, 6, 6, 2, 4},
      {"one key head", 1, 4, 5, 3, 1, 3},
      {"bias", 2, 4, 5, 2, 1, 4, false, {2, 2, 4, 5}},
      {"bias per key", 2, 4, 5, 2, 2, 4, true, {1, 2, 1, 5}},
      {"bias per query", 2, 4, 5, 2, 2, 4, false, {2, 1, 4, 1}},
      {"mask", 2, 4, 6, 2, 2, 4, false, {}, {2, 2, 4, 6}},
      {"padding mask", 3, 4, 6, 2, 1, 4, false, {}, {3, 1, 1, 6}},
      {"bias and mask", 2, 4, 6, 2, 2, 4, false, {1, 1, 4, 6}, {1, 2, 4, 6}},
      {"blocks", 1, 150, 530, 2, 2, 20, false, {}, {}, false},
      {"blocks, causal", 2, 300, 300, 2, 1, 17, true, {}, {}, false},
      {"blocks, all", 1, 140, 300, 2, 1, 33, true, {1, 2, 140, 300}, {1, 1, 140, 300}, false},
      {"no batch", 0, 3, 4, 2, 2, 4},
      {"no queries", 2, 0, 4, 2, 2, 4},
  };
  return list;
}

}  // namespace danlu::attention
