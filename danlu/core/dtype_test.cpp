#include "danlu/core/dtype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "danlu/base/error.h"

namespace danlu {
namespace {

template <class From, class To>
std::vector<To> converted(const std::vector<From>& from) {
  std::vector<To> to(from.size());
  convert_elements(from.data(), dtype_of<From>, to.data(), dtype_of<To>, from.size());
  return to;
}

TEST(DType, NamesAndSizesAreThoseOfTheStoredTypes) {
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_from_name(name(dtype)), dtype);
    dispatch(dtype, [&](auto tag) {
      EXPECT_EQ(dtype_of<decltype(tag)>, dtype);
      EXPECT_EQ(size_of(dtype), sizeof(tag)) << name(dtype);
    });
    EXPECT_EQ(is_floating(dtype) + is_complex(dtype) + is_integer(dtype) + (dtype == DType::bool_),
              1);
    if (is_integer(dtype)) {
      EXPECT_EQ(is_unsigned(dtype), name(dtype).starts_with('u')) << name(dtype);
      EXPECT_NE(name(dtype).find(std::to_string(8 * size_of(dtype))), std::string::npos);
    }
  }
  EXPECT_THROW(dtype_from_name("complex128"), DTypeError);
}

TEST(DType, EveryConversionIsThatOfItsElement) {
  const std::vector<double> numbers = {0, 1, 2, 3.75, 100, 127, -1, -2.5, -100};
  // Long enough for several blocks, the last of them short.
  std::vector<double> values;
  while (values.size() < 1000) values.push_back(numbers[values.size() % numbers.size()]);
  for (int i = 0; i < kNumDTypes; ++i) {
    dispatch(static_cast<DType>(i), [&](auto from_tag) {
      using From = decltype(from_tag);
      std::vector<std::conditional_t<std::is_same_v<From, bool>, uint8_t, From>> source;
      for (double x : values) source.push_back(convert_element<From>(x));
      for (int j = 0; j < kNumDTypes; ++j) {
        dispatch(static_cast<DType>(j), [&](auto to_tag) {
          using To = decltype(to_tag);
          std::vector<std::conditional_t<std::is_same_v<To, bool>, uint8_t, To>> target(
              values.size());
          convert_elements(source.data(), static_cast<DType>(i), target.data(),
                           static_cast<DType>(j), values.size());
          for (size_t k = 0; k < values.size(); ++k) {
            const To expected = convert_element<To>(convert_element<From>(values[k]));
            ASSERT_EQ(convert_element<complex64>(static_cast<To>(target[k])),
                      convert_element<complex64>(expected))
                << name(static_cast<DType>(i)) << " to " << name(static_cast<DType>(j)) << ", "
                << values[k];
          }
        });
      }
    });
  }
}

TEST(DType, IntegersConvertExactly) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const int64_t odd = (int64_t{1} << 53) + 1;
  EXPECT_THAT((converted<int64_t, uint64_t>({odd, -1, kMax})),
              testing::ElementsAre(uint64_t(odd), ~uint64_t{0}, uint64_t(kMax)));
  EXPECT_THAT((converted<uint64_t, int64_t>({uint64_t(odd), ~uint64_t{0}})),
              testing::ElementsAre(odd, -1));
  EXPECT_THAT((converted<int64_t, int8_t>({odd, 300, -129})), testing::ElementsAre(1, 44, 127));
  EXPECT_THAT((converted<uint64_t, double>({~uint64_t{0}})), testing::ElementsAre(0x1p64));
  EXPECT_THAT((converted<double, uint64_t>({-1, 1e30, 0x1p63, NAN})),
              testing::ElementsAre(0u, ~uint64_t{0}, uint64_t{1} << 63, 0u));
  EXPECT_THAT((converted<double, int64_t>({-1e30, 1e30})), testing::ElementsAre(kMin, kMax));
  EXPECT_THAT((converted<float, int8_t>({-1e9f, 1e9f, -3.9f})),
              testing::ElementsAre(-128, 127, -3));
}

TEST(DType, ComplexLosesItsImaginaryPartOnlyToRealOnes) {
  const std::vector<complex64> z = {{1.5f, 2}, {0, -1}, {0, 0}};
  EXPECT_EQ((converted<complex64, complex64>(z)), z);
  EXPECT_THAT((converted<complex64, float>(z)), testing::ElementsAre(1.5f, 0.0f, 0.0f));
  EXPECT_THAT((converted<complex64, int16_t>(z)), testing::ElementsAre(1, 0, 0));
  EXPECT_TRUE((convert_element<bool>(z[1])));
  EXPECT_FALSE((convert_element<bool>(z[2])));
  EXPECT_THAT((converted<int16_t, complex64>({-3})), testing::ElementsAre(complex64(-3, 0)));
}

}  // namespace
}  // namespace danlu
