#include "danlu/nn/layers/convolution.h"

#include <algorithm>
#include <array>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

/// What convolutions of every kind share: sizes per axis, layouts, bias and activation.
template <class Config>
class ConvolutionLayer : public ConfiguredLayer<Config> {
 public:
  ConvolutionLayer(const std::string& type, int rank, Config given)
      : ConfiguredLayer<Config>(type, std::move(given)), rank_(rank) {
    Config& c = this->mutable_config();
    const std::string where = this->where();
    c.kernel_size = per_axis(where, "kernel_size", c.kernel_size, rank, 1);
    c.strides = per_axis(where, "strides", c.strides, rank, 1);
    c.dilation_rate = per_axis(where, "dilation_rate", c.dilation_rate, rank, 1);
    c.data_format = checked_data_format(where, c.data_format);
    if constexpr (requires { c.filters; }) check_at_least(where, "filters", c.filters, 1);
    if constexpr (requires { c.depth_multiplier; }) {
      check_at_least(where, "depth_multiplier", c.depth_multiplier, 1);
    }
  }

 protected:
  const Config& options() const { return this->config(); }
  bool channels_first() const { return options().data_format == "channels_first"; }
  int channel_axis() const { return channels_first() ? 1 : rank_ + 1; }
  /// Input elements from the first to the last under the window.
  int64_t reach(size_t i) const {
    return (options().kernel_size[i] - 1) * options().dilation_rate[i] + 1;
  }
  Shape kernel_shape(int64_t in, int64_t out) const {
    std::vector<int64_t> dims = options().kernel_size.values();
    dims.push_back(in);
    dims.push_back(out);
    return Shape(dims);
  }
  ConvOptions conv_options() const {
    const Config& c = options();
    return {.strides = c.strides.values(),
            .padding = c.padding,
            .data_format = c.data_format,
            .dilation_rate = c.dilation_rate.values()};
  }
  void refuse_strides_with_dilation() const {
    const auto& strides = options().strides.values();
    const auto& dilation = options().dilation_rate.values();
    if (*std::max_element(strides.begin(), strides.end()) == 1 ||
        *std::max_element(dilation.begin(), dilation.end()) == 1) {
      return;
    }
    throw ValueError({.where = this->where(),
                      .what = "Strides and dilation cannot both be greater than 1",
                      .received = "strides=" + options().strides.to_string() +
                                  ", dilation_rate=" + options().dilation_rate.to_string()});
  }

  virtual int64_t filters(int64_t channels) const = 0;
  virtual void check_channels(int64_t, const Shape&) const {}
  virtual int64_t output_length(size_t i, int64_t length, const Shape& input) const {
    const Config& c = options();
    return window_output(length, reach(i), c.strides[i], c.padding, input);
  }
  virtual void build_kernels(int64_t channels) = 0;
  virtual Array convolve(const Array& x) const = 0;

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank(input, rank_ + 2, image_axes(rank_, options().data_format));
    check_known_axis(input, channels_first() ? 1 : -1);
    const int64_t channels = input[channel_axis()];
    if (this->built()) check_axis(input, channels_first() ? 1 : -1, channels_);
    check_channels(channels, input);
    Shape output = input.with_dim(channel_axis(), filters(channels));
    for (int i = 0; i < rank_; ++i) {
      const int axis = i + (channels_first() ? 2 : 1);
      output = output.with_dim(axis, output_length(static_cast<size_t>(i), input[axis], input));
    }
    return output;
  }

  void build(const Shape& input) override {
    const Config& c = options();
    channels_ = input[channel_axis()];
    build_kernels(channels_);
    if (!c.use_bias) return;
    bias_ = this->add_weight("bias", Shape{filters(channels_)}, c.bias_initializer,
                             c.bias_regularizer, c.bias_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    Array y = convolve(x);
    if (bias_.defined()) y = y + bias_along_channels();
    return options().activation(y);
  }

  Array bias_along_channels() const {
    if (!channels_first()) return bias_;
    std::vector<int64_t> dims(static_cast<size_t>(rank_) + 2, 1);
    dims[1] = bias_.shape()[0];
    return reshape(bias_, Shape(dims));
  }

  int rank_;
  int64_t channels_ = 0;
  Variable bias_;
};

class ConvImpl final : public ConvolutionLayer<ConvConfig> {
 public:
  ConvImpl(int rank, ConvConfig given)
      : ConvolutionLayer("Conv" + std::to_string(rank) + "D", rank, std::move(given)) {
    const ConvConfig& c = config();
    check_at_least(where(), "groups", c.groups, 1);
    if (rank == 1 && c.padding != "valid" && c.padding != "same" && c.padding != "causal") {
      throw ValueError({.where = where(),
                        .what = "`padding` is unknown",
                        .expected = "\"valid\", \"same\" or \"causal\"",
                        .received = "\"" + c.padding + "\""});
    }
    if (rank > 1) check_padding(where(), c.padding);
    refuse_strides_with_dilation();
    if (c.filters % c.groups != 0) {
      throw ValueError({.where = where(),
                        .what = "`groups` must divide `filters`",
                        .received = "groups=" + std::to_string(c.groups) +
                                    ", filters=" + std::to_string(c.filters)});
    }
  }

 private:
  bool causal() const { return config().padding == "causal"; }
  int64_t filters(int64_t) const override { return config().filters; }

  void check_channels(int64_t channels, const Shape& input) const override {
    if (channels % config().groups == 0) return;
    throw ShapeError({.what = "`groups` must divide the channels",
                      .expected = "a multiple of " + std::to_string(config().groups) + " channels",
                      .received = input.to_string()});
  }

  int64_t output_length(size_t i, int64_t length, const Shape& input) const override {
    return window_output(length, reach(i), config().strides[i],
                         causal() ? "same" : config().padding, input);
  }

  void build_kernels(int64_t channels) override {
    const ConvConfig& c = config();
    kernel_ = add_weight("kernel", kernel_shape(channels / c.groups, c.filters),
                         c.kernel_initializer, c.kernel_regularizer, c.kernel_constraint);
  }

  Array convolve(const Array& x) const override {
    ConvOptions options = conv_options();
    if (causal()) options.padding = std::vector<std::array<int64_t, 2>>{{reach(0) - 1, 0}};
    return conv(x, kernel_, options);
  }

  Variable kernel_;
};

class ConvTransposeImpl final : public ConvolutionLayer<ConvTransposeConfig> {
 public:
  ConvTransposeImpl(int rank, ConvTransposeConfig given)
      : ConvolutionLayer("Conv" + std::to_string(rank) + "DTranspose", rank, std::move(given)) {
    ConvTransposeConfig& c = mutable_config();
    check_padding(where(), c.padding);
    refuse_strides_with_dilation();
    if (!c.output_padding.defined()) return;
    c.output_padding = per_axis(where(), "output_padding", c.output_padding, rank, 0);
    for (size_t i = 0; i < c.strides.size(); ++i) {
      if (c.output_padding[i] < c.strides[i]) continue;
      throw ValueError({.where = where(),
                        .what = "`output_padding` must be less than `strides` along each axis",
                        .received = "output_padding=" + c.output_padding.to_string() +
                                    ", strides=" + c.strides.to_string()});
    }
  }

 private:
  int64_t filters(int64_t) const override { return config().filters; }

  int64_t output_length(size_t i, int64_t length, const Shape& input) const override {
    const ConvTransposeConfig& c = config();
    if (length == kNone) return kNone;
    const auto extra =
        c.output_padding.defined() ? std::optional<int64_t>(c.output_padding[i]) : std::nullopt;
    const int64_t output =
        conv_transpose_length(length, reach(i), c.strides[i], c.padding == "same", extra);
    if (output >= 1) return output;
    throw ShapeError({.what = "No output would be left", .received = input.to_string()});
  }

  void build_kernels(int64_t channels) override {
    const ConvTransposeConfig& c = config();
    kernel_ = add_weight("kernel", kernel_shape(c.filters, channels), c.kernel_initializer,
                         c.kernel_regularizer, c.kernel_constraint);
  }

  Array convolve(const Array& x) const override {
    const ConvTransposeConfig& c = config();
    return conv_transpose(x, kernel_,
                          {.strides = c.strides.values(),
                           .padding = c.padding,
                           .output_padding = c.output_padding.values(),
                           .data_format = c.data_format,
                           .dilation_rate = c.dilation_rate.values()});
  }

  Variable kernel_;
};

class DepthwiseConvImpl final : public ConvolutionLayer<DepthwiseConvConfig> {
 public:
  DepthwiseConvImpl(int rank, DepthwiseConvConfig given)
      : ConvolutionLayer("DepthwiseConv" + std::to_string(rank) + "D", rank, std::move(given)) {
    check_padding(where(), config().padding);
  }

 private:
  int64_t filters(int64_t channels) const override { return channels * config().depth_multiplier; }

  void build_kernels(int64_t channels) override {
    const DepthwiseConvConfig& c = config();
    kernel_ = add_weight("kernel", kernel_shape(channels, c.depth_multiplier),
                         c.depthwise_initializer, c.depthwise_regularizer, c.depthwise_constraint);
  }

  Array convolve(const Array& x) const override {
    return depthwise_conv(x, kernel_, conv_options());
  }

  Variable kernel_;
};

class SeparableConvImpl final : public ConvolutionLayer<SeparableConvConfig> {
 public:
  SeparableConvImpl(int rank, SeparableConvConfig given)
      : ConvolutionLayer("SeparableConv" + std::to_string(rank) + "D", rank, std::move(given)) {
    check_padding(where(), config().padding);
  }

 private:
  int64_t filters(int64_t) const override { return config().filters; }

  void build_kernels(int64_t channels) override {
    const SeparableConvConfig& c = config();
    depthwise_ =
        add_weight("depthwise_kernel", kernel_shape(channels, c.depth_multiplier),
                   c.depthwise_initializer, c.depthwise_regularizer, c.depthwise_constraint);
    std::vector<int64_t> dims(c.kernel_size.size(), 1);
    dims.push_back(channels * c.depth_multiplier);
    dims.push_back(c.filters);
    pointwise_ = add_weight("pointwise_kernel", Shape(dims), c.pointwise_initializer,
                            c.pointwise_regularizer, c.pointwise_constraint);
  }

  Array convolve(const Array& x) const override {
    return separable_conv(x, depthwise_, pointwise_, conv_options());
  }

  Variable depthwise_, pointwise_;
};

}  // namespace

template <int rank>
Conv<rank>::Conv(ConvConfig config) : Layer(std::make_shared<ConvImpl>(rank, std::move(config))) {}
template class Conv<1>;
template class Conv<2>;
template class Conv<3>;

template <int rank>
ConvTranspose<rank>::ConvTranspose(ConvTransposeConfig config)
    : Layer(std::make_shared<ConvTransposeImpl>(rank, std::move(config))) {}
template class ConvTranspose<1>;
template class ConvTranspose<2>;
template class ConvTranspose<3>;

template <int rank>
DepthwiseConv<rank>::DepthwiseConv(DepthwiseConvConfig config)
    : Layer(std::make_shared<DepthwiseConvImpl>(rank, std::move(config))) {}
template class DepthwiseConv<1>;
template class DepthwiseConv<2>;

template <int rank>
SeparableConv<rank>::SeparableConv(SeparableConvConfig config)
    : Layer(std::make_shared<SeparableConvImpl>(rank, std::move(config))) {}
template class SeparableConv<1>;
template class SeparableConv<2>;

}  // namespace danlu
