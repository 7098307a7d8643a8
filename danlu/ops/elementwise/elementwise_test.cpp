#include "danlu/ops/elementwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise/cast_attrs.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"

namespace danlu {
namespace {

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

/// The value of a leaf.
template <class T>
T leaf(const Array& x) {
  EXPECT_EQ(x.node()->op, nullptr);
  T value;
  std::memcpy(&value, x.data(), sizeof(T));
  return value;
}

TEST(Elementwise, ShapesBroadcastAndDtypesPromote) {
  const Array a = array({5, 1, 3}), b = array({4, 1});
  EXPECT_EQ(add(a, b).spec(), (TensorSpec{{5, 4, 3}, DType::float32}));
  EXPECT_EQ((array({2}, DType::int32) + array({2}, DType::float64)).dtype(), DType::float64);
  EXPECT_EQ((array({2}, DType::bfloat16) * array({2}, DType::float32)).dtype(), DType::float32);
  EXPECT_EQ((array({2}, DType::uint8) - array({2}, DType::int64)).dtype(), DType::int64);
  EXPECT_EQ((array({2}, DType::int32) < array({3, 1}, DType::float32)).spec(),
            (TensorSpec{{3, 2}, DType::bool_}));
  EXPECT_EQ(divide(array({2}, DType::int32), array({2}, DType::int32)).dtype(), DType::float32);
  EXPECT_EQ(divide(array({2}, DType::int32), array({2}, DType::float64)).dtype(), DType::float64);
  EXPECT_EQ(exp(array({2}, DType::int64)).dtype(), DType::float32);
  EXPECT_EQ(sqrt(array({2}, DType::bfloat16)).dtype(), DType::bfloat16);
  EXPECT_EQ(floor(array({2}, DType::int32)).dtype(), DType::float32);
  EXPECT_EQ(isnan(array({2, 2})).spec(), (TensorSpec{{2, 2}, DType::bool_}));
}

TEST(Elementwise, BareNumbersTakeTheOtherDtypeWithoutAnOp) {
  const auto second = [](const Array& x, const Array& number) {
    return elementwise::promoted(x, number).second;
  };
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    EXPECT_EQ(second(array({2}, dtype), 0.1).dtype(), dtype);
    EXPECT_EQ(second(array({2}, dtype), 3).dtype(), dtype);
    EXPECT_EQ((array({2}, dtype) * 0.1).dtype(), dtype);
    EXPECT_EQ((2 * array({2}, dtype)).dtype(), dtype);
  }
  // The literal's digits are not lost on the way through float32.
  EXPECT_EQ(leaf<double>(second(array({2}, DType::float64), 0.1)), 0.1);
  EXPECT_EQ(leaf<int64_t>(second(array({2}, DType::int64), int64_t{1} << 40)), int64_t{1} << 40);
  EXPECT_EQ(second(array({2}, DType::float64), 1).scalar_class(), ScalarClass::one);
  EXPECT_EQ(second(array({2}, DType::int64), -1).scalar_class(), ScalarClass::minus_one);
  EXPECT_EQ(second(array({2}), 0.5).scalar_class(), ScalarClass::half);

  EXPECT_EQ((array({2}, DType::uint8) + 300).dtype(), DType::uint8);
  EXPECT_EQ((array({2}, DType::int64) * 0.5).dtype(), DType::float32);
  EXPECT_EQ((array({2}, DType::bool_) * 2).dtype(), DType::int32);
  EXPECT_EQ((Array(2) * Array(3)).dtype(), DType::int32);
  EXPECT_EQ((Array(2) * Array(3.5)).dtype(), DType::float32);
  EXPECT_EQ((Array(1) / Array(2)).dtype(), DType::float32);
}

TEST(Elementwise, CastOfANumberIsANumber) {
  EXPECT_EQ(leaf<double>(cast(0.1, DType::float64)), 0.1);
  EXPECT_FALSE(cast(0.1, DType::float32).is_weak());
  EXPECT_EQ(cast(2, DType::float32).scalar_class(), ScalarClass::two);
  const Array x = array({3});
  EXPECT_EQ(cast(x, DType::float32).node(), x.node());
  EXPECT_EQ(cast(x, DType::int32).node()->op, &cast_op());
}

TEST(Elementwise, PlaceholdersAreNeverReadAtOnce) {
  const Array traced = make_placeholder({Shape{}, DType::float32});
  EXPECT_EQ(elementwise::promoted(array({2}, DType::float64), traced).second.node()->op,
            &cast_op());
}

TEST(Elementwise, ErrorsNameTheOpAndTheInputs) {
  EXPECT_EQ(error_text<ShapeError>([] {
              array({3, 4}) + array({5});
            }),
            "[add] The shapes cannot be broadcast together. Expected dimensions that are equal or "
            "1, compared from the last. Received (3, 4) and (5,). Hint: reshape one of them so "
            "that the dimensions line up.");
  EXPECT_EQ(error_text<DTypeError>([] { negative(array({2}, DType::bool_)); }),
            "[negative] The op is not defined for bool. Expected a floating or integer dtype. "
            "Received bool(2,). Hint: use logical ops, or cast(x, DType::int32) first.");
  EXPECT_THAT(error_text<DTypeError>([] { array({2}, DType::bool_) - array({2}, DType::bool_); }),
              HasSubstr("[subtract] The op is not defined for bool."));
  EXPECT_EQ(error_text<DTypeError>([] {
              make_op(where_op(), {array({2}), array({2}), array({2})});
            }),
            "[where] The condition is not bool. Expected a bool Array. Received float32(2,). "
            "Hint: compare it, e.g. condition != 0.");
  EXPECT_EQ(error_text<DTypeError>([] {
              make_op(multiply_op(), {array({2}), array({2}, DType::int32)});
            }),
            "[multiply] The operands have different dtypes. Expected one dtype. Received "
            "float32(2,) and int32(2,). Hint: cast one of them to the dtype of the other.");
  EXPECT_EQ(error_text<DTypeError>([] { make_op(exp_op(), {array({2}, DType::int32)}); }),
            "[exp] The op is defined for floating and complex dtypes only. Expected float32, "
            "float64, float16, bfloat16 or complex64. Received int32(2,). Hint: cast(x, "
            "DType::float32) first.");
  EXPECT_THAT(error_text<ShapeError>([] { clip(array({2}), array({3}), 1); }),
              HasSubstr("[maximum] The shapes cannot be broadcast together."));
}

TEST(Elementwise, DerivativesHaveTheDtypeOfTheOutput) {
  const Array x = array({3}, DType::float64), y = array({2, 3}, DType::float64);
  for (const auto& op :
       {add_op, subtract_op, multiply_op, divide_op, power_op, maximum_op, minimum_op}) {
    const Array inputs[] = {x, y};
    const Array output = make_op(op(), {x, y});
    for (int i = 0; i < 2; ++i) {
      const Array derivative =
          op().derivative({.inputs = inputs, .outputs = std::span(&output, 1)}, i);
      EXPECT_EQ(derivative.dtype(), DType::float64) << op().name;
      EXPECT_EQ(broadcast_shapes(derivative.shape(), output.shape(), "test"), output.shape());
    }
  }
  for (const auto& op : {negative_op, abs_op, exp_op, log_op, log1p_op, expm1_op, sqrt_op, rsqrt_op,
                         square_op, reciprocal_op, tanh_op, sigmoid_op, relu_op, softplus_op,
                         erf_op, sin_op, cos_op, copy_op}) {
    const Array output = make_op(op(), {x});
    const Array derivative =
        op().derivative({.inputs = std::span(&x, 1), .outputs = std::span(&output, 1)}, 0);
    EXPECT_EQ(derivative.dtype(), DType::float64) << op().name;
  }
  for (const auto& op : {sign_op, floor_op, ceil_op, round_op, isnan_op, stop_gradient_op}) {
    const Array output = make_op(op(), {x});
    EXPECT_FALSE(op().derivative({.inputs = std::span(&x, 1), .outputs = std::span(&output, 1)}, 0)
                     .defined())
        << op().name;
  }
}

}  // namespace
}  // namespace danlu
