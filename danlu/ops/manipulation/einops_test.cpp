#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

template <class E, class F>
std::string error_text(const F& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no such error";
}

TEST(Rearrange, AxesWithoutANameAndOfLengthOne) {
  const Array x = reshape(arange(0, 24), Shape{2, 3, 4});
  EXPECT_EQ(rearrange(x, "a ... -> ... a").shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(rearrange(x, "... (c d) -> (d ...) c", {{"c", 2}}).shape(), (Shape{12, 2}));
  EXPECT_EQ(rearrange(x, "a b c -> a 1 (c b)").shape(), (Shape{2, 1, 12}));
  EXPECT_EQ(rearrange(expand_dims(x, 1), "a 1 b c -> a b c").to_vector(), x.to_vector());
  EXPECT_EQ(rearrange(x, "a b c -> c b a").to_vector(), transpose(x).to_vector());
}

TEST(Rearrange, ErrorsSayWhatIsWrong) {
  const Array x = zeros({2, 6});
  EXPECT_EQ(error_text<ValueError>([&] { rearrange(x, "a b"); }),
            "[rearrange] The pattern has no two sides. Expected 'axes of the tensor -> axes of the "
            "result'. Received 'a b'.");
  EXPECT_EQ(error_text<ValueError>([&] { rearrange(x, "a a -> a"); }),
            "[rearrange] An axis is named twice. Expected each name once on either side. Received "
            "'a a -> a'.");
  EXPECT_EQ(error_text<ValueError>([&] { rearrange(x, "a b -> a c"); }),
            "[rearrange] The sides name different axes. Expected the same names on both sides. "
            "Received 'a b -> a c'.");
  EXPECT_EQ(error_text<ValueError>([&] { rearrange(x, "a (b c) -> a b c"); }),
            "[rearrange] The lengths of 'b' and 'c' are not known. Expected axes_lengths with all "
            "but one of the axes in a parenthesis. Received 'a (b c) -> a b c'.");
  EXPECT_EQ(error_text<ShapeError>([&] {
              rearrange(x, "a (b c) -> a b c", {{"b", 4}});
            }),
            "[rearrange] The pattern 'a (b c) -> a b c' does not fit the tensor. Expected an axis "
            "that is a multiple of 4 long instead of 6. Received (2, 6).");
  EXPECT_EQ(error_text<ShapeError>([&] { rearrange(x, "a b c -> c b a"); }),
            "[rearrange] The pattern 'a b c -> c b a' does not fit the tensor. Expected 3 axes. "
            "Received (2, 6).");
}

}  // namespace
}  // namespace danlu
