#include "danlu/ops/conv/conv_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/random.h"

namespace danlu {
namespace {

using ::testing::HasSubstr;

// The text of the E that `body` throws.
template <class E, class Body>
std::string error(Body body) {
  try {
    body();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another error: ") + e.what();
  }
  return "no error";
}

const Array image = zeros({2, 7, 6, 4});

TEST(ConvolutionShapes, FollowTensorFlow) {
  auto shape = [](Conv2DOptions options) {
    return conv2d(image, zeros({3, 3, 4 / options.groups, 8}), options).shape();
  };
  EXPECT_EQ(shape({}), (Shape{2, 5, 4, 8}));
  EXPECT_EQ(shape({.padding = "same"}), (Shape{2, 7, 6, 8}));
  EXPECT_EQ(shape({.strides = {2, 2}, .padding = "same"}), (Shape{2, 4, 3, 8}));
  EXPECT_EQ(shape({.strides = {2, 3}}), (Shape{2, 3, 2, 8}));
  EXPECT_EQ(shape({.dilation_rate = {2, 2}}), (Shape{2, 3, 2, 8}));
  EXPECT_EQ(shape({.groups = 2}), (Shape{2, 5, 4, 8}));
  EXPECT_EQ(max_pool2d(image).shape(), (Shape{2, 3, 3, 4}));
  EXPECT_EQ(max_pool2d(image, {.padding = "same"}).shape(), (Shape{2, 4, 3, 4}));
  EXPECT_EQ(average_pool2d(image, {.pool_size = {3, 2}, .strides = {1, 1}}).shape(),
            (Shape{2, 5, 5, 4}));
  // The odd pixel of "same" goes behind, as TensorFlow puts it.
  const auto padding =
      convolution::resolve_padding("test", "same", {1, 6, 7, 1}, {3, 3}, {2, 2}, {1, 1});
  EXPECT_EQ(padding.before, (std::array<int64_t, 2>{0, 1}));
  EXPECT_EQ(padding.after, (std::array<int64_t, 2>{1, 1}));
}

TEST(ConvolutionErrors, SayWhatIsWrong) {
  EXPECT_EQ(error<ShapeError>([] {
              conv2d(image, zeros({3, 3, 3, 8}));
            }),
            "[conv2d] The kernel was made for another number of channels. Expected 4 channels per "
            "group, for an input of shape (2, 7, 6, 4). Received a kernel of shape (3, 3, 3, 8). "
            "Hint: images are channels last: (batch, height, width, channels).");
  EXPECT_EQ(error<ValueError>([] {
              conv2d(image, zeros({3, 3, 1, 8}), {.groups = 3});
            }),
            "[conv2d] The groups do not divide the channels. Expected groups that divide 4 input "
            "channels and 8 filters. Received 3.");
  EXPECT_EQ(error<ShapeError>([] {
              conv2d(image, zeros({8, 3, 4, 8}));
            }),
            "[conv2d] The kernel is larger than the padded input. Expected at most (7, 6). "
            "Received (8, 3) for an input of shape (2, 7, 6, 4). Hint: use padding 'same' or a "
            "smaller window.");
  EXPECT_THAT(
      error<ValueError>([] {
        conv2d(image, zeros({3, 3, 4, 8}), {.strides = {0, 1}});
      }),
      HasSubstr("The stride is out of range. Expected two whole numbers from 1 to 2147483647. "
                "Received (0, 1)"));
  EXPECT_THAT(error<ValueError>([] {
                conv2d(image, zeros({3, 3, 4, 8}), {.dilation_rate = {1, 0}});
              }),
              HasSubstr("The dilation rate is out of range"));
  EXPECT_THAT(error<ValueError>([] {
                conv2d(image, zeros({3, 3, 4, 8}), {.padding = "full"});
              }),
              HasSubstr("Expected 'valid' or 'same'. Received 'full'"));
  EXPECT_THAT(error<ShapeError>([] {
                conv2d(zeros({7, 6, 4}), zeros({3, 3, 4, 8}));
              }),
              HasSubstr("add the missing axis with expand_dims"));
  EXPECT_THAT(error<ShapeError>([] {
                conv2d(image, zeros({3, 3, 4}));
              }),
              HasSubstr("The kernel has the wrong rank"));
  EXPECT_THAT(error<ShapeError>([] {
                max_pool2d(image, {.pool_size = {9, 9}});
              }),
              HasSubstr("The pooling window is larger than the padded input"));
  EXPECT_THAT(error<UnsupportedError>([] {
                max_pool2d(zeros({1, 40, 40, 1}), {.pool_size = {17, 17}});
              }),
              HasSubstr("Expected at most 256 positions. Received (17, 17)"));
  EXPECT_THAT(error<DTypeError>([] {
                max_pool2d(zeros({1, 4, 4, 1}, DType::bool_));
              }),
              HasSubstr("Neither bool nor complex numbers are pooled"));
}

TEST(ProductErrors, SayWhatIsWrong) {
  EXPECT_EQ(error<ShapeError>([] {
              matmul(zeros({2, 3}), zeros({4, 5}));
            }),
            "[matmul] The inner dimensions differ. Expected as many columns of a as rows of b. "
            "Received 3 and 4, from float32(2, 3) and float32(4, 5).");
  EXPECT_THAT(error<ShapeError>([] {
                matmul(Array(2.0f), zeros({4, 5}));
              }),
              HasSubstr("use multiply for a product with a number"));
  EXPECT_THAT(error<DTypeError>([] {
                matmul(zeros({2, 2}, DType::bool_), zeros({2, 2}, DType::bool_));
              }),
              HasSubstr("one dtype other than bool"));
  EXPECT_EQ(matmul(zeros({3}), zeros({3})).shape(), Shape{});
  EXPECT_EQ(matmul(zeros({3}), zeros({5, 3, 2})).shape(), (Shape{5, 2}));
  EXPECT_EQ(matmul(zeros({5, 2, 3}), zeros({3})).shape(), (Shape{5, 2}));
}

TEST(LossErrors, SayWhatIsWrong) {
  EXPECT_THAT(error<ShapeError>([] {
                sparse_categorical_crossentropy(zeros({4}, DType::int32), zeros({5, 3}));
              }),
              HasSubstr("Expected labels of shape (5,) for an output of shape (5, 3). Received "
                        "(4,). Hint: for one-hot targets use categorical_crossentropy"));
  EXPECT_THAT(error<ShapeError>([] {
                categorical_crossentropy(zeros({4}), zeros({4, 3}));
              }),
              HasSubstr("use sparse_categorical_crossentropy"));
}

TEST(SparseCategoricalCrossentropy, AProbabilityOfZeroElsewhereCostsNothing) {
  const float inf = std::numeric_limits<float>::infinity();
  const Array logits(std::vector<float>{-inf, 0, 0, -inf}, Shape{2, 2});
  const Array labels(std::vector<int32_t>{1, 0});
  const auto loss = sparse_categorical_crossentropy(labels, logits, {.from_logits = true});
  EXPECT_EQ(loss.to_vector(), (std::vector<float>{0, 0}));
  const Array wrong(std::vector<int32_t>{1, 2});
  EXPECT_THAT(error<ValueError>([&] { sparse_categorical_crossentropy(wrong, logits).eval(); }),
              HasSubstr("2"));
}

TEST(RandomErrors, SayWhatIsWrong) {
  const Array state = SeedGenerator(1).next();
  EXPECT_EQ(error<ValueError>([&] { random::uniform(state, {2}, 1, 1); }),
            "[random_uniform] The range is empty or not finite. Expected minval < maxval. "
            "Received [1, 1).");
  EXPECT_THAT(error<ValueError>([&] { random::normal(state, {2}, 0, -1); }),
              HasSubstr("a standard deviation of 0 or more"));
  EXPECT_THAT(error<ValueError>([&] { random::bernoulli(state, {2}, 1.5); }),
              HasSubstr("The probability is out of range"));
  EXPECT_THAT(error<DTypeError>([&] { random::uniform(zeros({2}), {2}); }),
              HasSubstr("The random state has the wrong dtype"));
  EXPECT_THAT(error<DTypeError>([&] { random::uniform(state, {2}, 0, 1, DType::int32); }),
              HasSubstr("need a floating dtype"));
}

TEST(SeedGenerator, CountsItsDraws) {
  SeedGenerator seeds(7);
  const Array first = seeds.next(), second = seeds.next();
  EXPECT_EQ(first.to_vector<int64_t>(), (std::vector<int64_t>{7, 0}));
  EXPECT_EQ(second.to_vector<int64_t>(), (std::vector<int64_t>{7, 1}));
  EXPECT_NE(random::uniform(first, {8}).to_vector(), random::uniform(second, {8}).to_vector());
  EXPECT_EQ(random::uniform(first, {8}).to_vector(), random::uniform(first, {8}).to_vector());
  // A state that is not known yet moves on lazily.
  seeds.set_state(make_placeholder({Shape{2}, DType::int64}));
  seeds.next();
  EXPECT_FALSE(seeds.state().is_evaluated());
}

}  // namespace
}  // namespace danlu
