#include "danlu/base/error.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  if (x.dtype == DType::bool_ || is_complex(x.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Neither bool nor complex numbers are pooled",
                      .expected = "a floating or integer dtype",
                      .received = x.to_string(),
                      .hint = "cast to uint8, or take abs, first"});
  }
  const Shape out = convolution::pool2d_output(c.where(), x.shape, c.attrs_as<Pool2DAttrs>(), true);
  return {{out, x.dtype}, {out, DType::uint8}};
}

std::vector<Array> vjp(const GradContext& c) {
  if (!c.output_grads[0].defined()) return {Array()};
  const auto& attrs = c.attrs_as<Pool2DAttrs>();
  return {make_op(max_pool2d_backward_op(), {c.output_grads[0], c.outputs[1]},
                  make_attrs(convolution::with_result(attrs, c.inputs[0].shape())))};
}

std::vector<OpSample> samples() {
  std::vector<OpSample> list;
  for (const auto& s : convolution::pool_cases()) {
    list.push_back({.label = s.label,
                    .inputs = {{s.x, DType::float32}},
                    .attrs = make_attrs(s.attrs),
                    .tolerance = 0});
  }
  return list;
}

Pool2DAttrs pool_attrs(const std::string& where, const Array& x, const Pool2DOptions& options) {
  Pool2DAttrs attrs{.pool_size = options.pool_size, .strides = options.strides};
  for (int i = 0; i < 2; ++i) {
    if (attrs.strides[i] == 0) attrs.strides[i] = attrs.pool_size[i];
  }
  const auto padding = convolution::resolve_padding(where, options.padding, x.shape(),
                                                    attrs.pool_size, attrs.strides, {1, 1});
  attrs.pad_before = padding.before;
  attrs.pad_after = padding.after;
  return attrs;
}

}  // namespace

const OpDef& max_pool2d_op() {
  static const OpDef op{
      .name = "max_pool2d",
      .num_inputs = 1,
      .infer = infer,
      .vjp = vjp,
      .batch = convolution::batch_pool2d,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            const auto& a = attrs_as<Pool2DAttrs>(attrs);
            return static_cast<double>(a.pool_size[0] * a.pool_size[1]) *
                   static_cast<double>(out[0].shape.num_elements());
          },
      .samples = samples,
      .doc =
          "Maximum of each window and its position inside the window (row-major, uint8). The "
          "first maximum wins; NaN wins over numbers; padding never wins.",
  };
  return op;
}

std::pair<Array, Array> max_pool2d_with_index(const Array& x, const Pool2DOptions& options) {
  auto outputs = make_op_outputs(max_pool2d_op(), std::span(&x, 1),
                                 make_attrs(pool_attrs("max_pool2d", x, options)));
  return {std::move(outputs[0]), std::move(outputs[1])};
}

Array max_pool2d(const Array& x, const Pool2DOptions& options) {
  return max_pool2d_with_index(x, options).first;
}

Array average_pool2d(const Array& x, const Pool2DOptions& options) {
  return make_op(average_pool2d_op(), {elementwise::as_float(x)},
                 make_attrs(pool_attrs("average_pool2d", x, options)));
}

}  // namespace danlu
