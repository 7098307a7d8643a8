#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(Conv2D, Layer) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Conv2D({.filters = 4,
                                    .kernel_size = {3, 2},
                                    .strides = {2, 1},
                                    .padding = "same",
                                    .activation = "sigmoid",
                                    .dtype = dtype});
                   },
               .input_shape = {2, 5, 6, 3},
               .output_shape = {2, 3, 6, 4},
               .trainable_weights = 2,
               .params = 3 * 2 * 3 * 4 + 4});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Conv2D({.filters = 4,
                                    .kernel_size = 3,
                                    .dilation_rate = 2,
                                    .groups = 2,
                                    .use_bias = false,
                                    .dtype = dtype});
                   },
               .input_shape = {2, 6, 7, 2},
               .output_shape = {2, 2, 3, 4},
               .trainable_weights = 1,
               .params = 3 * 3 * 1 * 4});
}

TEST(Conv2D, Errors) {
  clear_session();
  expect_error<ValueError>(
      [] { Conv2D({.filters = 2}); },
      "[Conv2D 'conv2d'] `kernel_size` is missing. Expected an integer, or one "
      "for each of 2 axes.");
  expect_error<ValueError>(
      [] { Conv2D({.filters = 2, .kernel_size = 3, .padding = "full", .name = "c"}); },
      "[Conv2D 'c'] `padding` is unknown. Expected \"valid\" or \"same\". Received \"full\".");
  expect_error<ValueError>(
      [] {
        Conv2D({.filters = 2, .kernel_size = 3, .strides = 2, .dilation_rate = 2, .name = "c"});
      },
      "[Conv2D 'c'] Strides and dilation cannot both be greater than 1. Received strides=(2, 2), "
      "dilation_rate=(2, 2).");
  expect_error<ValueError>(
      [] { Conv2D({.filters = 3, .kernel_size = 3, .groups = 2, .name = "c"}); },
      "[Conv2D 'c'] `groups` must divide `filters`. Received groups=2, filters=3.");
  const Conv2D layer({.filters = 2, .kernel_size = 3, .name = "c"});
  expect_error<ShapeError>(
      [&] {
        layer(zeros({3, 28, 28}));
      },
      "[Conv2D 'c'] The input has the wrong number of axes. Expected (batch, "
      "height, width, channels). Received (3, 28, 28).");
  expect_error<ShapeError>(
      [&] {
        layer(zeros({3, 2, 28, 1}));
      },
      "[Conv2D 'c'] The window is larger than the input, so no output would "
      "be left. Expected at least 3 rows and columns under the window. "
      "Received (3, 2, 28, 1), strides of 1, padding=\"valid\". Hint: use a smaller window, fewer "
      "pooling "
      "layers or padding=\"same\".");
}

TEST(Conv, OtherRanksAndKinds) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Conv1D({.filters = 4,
                                    .kernel_size = 3,
                                    .padding = "causal",
                                    .dilation_rate = 2,
                                    .dtype = dtype});
                   },
               .input_shape = {2, 6, 3},
               .output_shape = {2, 6, 4},
               .trainable_weights = 2,
               .params = 3 * 3 * 4 + 4});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Conv3D({.filters = 2,
                                    .kernel_size = {2, 1, 2},
                                    .data_format = "channels_first",
                                    .activation = "tanh",
                                    .dtype = dtype});
                   },
               .input_shape = {2, 3, 3, 2, 4},
               .output_shape = {2, 2, 2, 2, 3},
               .trainable_weights = 2,
               .params = 2 * 2 * 3 * 2 + 2});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return Conv2DTranspose({.filters = 3,
                                             .kernel_size = 3,
                                             .strides = {2, 3},
                                             .output_padding = {1, 0},
                                             .dtype = dtype});
                   },
               .input_shape = {2, 3, 2, 2},
               .output_shape = {2, 8, 6, 3},
               .trainable_weights = 2,
               .params = 3 * 3 * 3 * 2 + 3});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return DepthwiseConv1D(
                         {.kernel_size = 3, .depth_multiplier = 2, .dtype = dtype});
                   },
               .input_shape = {2, 6, 3},
               .output_shape = {2, 4, 6},
               .trainable_weights = 2,
               .params = 3 * 3 * 2 + 6});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return SeparableConv2D({.filters = 4,
                                             .kernel_size = 2,
                                             .padding = "same",
                                             .depth_multiplier = 2,
                                             .dtype = dtype});
                   },
               .input_shape = {2, 4, 5, 3},
               .output_shape = {2, 4, 5, 4},
               .trainable_weights = 3,
               .params = 2 * 2 * 3 * 2 + 6 * 4 + 4});
  EXPECT_EQ(Conv1D({.filters = 2, .kernel_size = 3})->compute_output_shape({kNone, kNone, 4}),
            (Shape{kNone, kNone, 2}));
}

TEST(Conv, ErrorsOfOtherKinds) {
  expect_error<ValueError>(
      [] {
        Conv1D({.filters = 2, .kernel_size = {3, 3}, .name = "c"});
      },
      "[Conv1D 'c'] `kernel_size` has another number of axes than the layer. Expected an integer, "
      "or one for each of 1 axes. Received kernel_size=(3, 3).");
  expect_error<ValueError>(
      [] { Conv2D({.filters = 2, .kernel_size = 3, .padding = "causal", .name = "c"}); },
      "[Conv2D 'c'] `padding` is unknown. Expected \"valid\" or \"same\". Received \"causal\".");
  expect_error<ValueError>(
      [] { Conv2D({.filters = 2, .kernel_size = 3, .data_format = "NHWC", .name = "c"}); },
      "[Conv2D 'c'] `data_format` is unknown. Expected \"channels_last\" or \"channels_first\". "
      "Received \"NHWC\".");
  expect_error<ValueError>(
      [] {
        Conv2DTranspose(
            {.filters = 2, .kernel_size = 3, .strides = 2, .output_padding = 2, .name = "c"});
      },
      "[Conv2DTranspose 'c'] `output_padding` must be less than `strides` along each axis. "
      "Received output_padding=(2, 2), strides=(2, 2).");
  expect_error<ValueError>(
      [] { Conv2D({.filters = 2, .kernel_size = int64_t{1} << 40, .name = "c"}); },
      "[Conv2D 'c'] `kernel_size` is too large. Expected an integer, or one for "
      "each of 2 axes, at least 1 and less than 2^31. Received "
      "kernel_size=1099511627776.");
  expect_error<ShapeError>(
      [] {
        Conv2D({.filters = 2, .kernel_size = 3, .data_format = "channels_first", .name = "c"})(
            zeros({1, 3, 8}));
      },
      "[Conv2D 'c'] The input has the wrong number of axes. Expected (batch, channels, height, "
      "width). Received (1, 3, 8).");
}

}  // namespace
}  // namespace danlu
