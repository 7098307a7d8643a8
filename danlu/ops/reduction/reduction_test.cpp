#include "danlu/ops/reduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

template <class E, class F>
std::string error_text(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no error of this type";
}

Array array(const Shape& shape, DType dtype = DType::float32) {
  return Array::from_buffer(Buffer::allocate(TensorSpec{shape, dtype}.bytes()), {shape, dtype});
}

TEST(Reduction, Shapes) {
  const Array x = array({2, 3, 4});
  EXPECT_EQ(sum(x).shape(), Shape{});
  EXPECT_EQ(sum(x, {}, true).shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(sum(x, {-1}).shape(), (Shape{2, 3}));
  EXPECT_EQ(max(x, {2, 0}, true).shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(mean(x, {1}).shape(), (Shape{2, 4}));
  EXPECT_EQ(logsumexp(x, {-1}).shape(), (Shape{2, 3}));
  EXPECT_EQ(logsumexp(x, {1}, true).shape(), (Shape{2, 1, 4}));
  EXPECT_EQ(argmax(x).shape(), Shape{});
  EXPECT_EQ(argmax(x, {}, true).shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(argmin(x, -2).shape(), (Shape{2, 4}));
  EXPECT_EQ(argmin(x, 1, true).shape(), (Shape{2, 1, 4}));
  EXPECT_EQ(sum(array({0, 3}), {0}).shape(), (Shape{3}));
  EXPECT_EQ(max(array({0, 3}), {1}).shape(), (Shape{0}));
  EXPECT_EQ(sum(array({})).shape(), Shape{});
}

TEST(Reduction, Dtypes) {
  for (const DType dtype : {DType::bool_, DType::uint8, DType::int32, DType::int64}) {
    const DType narrow = dtype == DType::uint8 ? DType::uint32 : DType::int32;
    EXPECT_EQ(sum(array({3}, dtype)).dtype(), dtype == DType::int64 ? DType::int64 : narrow);
    EXPECT_EQ(mean(array({3}, dtype)).dtype(), DType::float32);
    EXPECT_EQ(max(array({3}, dtype)).dtype(), dtype);
    EXPECT_EQ(argmax(array({3}, dtype)).dtype(), DType::int32);
  }
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    EXPECT_EQ(sum(array({3}, dtype)).dtype(), dtype);
    EXPECT_EQ(mean(array({3}, dtype)).dtype(), dtype);
    EXPECT_EQ(logsumexp(array({3}, dtype)).dtype(), dtype);
  }
}

TEST(Reduction, AxesAreNormalized) {
  const Array a = sum(array({2, 3, 4}), {-1, 0});
  EXPECT_THAT(attrs_as<ReductionAttrs>(a.node()->attrs).axes, testing::ElementsAre(0, 2));
}

TEST(Reduction, Errors) {
  EXPECT_EQ(error_text<ShapeError>([] {
              sum(array({2, 3}), {2});
            }),
            "[sum] The axis is out of range. Expected an axis from -2 to 1. Received 2.");
  EXPECT_EQ(error_text<ShapeError>([] {
              mean(array({2, 3}), {1, -1});
            }),
            "[mean] An axis is given twice. Expected distinct axes. Received axes (1, -1) for "
            "shape (2, 3).");
  EXPECT_EQ(error_text<ShapeError>([] {
              max(array({0, 3}), {0});
            }),
            "[max] There is no element to choose from. Expected at least one element along axis 0. "
            "Received (0, 3).");
  EXPECT_THAT(error_text<ShapeError>([] {
                argmin(array({3, 0}));
              }),
              testing::HasSubstr("[argmin] There is no element to choose from."));
  EXPECT_THAT(error_text<ShapeError>([] { argmax(array({3}), 1); }),
              testing::HasSubstr("[argmax] The axis is out of range."));
  EXPECT_EQ(error_text<ShapeError>([] {
              sum_to_shape(array({2, 3}), {2, 2});
            }),
            "[sum_to_shape] The shapes cannot be broadcast together. Expected dimensions that are "
            "equal or 1, compared from the last. Received (2, 3) and (2, 2). Hint: reshape one of "
            "them so that the dimensions line up.");
  EXPECT_EQ(error_text<ShapeError>([] {
              sum_to_shape(array({1, 3}), {2, 3});
            }),
            "[sum_to_shape] The shape does not broadcast to the input's. Expected a shape that "
            "broadcasts to (1, 3). Received (2, 3).");
  EXPECT_THAT(error_text<ShapeError>([] {
                sum_to_shape(array({3}), {1, 3});
              }),
              testing::HasSubstr("The shape does not broadcast to the input's."));
}

TEST(Reduction, SumToShapeUndoesBroadcasting) {
  const Array x = array({4, 2, 3});
  EXPECT_EQ(sum_to_shape(x, {4, 2, 3}).node(), x.node());
  EXPECT_EQ(sum_to_shape(x, {3}).shape(), (Shape{3}));
  EXPECT_EQ(sum_to_shape(x, {2, 1}).shape(), (Shape{2, 1}));
  EXPECT_EQ(sum_to_shape(x, {}).shape(), Shape{});
  // Nothing to sum: only the shape changes.
  EXPECT_EQ(sum_to_shape(array({1, 3}), {3}).shape(), (Shape{3}));
}

}  // namespace
}  // namespace danlu
