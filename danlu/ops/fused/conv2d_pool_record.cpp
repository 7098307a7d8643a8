#include "danlu/ops/fused/conv2d_pool_record.h"

namespace danlu::fused {

Shape ConvPoolCase::conv_out() const {
  return convolution::conv2d_output("sample", x, kernel, attrs.conv);
}

Shape ConvPoolCase::pooled() const {
  return convolution::pool2d_output("sample", conv_out(), attrs.pool, true);
}

std::vector<ConvPoolCase> conv_pool_cases() {
  using enum FusedActivation;
  const Conv2DAttrs same{.pad_before = {1, 1}, .pad_after = {1, 1}};
  const Pool2DAttrs overlapping{.pool_size = {3, 3}, .strides = {2, 2}};
  const Pool2DAttrs nine{.pool_size = {3, 3}, .strides = {3, 3}};
  return {
      {"one channel", {3, 12, 14, 1}, {3, 3, 1, 32}, {.activation = relu}},
      {"one channel, odd sizes", {2, 9, 11, 1}, {3, 3, 1, 20}, {.activation = relu}},
      {"three channels, same", {2, 8, 9, 3}, {3, 3, 3, 16}, {same, {}, relu}},
      {"two channels, 5x5", {1, 11, 10, 2}, {5, 5, 2, 8}, {}},
      {"many channels", {3, 9, 9, 16}, {3, 3, 16, 32}, {.activation = relu}},
      {"many channels, same", {2, 6, 7, 8}, {3, 3, 8, 24}, {same, {}, none}},
      {"odd filters, same", {2, 11, 12, 32}, {3, 3, 32, 21}, {same, {}, relu}},
      {"windows of nine", {1, 14, 13, 16}, {2, 2, 16, 33}, {{}, nine, relu}},
      {"overlapping windows", {2, 9, 9, 2}, {3, 3, 2, 4}, {{}, overlapping, relu}},
      {"tanh", {1, 7, 7, 2}, {2, 2, 2, 3}, {.activation = tanh}},
      {"stride 2, sigmoid", {1, 12, 12, 4}, {3, 3, 4, 5}, {{.strides = {2, 2}}, {}, sigmoid}},
      {"groups 2", {2, 6, 6, 4}, {3, 3, 2, 6}, {{.groups = 2}, {}, relu}},
  };
}

double sparse_flops(const Shape& kernel, const Shape& pooled) {
  return convolution::conv2d_flops(kernel, pooled);
}

}  // namespace danlu::fused
