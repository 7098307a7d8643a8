#include "danlu/base/error.h"

#include <gtest/gtest.h>

#include <new>
#include <string>

namespace danlu {
namespace {

template <class E>
std::string text_of(void (*body)()) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_NE(dynamic_cast<const E*>(&error), nullptr) << "another type: " << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Error, TextHasEveryPart) {
  const Error error({.where = "Dense 'dense_1'",
                     .what = "The input has the wrong rank",
                     .expected = "rank 2 or more",
                     .received = "(5,)",
                     .hint = "put a Flatten before it"});
  EXPECT_STREQ(error.what(),
               "[Dense 'dense_1'] The input has the wrong rank. Expected rank 2 or more. "
               "Received (5,). Hint: put a Flatten before it.");
  EXPECT_EQ(error.parts().received, "(5,)");
}

TEST(Error, AbsentPartsLeaveNoTrace) {
  EXPECT_STREQ(Error("It broke").what(), "It broke.");
  EXPECT_STREQ(Error({.what = "It broke", .hint = "mend it"}).what(), "It broke. Hint: mend it.");
}

TEST(Error, SentencesAreClosedOnce) {
  EXPECT_STREQ(Error({.what = "Why?", .expected = "Stop.", .received = "Go!"}).what(),
               "Why? Expected Stop. Received Go!");
}

TEST(Error, ContextIsPutBeforeTheInnerOneAndKeepsTheType) {
  EXPECT_EQ(text_of<ShapeError>([] {
              with_error_context("Sequential 'net'", [] {
                with_error_context("Dense 'out'", [] { throw ShapeError("Too flat"); });
              });
            }),
            "[Sequential 'net' > Dense 'out'] Too flat.");
  EXPECT_EQ(
      text_of<IoError>([] { with_error_context("load", [] { throw IoError("No such file"); }); }),
      "[load] No such file.");
  EXPECT_EQ(text_of<UnsupportedError>(
                [] { with_error_context("grad", [] { throw UnsupportedError("No rule"); }); }),
            "[grad] No rule.");
}

TEST(Error, ContextReturnsTheValueAndLetsOtherExceptionsPass) {
  EXPECT_EQ(with_error_context("here", [] { return 7; }), 7);
  EXPECT_THROW(with_error_context("here", []() -> int { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace danlu
