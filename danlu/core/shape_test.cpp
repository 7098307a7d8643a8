#include "danlu/core/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"

namespace danlu {
namespace {

using testing::HasSubstr;

template <class Body>
std::string shape_error(Body body) {
  try {
    body();
  } catch (const ShapeError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ShapeError";
  return "";
}

TEST(Shape, PrintsLikeATuple) {
  EXPECT_EQ(Shape().to_string(), "()");
  EXPECT_EQ(Shape({5}).to_string(), "(5,)");
  EXPECT_EQ(Shape({Shape::kUnknown, 28, 28, 1}).to_string(), "(None, 28, 28, 1)");
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().num_elements(), 1);
  EXPECT_EQ(Shape({3, 4}).num_elements(), 12);
  EXPECT_EQ(Shape({3, 0, 4}).num_elements(), 0);
}

TEST(Shape, NegativeAxesCountFromTheEnd) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape[-3], 2);
  EXPECT_EQ(shape.with_dim(-1, 9), Shape({2, 3, 9}));
  EXPECT_EQ(shape.without_axis(-2), Shape({2, 4}));
  EXPECT_EQ(shape.with_axis_inserted(-1, 1), Shape({2, 3, 4, 1}));
  EXPECT_EQ(shape.with_axis_inserted(0, 1), Shape({1, 2, 3, 4}));
}

TEST(Shape, EqualityLooksAtRankAndDims) {
  EXPECT_NE(Shape({1}), Shape());
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_FALSE(Shape({2, Shape::kUnknown}).is_known());
}

TEST(Shape, RefusesWhatCannotExist) {
  EXPECT_EQ(shape_error([] {
              Shape({1, 1, 1, 1, 1, 1, 1, 1, 1});
            }),
            "[Shape] An Array has too many dimensions. Expected at most 8. Received 9.");
  EXPECT_THAT(shape_error([] { Shape({2, -3}); }), HasSubstr("A dimension is negative"));
  EXPECT_THAT(shape_error([] {
                Shape({int64_t{1} << 40, int64_t{1} << 40});
              }),
              HasSubstr("The number of elements overflows"));
}

TEST(BroadcastShapes, FollowsNumPy) {
  EXPECT_EQ(broadcast_shapes({3, 1}, {4}, "add"), Shape({3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {2, 2}, "add"), Shape({2, 2}));
  EXPECT_EQ(broadcast_shapes({0, 1}, {1, 5}, "add"), Shape({0, 5}));
  EXPECT_EQ(broadcast_shapes({Shape::kUnknown, 1}, {7, 3}, "add"), Shape({7, 3}));
  EXPECT_EQ(broadcast_shapes({Shape::kUnknown, 3}, {1, 3}, "add"), Shape({Shape::kUnknown, 3}));
}

TEST(BroadcastShapes, NamesBothShapes) {
  EXPECT_EQ(
      shape_error([] {
        broadcast_shapes({2, 3}, {4}, "multiply");
      }),
      "[multiply] The shapes cannot be broadcast together. Expected dimensions that are equal "
      "or 1, compared from the last. Received (2, 3) and (4,). Hint: reshape one of them so "
      "that the dimensions line up.");
}

TEST(NormalizeAxis, CountsFromTheEndAndChecksTheRange) {
  EXPECT_EQ(normalize_axis(-1, 4, "sum"), 3);
  EXPECT_EQ(normalize_axis(0, 4, "sum"), 0);
  EXPECT_EQ(shape_error([] { normalize_axis(4, 4, "sum"); }),
            "[sum] The axis is out of range. Expected an axis from -4 to 3. Received 4.");
  EXPECT_THAT(shape_error([] { normalize_axis(0, 0, "sum"); }),
              HasSubstr("no axis, since the input is a scalar"));
}

}  // namespace
}  // namespace danlu
