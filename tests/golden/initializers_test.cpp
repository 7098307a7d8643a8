#include "danlu/nn/initializers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/nn/config_json.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

struct Moments {
  double mean = 0, stddev = 0, min = 0, max = 0;
};

Moments moments_of(const std::vector<double>& values) {
  Moments m;
  m.min = *std::min_element(values.begin(), values.end());
  m.max = *std::max_element(values.begin(), values.end());
  for (const double v : values) m.mean += v / double(values.size());
  for (const double v : values) m.stddev += (v - m.mean) * (v - m.mean) / double(values.size());
  m.stddev = std::sqrt(m.stddev);
  return m;
}

Initializer make(const Json& about) {
  Json config = about.at("get_config");
  config.set("seed", 7);
  Initializer initializer;
  from_json(Json::object({{"class_name", about.at("class")}, {"config", config}}), initializer);
  return initializer;
}

void check_ranges(const Json& about) {
  SCOPED_TRACE(about.dump());
  std::vector<int64_t> shape;
  from_json(about.at("shape"), shape);
  const Fans fans = compute_fans(Shape(shape));
  EXPECT_EQ(fans.in, about.at("fan_in").as_double());
  EXPECT_EQ(fans.out, about.at("fan_out").as_double());

  const Initializer initializer = make(about);
  EXPECT_EQ(initializer.name(), about.at("name").as_string());
  EXPECT_EQ(golden::config_difference(to_json(initializer).at("config"), about.at("get_config")),
            "");
  Initializer again;
  from_json(to_json(initializer), again);
  EXPECT_EQ(again.spec(), initializer.spec());
  const Json& call = about.at("call");
  const auto values = initializer(Shape(shape), DType::float64).to_vector<double>();
  if (call.is_null()) {
    const std::string& name = initializer.name();
    const double all = name == "ones" ? 1 : name == "constant" ? initializer.spec().a : 0;
    for (const double v : values) EXPECT_EQ(v, all);
    return;
  }
  const bool uniform = call.at("distribution").as_string() == "uniform";
  const double low = uniform ? call.at("minval").as_double()
                             : call.at("mean").as_double() - 2 * call.at("stddev").as_double();
  const double high = uniform ? call.at("maxval").as_double()
                              : call.at("mean").as_double() + 2 * call.at("stddev").as_double();
  const Moments m = moments_of(values);
  if (call.at("distribution").as_string() != "normal") {
    EXPECT_GE(m.min, low);
    EXPECT_LE(m.max, high);
  }
  if (values.size() < 10'000) return;
  const double spread = high - low;
  EXPECT_NEAR(m.mean, (low + high) / 2, 0.02 * spread);
  // Uniform: spread / √12; truncated at two deviations: 0.8796 of a quarter of the spread.
  EXPECT_NEAR(m.stddev, uniform ? spread / std::sqrt(12.0) : 0.879626 * spread / 4, 0.01 * spread);
  EXPECT_NEAR(m.min, low, 0.02 * spread);
  EXPECT_NEAR(m.max, high, 0.02 * spread);
}

/// Initializers without random numbers.
void check_fixed(const Json& about) {
  SCOPED_TRACE(about.dump());
  Initializer initializer;
  // Keras leaves the gain of Identity out of its config.
  from_json(Json::object({{"class_name", about.at("class")}, {"config", about.at("config")}}),
            initializer);
  EXPECT_EQ(golden::config_difference(to_json(initializer).at("config"), about.at("get_config")),
            "");
  std::vector<int64_t> shape;
  from_json(about.at("shape"), shape);
  std::vector<double> expected;
  from_json(about.at("values"), expected);
  EXPECT_LE(
      golden::distance(initializer(Shape(shape), DType::float64).to_vector<double>(), expected),
      1e-9);
}

/// Rows or columns, whichever are fewer, are orthogonal and `gain` long; two seeds differ.
void check_orthogonal(const Json& about) {
  SCOPED_TRACE(about.dump());
  std::vector<int64_t> shape;
  from_json(about.at("shape"), shape);
  const Initializer initializer = [&] {
    Initializer made;
    from_json(Json::object({{"class_name", "Orthogonal"}, {"config", about.at("config")}}), made);
    return made;
  }();
  const Json* gain = about.at("config").find("gain");
  const double length = gain != nullptr ? gain->as_double() : 1;
  const int64_t columns = shape.back();
  const Array flat = reshape(initializer(Shape(shape), DType::float64), Shape{-1, columns});
  const bool wide = flat.shape()[0] < columns;
  const Array gram = matmul(flat, flat, {.transpose_a = !wide, .transpose_b = wide});
  const Array expected = length * length * eye(gram.shape()[0], {}, 0, DType::float64);
  EXPECT_LE(golden::distance(gram.to_vector<double>(), expected.to_vector<double>()), 1e-12);
  const Array other = initializer(Shape(shape), DType::float64);
  EXPECT_GT(golden::distance(other.to_vector<double>(), flat.to_vector<double>()), 0.1);
}

TEST(GoldenInitializers, AreThoseOfKeras) {
  const Json file = Json::parse(read_file("tests/golden/initializers.json"));
  golden::Proof proof("initializers");
  for (const Json& about : file.at("cases").items()) {
    proof.check(about.at("class").as_string(), {"distribution", "config"},
                [&] { check_ranges(about); });
  }
  for (const Json& about : file.at("fixed").items()) {
    proof.check(about.at("class").as_string(), {"values", "config"}, [&] { check_fixed(about); });
  }
  for (const Json& about : file.at("orthogonal").items()) {
    proof.check("Orthogonal", {"properties", "config"}, [&] { check_orthogonal(about); });
  }
}

TEST(GoldenInitializers, MomentsAreThoseOfARealDraw) {
  const Json file = Json::parse(read_file("tests/golden/initializers.json"));
  int checked = 0;
  for (const Json& about : file.at("cases").items()) {
    const Json* observed = about.find("observed");
    if (observed == nullptr) continue;
    SCOPED_TRACE(about.dump());
    ++checked;
    std::vector<int64_t> shape;
    from_json(observed->at("shape"), shape);
    const Moments m = moments_of(make(about)(Shape(shape)).to_vector<double>());
    const double deviation = observed->at("stddev").as_double();
    // 60,000 numbers: the mean of either draw strays by about 0.004 deviations.
    EXPECT_NEAR(m.mean, observed->at("mean").as_double(), 0.03 * deviation + 1e-9);
    EXPECT_NEAR(m.stddev, deviation, 0.02 * deviation + 1e-9);
    EXPECT_NEAR(m.min, observed->at("min").as_double(), 0.8 * deviation);
    EXPECT_NEAR(m.max, observed->at("max").as_double(), 0.8 * deviation);
  }
  EXPECT_GE(checked, 10);
}

}  // namespace
}  // namespace danlu
