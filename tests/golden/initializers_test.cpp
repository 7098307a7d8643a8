#include "danlu/nn/initializers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/nn/config_json.h"
#include "tests/golden/golden.h"

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
  Json config = about.at("config");
  config.set("seed", 7);
  Initializer initializer;
  from_json(Json::object({{"class_name", about.at("class")}, {"config", config}}), initializer);
  return initializer;
}

TEST(GoldenInitializers, FansAndRangesAreThoseOfKeras) {
  const Json file = Json::parse(read_file("tests/golden/initializers.json"));
  for (const Json& about : file.at("cases").items()) {
    SCOPED_TRACE(about.dump());
    std::vector<int64_t> shape;
    from_json(about.at("shape"), shape);
    const Fans fans = compute_fans(Shape(shape));
    EXPECT_EQ(fans.in, about.at("fan_in").as_double());
    EXPECT_EQ(fans.out, about.at("fan_out").as_double());

    const Initializer initializer = make(about);
    EXPECT_EQ(initializer.name(), about.at("name").as_string());
    const Json& call = about.at("call");
    const auto values = initializer(Shape(shape), DType::float64).to_vector<double>();
    if (call.is_null()) {
      for (const double v : values) EXPECT_EQ(v, about.at("name").as_string() == "ones" ? 1 : 0);
      continue;
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
    if (values.size() < 10'000) continue;
    const double spread = high - low;
    EXPECT_NEAR(m.mean, (low + high) / 2, 0.02 * spread);
    // Uniform: spread / √12; truncated at two deviations: 0.8796 of a quarter of the spread.
    EXPECT_NEAR(m.stddev, uniform ? spread / std::sqrt(12.0) : 0.879626 * spread / 4,
                0.01 * spread);
    EXPECT_NEAR(m.min, low, 0.02 * spread);
    EXPECT_NEAR(m.max, high, 0.02 * spread);
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
