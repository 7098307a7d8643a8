#include "danlu/base/error.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/fused/fused_record.h"
#include "danlu/ops/linalg/matmul_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec out = linalg::infer_matmul(c, c.attrs_as<FusedMatmulAttrs>().matmul);
  fused::check_epilogue(c, out.shape[-1], c.attrs_as<FusedMatmulAttrs>().activation);
  if (!is_floating(out.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The fused product needs a floating dtype",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = out.to_string()});
  }
  return {out};
}

std::vector<Array> decompose(const Attrs* attrs, std::span<const Array> in) {
  const auto& a = attrs_as<FusedMatmulAttrs>(attrs);
  return {
      fused::finish(make_op(matmul_op(), {in[0], in[1]}, make_attrs(a.matmul)), in, a.activation)};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  int k = 0;
  for (OpSample s : linalg::matmul_samples()) {
    const auto matmul = attrs_as<MatmulAttrs>(s.attrs);
    const int64_t n = s.inputs[1].shape[matmul.transpose_b ? -2 : -1];
    const auto activation = static_cast<FusedActivation>(k % 4);
    if (k++ % 5 != 4) s.inputs.push_back({Shape{n}, DType::float32});
    s.attrs = make_attrs(FusedMatmulAttrs{matmul, activation});
    list.push_back(std::move(s));
  }
  return list;
}

}  // namespace

const OpDef& fused_matmul_op() {
  static const OpDef op{
      .name = "fused_matmul",
      .num_inputs = -1,
      .infer = infer,
      .decompose = decompose,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
            return linalg::matmul_flops(attrs_as<FusedMatmulAttrs>(attrs).matmul, in, out);
          },
      .symbolic_only = true,
      .samples = samples,
      .doc = "activation(matmul(a, b) + bias).",
  };
  return op;
}

}  // namespace danlu
