#include "danlu/nn/metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/nn/loss_functions.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

/// The results of all batches must be those of Keras.
void check_results(const golden::File& file, const std::string& prefix,
                   const std::function<void(const Array& y_true, const Array& y_pred,
                                            const Array& sample_weight)>& update,
                   const std::function<Array()>& result) {
  SCOPED_TRACE(prefix);
  const std::vector<double> all = file.values(prefix + "/results");
  const int64_t batches = file.host(prefix + "/results").shape()[0];
  const size_t each = all.size() / static_cast<size_t>(batches);
  for (int64_t batch = 0; batch < batches; ++batch) {
    const std::string where = prefix + "/" + std::to_string(batch) + "/";
    const auto optional = [&](const char* what) {
      return file.contains(where + what) ? file.array(where + what) : Array();
    };
    update(file.array(where + "y_true"), optional("y_pred"), optional("sample_weight"));
    const auto begin = all.begin() + static_cast<long>(batch) * static_cast<long>(each);
    const std::vector<double> expected(begin, begin + static_cast<long>(each));
    EXPECT_LE(golden::distance(result().to_vector<double>(), expected), 1e-5) << batch;
  }
}

void check_metric(const golden::File& file, const std::string& name) {
  const Json& about = file.metadata(name);
  const std::string class_name = about.at("metric").as_string();
  const Metric given = metric_from_config(class_name, about.at("get_config"));
  EXPECT_EQ(given->name(), about.at("default_name").as_string());
  EXPECT_EQ(given->class_name(), class_name);
  EXPECT_EQ(golden::config_difference(given->get_config(), about.at("get_config")), "");
  for (const std::string& prefix : {name, name + "/weighted"}) {
    const Metric metric = metric_from_config(class_name, given->get_config());
    check_results(
        file, prefix,
        [&](const Array& y_true, const Array& y_pred, const Array& weight) {
          metric->update_state(y_true, y_pred, weight);
        },
        [&] { return metric->result(); });
    if (metric->result().rank() == 0) {
      EXPECT_NEAR(metric->value(), metric->result().item<double>(),
                  1e-6 * std::abs(metric->value()));
    }
    metric->reset_state();
    for (const Variable& variable : metric->variables()) {
      for (const double v : variable.value().to_vector<double>()) EXPECT_EQ(v, 0);
    }
  }
}

template <class M>
void check_reduction(const golden::File& file, const std::string& name) {
  for (const std::string& prefix : {name, name + "/weighted"}) {
    M metric;
    EXPECT_EQ(metric.name(), file.metadata(name).at("default_name").as_string());
    check_results(
        file, prefix,
        [&](const Array& values, const Array&, const Array& weight) {
          metric.update_state(values, weight);
        },
        [&] { return metric.result(); });
  }
}

TEST(GoldenMetrics, RunningResultsAndConfigsAreThoseOfKeras) {
  const golden::File file("metrics.safetensors");
  ASSERT_GT(file.cases().size(), 80u);
  golden::Proof proof("metrics");
  for (const std::string& name : file.cases()) {
    const std::string class_name = file.metadata(name).at("metric").as_string();
    proof.check(class_name, {"results", "sample weights", "config"}, [&] {
      if (class_name == "Mean") return check_reduction<metrics::Mean>(file, name);
      if (class_name == "Sum") return check_reduction<metrics::Sum>(file, name);
      if (class_name != "MeanMetricWrapper") return check_metric(file, name);
      for (const std::string& prefix : {name, name + "/weighted"}) {
        const metrics::MeanMetricWrapper metric(losses::mean_squared_error, "mine");
        EXPECT_EQ(metric->name(), file.metadata(name).at("default_name").as_string());
        check_results(
            file, prefix,
            [&](const Array& y_true, const Array& y_pred, const Array& weight) {
              metric->update_state(y_true, y_pred, weight);
            },
            [&] { return metric->result(); });
      }
    });
  }
}

}  // namespace
}  // namespace danlu
