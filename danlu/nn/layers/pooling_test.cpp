#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/nn/layers/pooling.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(Pooling, Layers) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return MaxPooling2D({.pool_size = {2, 3}, .dtype = dtype});
                   },
               .input_shape = {2, 5, 7, 2},
               .output_shape = {2, 2, 2, 2}});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return AveragePooling2D(
                         {.pool_size = 3, .strides = {2, 2}, .padding = "same", .dtype = dtype});
                   },
               .input_shape = {2, 5, 6, 2},
               .output_shape = {2, 3, 3, 2}});
}

TEST(Pooling, Errors) {
  expect_error<ValueError>(
      [] {
        MaxPooling2D({.pool_size = {2, 0}, .name = "m"});
      },
      "[MaxPooling2D 'm'] `pool_size` is too small. Expected an integer, or one for each "
      "of 2 axes, at least 1 and less than 2^31. Received pool_size=(2, 0).");
}

TEST(Pooling, GlobalAndAdaptive) {
  check_layer({.make =
                   [](const std::string& dtype) {
                     return MaxPooling3D(
                         {.pool_size = 2, .data_format = "channels_first", .dtype = dtype});
                   },
               .input_shape = {2, 3, 4, 4, 5},
               .output_shape = {2, 3, 2, 2, 2}});
  check_layer(
      {.make = [](const std::string& dtype) { return GlobalAveragePooling1D({.dtype = dtype}); },
       .input_shape = {2, 5, 3},
       .output_shape = {2, 3}});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return GlobalMaxPooling2D({.keepdims = true, .dtype = dtype});
                   },
               .input_shape = {2, 5, 3, 4},
               .output_shape = {2, 1, 1, 4}});
  check_layer({.make =
                   [](const std::string& dtype) {
                     return AdaptiveAveragePooling2D({.output_size = {2, 3}, .dtype = dtype});
                   },
               .input_shape = {2, 5, 6, 2},
               .output_shape = {2, 2, 3, 2}});
  EXPECT_EQ(GlobalMaxPooling1D()->compute_output_shape({kNone, kNone, 3}), (Shape{kNone, 3}));
  expect_error<ValueError>([] { AdaptiveMaxPooling1D({.output_size = 0, .name = "m"}); },
                           "[AdaptiveMaxPooling1D 'm'] `output_size` is too small. Expected an "
                           "integer, or one for each of 1 axes, at least 1 and less than 2^31. "
                           "Received output_size=0.");
}

}  // namespace
}  // namespace danlu
