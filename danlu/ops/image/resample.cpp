#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/enumerator.h"
#include "danlu/ops/image/resample_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

std::vector<TensorSpec> infer(const InferContext& c) {
  const TensorSpec& x = c.inputs[0];
  const auto& attrs = c.attrs_as<ResampleAttrs>();
  if (!is_floating(x.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The op is not defined for this dtype",
                      .expected = "a floating dtype",
                      .received = x.to_string()});
  }
  if (std::min({attrs.height, attrs.width, attrs.to_height, attrs.to_width}) < 1) {
    throw ValueError({.where = c.where(),
                      .what = "An image has no pixels",
                      .expected = "positive heights and widths",
                      .received = c.attrs->to_string()});
  }
  require_enumerator(c, "filter", attrs.filter, ResampleFilter::lanczos5);
  const int rank = x.shape.rank();
  const int64_t height = attrs.transpose ? attrs.to_height : attrs.height;
  const int64_t width = attrs.transpose ? attrs.to_width : attrs.width;
  if (rank < 3 || x.shape[rank - 3] != height || x.shape[rank - 2] != width) {
    throw ShapeError({.where = c.where(),
                      .what = "The images do not fit the attributes",
                      .expected = "shape (…, " + std::to_string(height) + ", " +
                                  std::to_string(width) + ", channels)",
                      .received = x.to_string()});
  }
  return {{x.shape.with_dim(rank - 3, attrs.transpose ? attrs.height : attrs.to_height)
               .with_dim(rank - 2, attrs.transpose ? attrs.width : attrs.to_width),
           x.dtype}};
}

double flops(const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  // Two neighbours along either axis; along the width once for each row of the input.
  const auto& a = attrs_as<ResampleAttrs>(attrs);
  const double rows = static_cast<double>(a.transpose ? a.to_height : a.height) /
                      static_cast<double>(a.transpose ? a.height : a.to_height);
  return 4.0 * static_cast<double>(out[0].shape.num_elements()) * (1 + rows) +
         static_cast<double>(in[0].shape.num_elements());
}

std::vector<OpSample> samples() {
  using enum ResampleFilter;
  std::vector<OpSample> samples;
  const auto add = [&](std::string label, Shape shape, ResampleAttrs attrs,
                       DType dtype = DType::float32) {
    samples.push_back({.label = std::move(label),
                       .inputs = {{shape, dtype}},
                       .attrs = make_attrs(attrs),
                       .tolerance = 4e-6,
                       .differentiable = dtype == DType::float32});
  };
  add("twice the size", {2, 3, 4, 3}, {3, 4, 6, 8});
  add("transposed", {2, 6, 8, 3},
      {.height = 3, .width = 4, .to_height = 6, .to_width = 8, .transpose = true});
  add("smaller, antialias", {1, 11, 9, 2}, {11, 9, 4, 5, linear, true});
  add("transposed, antialias", {1, 4, 5, 2}, {11, 9, 4, 5, linear, true, true});
  add("pixels that nobody reads", {9, 10, 1}, {9, 10, 2, 3});
  add("pixels that get nothing", {2, 3, 1}, {9, 10, 2, 3, linear, false, true});
  add("cubic", {1, 5, 6, 4}, {5, 6, 9, 7, cubic});
  add("lanczos", {1, 8, 8, 1}, {8, 8, 12, 3, lanczos3, true});
  add("only the height", {3, 5, 1}, {3, 5, 7, 5});
  add("only the width", {1, 2, 3, 5, 2}, {3, 5, 3, 4});
  add("one pixel", {1, 1, 1, 6}, {1, 1, 3, 2});
  add("many channels", {1, 3, 2, 37}, {3, 2, 4, 5});
  add("no images", {0, 3, 2, 3}, {3, 2, 4, 5});
  add("float64", {1, 3, 4, 2}, {3, 4, 5, 3}, DType::float64);
  return samples;
}

}  // namespace

const OpDef& resample_op() {
  static const OpDef op{
      .name = "resample",
      .infer = infer,
      .vjp = [](const GradContext& c) -> std::vector<Array> {
        if (!c.output_grads[0].defined()) return {Array()};
        ResampleAttrs back = c.attrs_as<ResampleAttrs>();
        back.transpose = !back.transpose;
        return {make_op(resample_op(), {c.output_grads[0]}, make_attrs(back))};
      },
      .batch = batching::leading_axes,
      .flops = flops,
      .samples = samples,
      .doc =
          "Images resized by a separable filter along height and width, or the transpose of that.",
  };
  return op;
}

}  // namespace danlu
