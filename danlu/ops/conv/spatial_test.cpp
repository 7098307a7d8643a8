#include "danlu/ops/conv/spatial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using testing::HasSubstr;

template <class E, class F>
std::string error(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "no error of this type";
}

TEST(SpatialErrors, SayWhatIsWrong) {
  const Array x = zeros({2, 8, 8, 4}), k = zeros({3, 3, 4, 6});
  EXPECT_THAT(error<ShapeError>([] {
                conv(zeros({8, 4}), zeros({3, 4, 2}));
              }),
              HasSubstr("[conv] The input has the wrong rank. Expected batch, one to three spatial "
                        "axes, and channels. Received (8, 4)."));
  EXPECT_THAT(error<ShapeError>([&] {
                conv(x, zeros({3, 4, 6}));
              }),
              HasSubstr("[conv] The kernel has the wrong shape. Expected (spatial axes …, channels "
                        "/ groups, filters)"));
  EXPECT_THAT(error<ShapeError>([&] {
                conv(x, zeros({3, 3, 3, 6}));
              }),
              HasSubstr("[conv] The kernel was made for another number of channels."));
  EXPECT_THAT(error<ShapeError>([&] {
                conv(x, zeros({3, 3, 1, 6}));
              }),
              HasSubstr("whose number divides the filters"));
  EXPECT_EQ(error<ValueError>([&] {
              conv(x, k, {.strides = {1, 0}});
            }),
            "[conv] The stride is out of range. Expected one number of 1 or more, or 2 of them. "
            "Received (1, 0).");
  EXPECT_EQ(error<ValueError>([&] {
              conv(x, k, {.dilation_rate = {1, 2, 3}});
            }),
            "[conv] The dilation rate does not fit the input. Expected one number of 1 or more, or "
            "2 of them. Received (1, 2, 3).");
  EXPECT_THAT(error<ValueError>([&] { conv(x, k, {.padding = "full"}); }),
              HasSubstr("[conv] The padding is unknown. Expected 'valid', 'same', or pairs"));
  EXPECT_THAT(error<ValueError>([&] {
                conv(x, k, {.padding = std::vector<std::array<int64_t, 2>>{{1, 1}}});
              }),
              HasSubstr("Expected 2 pairs of numbers before and after. Received 1 pairs."));
  EXPECT_THAT(error<ValueError>([&] {
                conv(x, k, {.padding = std::vector<std::array<int64_t, 2>>{{1, -1}, {0, 0}}});
              }),
              HasSubstr("[conv] The padding is out of range."));
  EXPECT_THAT(error<ValueError>([&] { conv(x, k, {.data_format = "NHWC"}); }),
              HasSubstr("[conv] The data format is unknown. Expected 'channels_last' or"));
  EXPECT_THAT(error<ShapeError>([&] { conv(x, k, {.dilation_rate = {4}}); }),
              HasSubstr("[conv] The window is larger than the padded input. Expected at most 8 "
                        "along spatial axis 0. Received 9"));
  EXPECT_THAT(error<UnsupportedError>([] {
                conv(make_placeholder({Shape{1, 9000, 4, 4, 1}}),
                     make_placeholder({Shape{2000, 1, 1, 1, 1}}));
              }),
              HasSubstr("[conv] The kernel is too deep."));
  EXPECT_THAT(
      error<DTypeError>([&] { conv(cast(x, DType::complex64), cast(k, DType::complex64)); }),
      HasSubstr("[conv2d] The element types do not fit. Expected Arrays of one floating dtype. "
                "Received complex64(2, 8, 8, 4), complex64(3, 3, 4, 6). Hint: convolve real and "
                "imaginary parts by themselves."));

  EXPECT_THAT(error<ShapeError>([&] {
                depthwise_conv(x, zeros({3, 3, 2, 2}));
              }),
              HasSubstr("[depthwise_conv] The kernel was made for another number of channels."));
  EXPECT_THAT(error<ShapeError>([&] {
                conv_transpose(x, zeros({3, 3, 6, 3}));
              }),
              HasSubstr("[conv_transpose] The kernel was made for another number of channels."));
  EXPECT_THAT(error<ValueError>([&] {
                conv_transpose(x, zeros({3, 3, 6, 4}), {.output_padding = {-1}});
              }),
              HasSubstr("[conv_transpose] The output padding is out of range."));
  EXPECT_THAT(error<ShapeError>([&] {
                conv_transpose(zeros({1, 1, 3}), zeros({2, 1, 3}),
                               {.padding = "same", .output_padding = {0}});
              }),
              HasSubstr("[conv_transpose] The output would be empty or too long."));

  EXPECT_THAT(error<ValueError>([&] { max_pool(x, {.pool_size = {0}}); }),
              HasSubstr("[max_pool] The window is out of range."));
  EXPECT_THAT(error<UnsupportedError>([] {
                max_pool(zeros({1, 300, 1}), {.pool_size = {257}});
              }),
              HasSubstr("at most 256 positions"));
  EXPECT_THAT(error<ValueError>([&] {
                adaptive_max_pool(x, {2, 2, 2});
              }),
              HasSubstr("[adaptive_max_pool] The output size does not fit the input."));
  EXPECT_THAT(error<ShapeError>([] {
                adaptive_average_pool(zeros({1, 0, 2}), {1});
              }),
              HasSubstr("[adaptive_average_pool] There is nothing to pool."));
  EXPECT_THAT(error<UnsupportedError>([] {
                adaptive_max_pool(make_placeholder({Shape{1, int64_t{1} << 40, 1}}), {3});
              }),
              HasSubstr("[adaptive_max_pool] The windows of an axis hold too many elements."));
}

TEST(Spatial, ConvolutionsOfImagesAreTheRecordItself) {
  // No op stands between: what the compiler fuses and which kernels it finds stays as for conv2d.
  const Array x = zeros({2, 8, 8, 4}), k = zeros({3, 3, 4, 6});
  for (const Array& y : {conv(x, k), conv2d(x, k)}) {
    EXPECT_EQ(y.node()->op->name, "conv2d");
    EXPECT_EQ(y.node()->inputs[0].node.get(), x.node());
    EXPECT_EQ(y.node()->inputs[1].node.get(), k.node());
  }
  EXPECT_EQ(max_pool(x).node()->op->name, "max_pool2d");
  EXPECT_EQ(conv_transpose(x, zeros({3, 3, 6, 4})).node()->op->name, "conv2d_backward_input");
}

}  // namespace
}  // namespace danlu
