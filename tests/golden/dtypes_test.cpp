#include <gtest/gtest.h>

#include <complex>
#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/io/json.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

Array of(DType dtype) { return Array::scalar(1, dtype); }

std::vector<std::string> names_of(const Json& list) {
  std::vector<std::string> names;
  for (const Json& name : list.items()) names.push_back(name.as_string());
  return names;
}

/// Rows of docs/dtypes.md.
std::string header(const std::string& corner, const std::vector<std::string>& columns) {
  std::string text = "| " + corner + " |", rule = "| --- |";
  for (const std::string& column : columns) text += " " + column + " |", rule += " --- |";
  return text + "\n" + rule + "\n";
}

TEST(GoldenDtypes, EveryPairAndEveryNumberPromotesAsInKeras) {
  const Json file = Json::parse(read_file("tests/golden/dtypes.json"));
  const auto names = names_of(file.at("dtypes"));
  ASSERT_EQ(names.size(), static_cast<size_t>(kNumDTypes));
  const std::vector<std::pair<std::string, Array>> numbers = {
      {"bool", true}, {"int", 1}, {"float", 1.0}, {"complex", std::complex<double>(1)}};
  std::string pairs = header("", names),
              with_numbers = header("", {"bool", "int", "float", "complex"});
  for (const std::string& a : names) {
    const DType left = dtype_from_name(a);
    pairs += "| **" + a + "** |", with_numbers += "| **" + a + "** |";
    for (const std::string& b : names) {
      const std::string expected = file.at("pairs").at(a).at(b).as_string();
      const DType right = dtype_from_name(b);
      EXPECT_EQ(name(promote(left, right)), expected) << a << ", " << b;
      EXPECT_EQ(name(add(of(left), of(right)).dtype()), expected) << a << " + " << b;
      pairs += " " + expected + " |";
    }
    for (const auto& [kind, number] : numbers) {
      const std::string expected = file.at("numbers").at(a).at(kind).as_string();
      EXPECT_EQ(name(add(of(left), number).dtype()), expected) << a << " + " << kind;
      EXPECT_EQ(name(add(number, of(left)).dtype()), expected) << kind << " + " << a;
      with_numbers += " " + expected + " |";
    }
    pairs += "\n", with_numbers += "\n";
  }
  const std::string page = read_file("docs/dtypes.md");
  EXPECT_NE(page.find(pairs), std::string::npos) << "docs/dtypes.md should hold\n" << pairs;
  EXPECT_NE(page.find(with_numbers), std::string::npos) << "docs/dtypes.md should hold\n"
                                                        << with_numbers;
}

}  // namespace
}  // namespace danlu
