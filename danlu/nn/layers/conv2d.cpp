#include "danlu/nn/layers/conv2d.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"

namespace danlu {
namespace {

class Conv2DImpl final : public ConfiguredLayer<Conv2DConfig> {
 public:
  explicit Conv2DImpl(Conv2DConfig c) : ConfiguredLayer("Conv2D", std::move(c)) {
    const Conv2DConfig& k = config();
    check_at_least(where(), "filters", k.filters, 1);
    check_at_least(where(), "groups", k.groups, 1);
    check_padding(where(), k.padding);
    if (!k.kernel_size.defined()) {
      throw ValueError({.where = where(),
                        .what = "`kernel_size` is missing",
                        .expected = "height and width of the kernel",
                        .hint = ".kernel_size = {3, 3}"});
    }
    for (int i = 0; i < 2; ++i) {
      check_at_least(where(), "kernel_size", k.kernel_size[i], 1);
      check_at_least(where(), "strides", k.strides[i], 1);
      check_at_least(where(), "dilation_rate", k.dilation_rate[i], 1);
    }
    const bool strided = k.strides[0] > 1 || k.strides[1] > 1;
    if (strided && (k.dilation_rate[0] > 1 || k.dilation_rate[1] > 1)) {
      throw ValueError({.where = where(),
                        .what = "Strides and dilation cannot both be greater than 1",
                        .received = "strides=" + k.strides.to_string() +
                                    ", dilation_rate=" + k.dilation_rate.to_string()});
    }
    if (k.filters % k.groups != 0) {
      throw ValueError({.where = where(),
                        .what = "`groups` must divide `filters`",
                        .received = "groups=" + std::to_string(k.groups) +
                                    ", filters=" + std::to_string(k.filters)});
    }
  }

 private:
  Shape output_shape(const Shape& input) const override {
    const Conv2DConfig& c = config();
    check_rank(input, 4, "(batch, height, width, channels)");
    check_known_axis(input, -1);
    if (built()) check_axis(input, -1, kernel_.shape()[2] * c.groups);
    if (input[3] % c.groups != 0) {
      throw ShapeError({.what = "`groups` must divide the channels",
                        .expected = "a multiple of " + std::to_string(c.groups) + " channels",
                        .received = input.to_string()});
    }
    Shape output = input.with_dim(3, c.filters);
    for (int i = 0; i < 2; ++i) {
      const int64_t window = (c.kernel_size[i] - 1) * c.dilation_rate[i] + 1;
      output = output.with_dim(i + 1,
                               window_output(input[i + 1], window, c.strides[i], c.padding, input));
    }
    return output;
  }

  void build(const Shape& input) override {
    const Conv2DConfig& c = config();
    const Shape shape{c.kernel_size[0], c.kernel_size[1], input[-1] / c.groups, c.filters};
    kernel_ = add_weight("kernel", shape, c.kernel_initializer, c.kernel_regularizer,
                         c.kernel_constraint);
    if (c.use_bias)
      bias_ = add_weight("bias", Shape{c.filters}, c.bias_initializer, c.bias_regularizer,
                         c.bias_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    const Conv2DConfig& c = config();
    Array y = conv2d(x, kernel_,
                     {.strides = c.strides.to_array(),
                      .padding = c.padding,
                      .dilation_rate = c.dilation_rate.to_array(),
                      .groups = c.groups});
    if (bias_.defined()) y = y + bias_;
    return c.activation(y);
  }

  Variable kernel_, bias_;
};

}  // namespace

Conv2D::Conv2D(Conv2DConfig config) : Layer(std::make_shared<Conv2DImpl>(std::move(config))) {}

}  // namespace danlu
