// The proof itself: a function that is wrong in value, gradient, dtype or shape is seen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "tests/names/case_file.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string problems(const std::string& id, const std::function<Result(const Call&)>& call) {
  static const CaseFile file("tests/golden/names/numpy_elementwise.safetensors");
  for (const Json& about : file.cases()) {
    if (about.at("id").as_string() == id) return check_case(file, about, call);
  }
  return "no such case";
}

TEST(Proof, RightFunctionsHaveNoProblem) {
  EXPECT_EQ(problems("exp/1", [](const Call& c) { return exp(c[0]); }), "");
}

TEST(Proof, WrongFunctionsAreSeen) {
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return exp(c[0]) * (1 + 1e-8); }),
              AllOf(HasSubstr("f64: result 0: distance"), testing::Not(HasSubstr("f32"))));
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return exp(c[0]) * (1 + 1e-4); }),
              AllOf(HasSubstr("f64: result 0: distance"), HasSubstr("f32: result 0: distance")));
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return stop_gradient(exp(c[0])); }),
              HasSubstr("gradient of input 0: distance"));
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return cast(exp(c[0]), DType::float32); }),
              HasSubstr("f64: result 0: dtype float32, Keras has float64"));
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return reshape(exp(c[0]), Shape{15}); }),
              HasSubstr("shape (15,), Keras has (3, 5)"));
  EXPECT_THAT(problems("exp/1",
                       [](const Call& c) {
                         return std::vector<Array>{c[0], c[0]};
                       }),
              HasSubstr("2 results, Keras has 1"));
  EXPECT_THAT(problems("exp/1", [](const Call& c) { return c.array("y"); }),
              HasSubstr("The case has no such argument"));
}

}  // namespace
}  // namespace danlu::names
