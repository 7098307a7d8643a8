#include "danlu/ops/manipulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(Manipulation, Shapes) {
  const Array x = array({2, 3, 4});
  EXPECT_EQ(reshape(x, {4, -1}).shape(), (Shape{4, 6}));
  EXPECT_EQ(reshape(x, Shape{2, 3, 4}).node(), x.node());
  EXPECT_EQ(transpose(x).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(transpose(x, {0, -1, 1}).shape(), (Shape{2, 4, 3}));
  EXPECT_EQ(broadcast_to(array({3, 1}), {2, 3, 5}).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(expand_dims(x, -1).shape(), (Shape{2, 3, 4, 1}));
  EXPECT_EQ(expand_dims(x, 1).shape(), (Shape{2, 1, 3, 4}));
  EXPECT_EQ(squeeze(array({1, 3, 1})).shape(), (Shape{3}));
  EXPECT_EQ(squeeze(array({1, 3, 1}), -1).shape(), (Shape{1, 3}));
  EXPECT_EQ(pad(x, {{{1, 0}}, {{0, 2}}, {{3, 3}}}).shape(), (Shape{3, 5, 10}));
  EXPECT_EQ(concatenate({array({2, 3}), array({2, 5})}, -1).shape(), (Shape{2, 8}));
  EXPECT_EQ(concatenate({array({2}, DType::int32), array({2})}).dtype(), DType::float32);
  EXPECT_EQ(stack({array({2, 3}), array({2, 3})}, -1).shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(take(x, array({5, 6}, DType::int32), 1).shape(), (Shape{2, 5, 6, 4}));
  EXPECT_EQ(one_hot(array({5}, DType::uint8), 10).spec(), (TensorSpec{{5, 10}, DType::float32}));
  EXPECT_EQ(zeros({2, 3}).spec(), (TensorSpec{{2, 3}, DType::float32}));
  EXPECT_EQ(ones_like(array({2}, DType::int64)).spec(), (TensorSpec{{2}, DType::int64}));
  EXPECT_EQ(arange(0, 10, 3).shape(), (Shape{4}));
  EXPECT_EQ(arange(10, 0, -3).shape(), (Shape{4}));
  EXPECT_EQ(arange(3, 3).shape(), (Shape{0}));
}

TEST(Manipulation, SlicesReadLikePython) {
  const auto attrs = [](const Array& x) { return attrs_as<SliceAttrs>(x.node()->attrs); };
  const Array x = array({10, 6});
  SliceAttrs a = attrs(slice(x, {2}, {7}));
  EXPECT_THAT(a.start, ElementsAre(2, 0));
  EXPECT_THAT(a.size, ElementsAre(5, 6));
  a = attrs(slice(x, {-3, 1}, {100, -1}, {1, 2}));
  EXPECT_THAT(a.start, ElementsAre(7, 1));
  EXPECT_THAT(a.size, ElementsAre(3, 2));
  a = attrs(slice(x, {-1}, {-100}, {-3}));
  EXPECT_THAT(a.start, ElementsAre(9, 0));
  EXPECT_THAT(a.size, ElementsAre(4, 6));
  EXPECT_EQ(slice(x, {7}, {2}).shape(), (Shape{0, 6}));
  EXPECT_EQ(slice(x, {0}, {10}).node(), x.node());
}

TEST(Manipulation, Errors) {
  const Array x = array({2, 3});
  EXPECT_EQ(error_text<ShapeError>([&] {
              reshape(x, Shape{4, 2});
            }),
            "[reshape] The new shape has another number of elements. Expected 6 elements, as in "
            "(2, 3). Received (4, 2).");
  EXPECT_EQ(error_text<ShapeError>([&] {
              reshape(x, {-1, 4});
            }),
            "[reshape] The dimension −1 has no solution. Expected known dimensions whose product "
            "divides 6, the number of elements of (2, 3). Received 4.");
  EXPECT_THAT(error_text<ShapeError>([&] { reshape(x, {-1, -1}); }), HasSubstr("at most one −1"));
  EXPECT_EQ(error_text<ShapeError>([&] {
              transpose(x, {0, 0});
            }),
            "[transpose] The axes are no permutation. Expected each axis of (2, 3) once. Received "
            "[0, 0].");
  EXPECT_THAT(error_text<ShapeError>([&] { transpose(x, {1}); }), HasSubstr("no permutation"));
  EXPECT_EQ(error_text<ShapeError>([&] {
              broadcast_to(x, {2, 4});
            }),
            "[broadcast_to] The input does not broadcast to the shape. Expected dimensions of "
            "(2, 4) or 1, compared from the last. Received (2, 3).");
  EXPECT_EQ(error_text<ShapeError>([&] { squeeze(x, 0); }),
            "[squeeze] The axis cannot be dropped. Expected length 1 along axis 0. Received "
            "(2, 3).");
  EXPECT_EQ(error_text<ValueError>([&] { slice(x, {0}, {2}, {0}); }),
            "[slice] The step is 0. Expected a step other than 0. Received 0 for axis 0.");
  EXPECT_THAT(error_text<ShapeError>([&] {
                slice(x, {0}, {2, 1});
              }),
              HasSubstr("start, stop and step have the wrong lengths"));
  EXPECT_THAT(error_text<ShapeError>([&] {
                pad(x, {{{1, 1}}});
              }),
              HasSubstr("[pad] The padding does not fit the input."));
  EXPECT_THAT(error_text<ShapeError>([&] {
                pad(x, {{{-1, 1}}, {{0, 0}}});
              }),
              HasSubstr("Expected widths of 0 or more for each axis of (2, 3)."));
  EXPECT_EQ(error_text<ShapeError>([&] {
              concatenate({x, array({2, 4})});
            }),
            "[concatenate] The inputs do not fit together. Expected shapes that differ along axis "
            "0 only. Received (2, 3) and (2, 4).");
  EXPECT_THAT(error_text<ShapeError>([] { concatenate({}); }), HasSubstr("nothing to join"));
  EXPECT_THAT(error_text<ShapeError>([] { stack({}); }), HasSubstr("[stack > concatenate]"));
  EXPECT_THAT(error_text<ShapeError>([&] {
                stack({x, array({3})});
              }),
              HasSubstr("[stack] The inputs have different shapes."));
  EXPECT_EQ(error_text<DTypeError>([&] { take(x, array({2}), 0); }),
            "[take] The indices are no integers. Expected an integer dtype. Received "
            "float32(2,). Hint: cast(indices, DType::int32).");
  EXPECT_EQ(error_text<ShapeError>([&] {
              scatter_add(x, array({3}, DType::int32), {5, 3});
            }),
            "[scatter_add] The updates do not fit the indices and the shape. Expected updates of "
            "shape (3, 3). Received (2, 3).");
  EXPECT_THAT(error_text<DTypeError>([&] { one_hot(x, 3); }),
              HasSubstr("[one_hot] The classes are no integers."));
  EXPECT_EQ(error_text<ValueError>([&] { one_hot(array({2}, DType::int32), 0); }),
            "[one_hot] The number of classes is not usable. Expected num_classes of 1 or more. "
            "Received 0.");
  EXPECT_THAT(error_text<ValueError>([] { arange(0, 3, 0); }), HasSubstr("[arange] The step is 0"));
}

TEST(Manipulation, FaultTexts) {
  EXPECT_EQ(take_op().fault_text(make_attrs(TakeAttrs{0, 5}).get(), 7),
            "An index is out of range. Expected an index from -5 to 4. Received 7.");
  EXPECT_EQ(scatter_add_op().fault_text(make_attrs(ScatterAddAttrs{{2, 3}, 1}).get(), -4),
            "An index is out of range. Expected an index from -3 to 2. Received -4.");
  EXPECT_EQ(one_hot_op().fault_text(make_attrs(OneHotAttrs{10}).get(), 10),
            "A class is out of range. Expected a class from 0 to 9. Received 10.");
}

}  // namespace
}  // namespace danlu
