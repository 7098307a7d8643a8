#include "danlu/nn/metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/golden/golden.h"

namespace danlu {
namespace {

Metric make_metric(const std::string& kind, const Json& config) {
  const Json* k = config.find("k");
  const int64_t best = k != nullptr ? k->as_int() : 5;
  const Json* threshold = config.find("threshold");
  if (kind == "Accuracy") return metrics::Accuracy();
  if (kind == "BinaryAccuracy") {
    return metrics::BinaryAccuracy(
        {.threshold = threshold != nullptr ? threshold->as_double() : 0.5});
  }
  if (kind == "CategoricalAccuracy") return metrics::CategoricalAccuracy();
  if (kind == "SparseCategoricalAccuracy") return metrics::SparseCategoricalAccuracy();
  if (kind == "TopKCategoricalAccuracy") return metrics::TopKCategoricalAccuracy({.k = best});
  if (kind == "SparseTopKCategoricalAccuracy") {
    return metrics::SparseTopKCategoricalAccuracy({.k = best});
  }
  EXPECT_EQ(kind, "MeanSquaredError");
  return metrics::MeanSquaredError();
}

TEST(GoldenMetrics, RunningResultsAreThoseOfKeras) {
  const golden::File file("metrics.safetensors");
  ASSERT_GT(file.cases().size(), 10u);
  for (const std::string& name : file.cases()) {
    SCOPED_TRACE(name);
    const Json& about = file.metadata(name);
    Metric metric = make_metric(about.at("metric").as_string(), about.at("config"));
    EXPECT_EQ(metric->name(), about.at("default_name").as_string());
    const std::vector<double> expected = file.values(name + "/results");
    for (size_t batch = 0; batch < expected.size(); ++batch) {
      const std::string where = name + "/" + std::to_string(batch) + "/";
      metric->update_state(file.array(where + "y_true"), file.array(where + "y_pred"));
      EXPECT_NEAR(metric->value(), expected[batch], 2e-7) << batch;
      EXPECT_NEAR(metric->result().item<double>(), expected[batch], 2e-7) << batch;
    }
    metric->reset_state();
    EXPECT_EQ(metric->value(), 0);
  }
}

}  // namespace
}  // namespace danlu
