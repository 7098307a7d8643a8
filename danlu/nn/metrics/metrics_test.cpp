#include <gtest/gtest.h>

#include <cmath>

#include "danlu/base/error.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/metrics/classes.h"
#include "danlu/nn/metrics/confusion.h"
#include "danlu/nn/metrics/ranking.h"
#include "danlu/nn/metrics/scores.h"
#include "danlu/ops/manipulation.h"
#include "danlu/optim/sgd.h"
#include "danlu/train/model.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;

Array updated(const Metric& metric, const Array& y_true, const Array& y_pred,
              const Array& weight = {}) {
  metric->update_state(y_true, y_pred, weight);
  return metric->result();
}

TEST(ClassMetrics, CountWhatWasTakenForWhat) {
  const Array y_true({0, 1, 1, 2}), y_pred({0, 1, 2, 2});
  EXPECT_EQ(updated(metrics::ConfusionMatrix({.num_classes = 3}), y_true, y_pred).to_vector(),
            (std::vector<float>{1, 0, 0, 0, 1, 1, 0, 0, 1}));
  // Covariance 3·4 − (1·1 + 2·1 + 1·2) = 7 over √(16 − 6)².
  EXPECT_NEAR(updated(metrics::MatthewsCorrelation({.num_classes = 3}), y_true, y_pred).item(), 0.7,
              1e-6);
  // Observed agreement 3/4, by chance 5/16.
  EXPECT_NEAR(updated(metrics::CohenKappa({.num_classes = 3}), y_true, y_pred).item(),
              (0.75 - 0.3125) / (1 - 0.3125), 1e-6);
  // Distances: 1 of 4 observed, 14 of 16 by chance.
  EXPECT_NEAR(
      updated(metrics::CohenKappa({.num_classes = 3, .weightage = "linear"}), y_true, y_pred)
          .item(),
      1 - (1 / 4.0) / (14 / 16.0), 1e-6);
  EXPECT_EQ(updated(metrics::ConfusionMatrix({.num_classes = 2}), y_true, y_pred,
                    Array({1.F, 0.5F, 2.F, 2.F}))
                .to_vector(),
            (std::vector<float>{1, 0, 0, 0.5}));
}

TEST(RankingMetrics, FollowTheirFormulas) {
  const Array relevance(std::vector<float>{3, 2, 0, 0, 0, 0}, {2, 3});
  const Array scores(std::vector<float>{0.1, 0.9, 0.5, 1, 2, 3}, {2, 3});
  const double best = 7 + 3 / std::log2(3);
  EXPECT_NEAR(updated(metrics::NDCG(), relevance, scores).item(), (3 + 7 / 2.0) / best / 2, 1e-6);
  EXPECT_NEAR(updated(metrics::NDCG({.k = 1}), relevance, scores).item(), 3 / 7.0 / 2, 1e-6);
  EXPECT_EQ(updated(metrics::MeanReciprocalRank(), relevance, -scores).item(), 0.5F);
  EXPECT_EQ(updated(metrics::HitRate({.k = 2}), relevance, scores, Array({3.F, 1.F})).item(),
            0.75F);
  expect_error<ValueError>([] { metrics::HitRate({.k = 0}); },
                           "[HitRate] `k` must be positive. Received k=0.");
}

TEST(TextMetrics, FollowTheirFormulas) {
  const Array uniform = full({3, 4}, 0.25);
  EXPECT_NEAR(updated(metrics::Perplexity(), Array({0, 1, 2}), uniform).item(), 4, 1e-5);
  const Array reference(std::vector<int32_t>{1, 2, 3, 4}, {1, 4});
  EXPECT_NEAR(updated(metrics::BLEU(), reference, reference).item(), 1, 1e-6);
  const Array the_cat(std::vector<int32_t>{1, 2, 0, 0}, {1, 4});
  const Array the_the(std::vector<int32_t>{1, 1, 1, 1}, {1, 4});
  // One of four "the" is in the reference, and the prediction is not too short.
  EXPECT_NEAR(updated(metrics::BLEU({.max_order = 1}), the_cat, the_the).item(), 0.25, 1e-6);
  EXPECT_EQ(updated(metrics::BLEU({.max_order = 2}), the_cat, the_the).item(), 0);
  EXPECT_NEAR(updated(metrics::BLEU({.max_order = 2, .smooth = true}), the_cat, the_the).item(),
              std::sqrt(0.25 * 1 / 4), 1e-6);
  EXPECT_NEAR(updated(metrics::BLEU({.max_order = 2}), reference, the_cat).item(), std::exp(-1.0),
              1e-6);
}

TEST(Metrics, RefuseWhatTheyCannotMeasure) {
  expect_error<ValueError>([] { metrics::Precision({.thresholds = 1.5}); },
                           "[Precision] A threshold is out of range. Expected numbers in [0, 1]. "
                           "Received 1.5.");
  expect_error<ValueError>([] { metrics::AUC({.curve = "RCO"}); },
                           "[AUC] `curve` is unknown. Expected one of ROC, PR, PRGAIN. Received "
                           "\"RCO\".");
  expect_error<ValueError>([] { metrics::SensitivityAtSpecificity({.specificity = 2}); },
                           "[SensitivityAtSpecificity] `specificity` is out of range. Expected a "
                           "number in [0, 1]. Received specificity=2.");
  expect_error<ValueError>([] { metrics::IoU({.num_classes = 2, .target_class_ids = {2}}); },
                           "[IoU] There is no such class. Expected numbers in [0, 2). Received 2.");
  expect_error<ValueError>([] { metrics::F1Score({.average = "mean"}); },
                           "[F1Score] `average` is unknown. Expected one of \"\", \"micro\", "
                           "\"macro\", \"weighted\". Received \"mean\".");
  expect_error<ShapeError>(
      [] { updated(metrics::F1Score(), zeros({3}), zeros({3})); },
      "[f1_score] Targets and predictions do not fit each other. Expected both "
      "of shape (samples, outputs). Received targets (3,), predictions (3,).");
  expect_error<ShapeError>(
      [] {
        updated(metrics::TruePositives({.name = "tp"}), zeros({3, 2}), zeros({3, 4}));
      },
      "[tp] Targets and predictions do not fit each other. Expected equal "
      "shapes. Received targets (3, 2), predictions (3, 4).");
  EXPECT_THROW(metric_from_config("Accurracy", Json::object()), ValueError);
}

TEST(Metrics, WhoseStateHasTheShapeOfTheDataAreMeasuredInFit) {
  Sequential model({Dense({.units = 3, .activation = "softmax", .input_shape = {2}})});
  model.compile({.optimizer = SGD({.learning_rate = 0.0}),
                 .loss = "categorical_crossentropy",
                 .metrics = {metrics::F1Score({.average = "macro"}),
                             metrics::AUC({.name = "auc", .multi_label = true}), "accuracy"},
                 .weighted_metrics = {metrics::CategoricalAccuracy({.name = "weighted"})}});
  const Array x(std::vector<float>{1, 0, 0, 1, 1, 1, -1, 2}, {4, 2});
  const Array y = one_hot(Array({0, 1, 2, 1}), 3);
  const Array weight({1.F, 2.F, 0.5F, 3.F});
  EvaluateOptions options{.batch_size = 3, .verbose = 0, .sample_weight = weight};
  const Logs logs = model.evaluate(x, y, options);
  const Array predictions = model(x);
  const Metric f1 = metrics::F1Score({.average = "macro"});
  const Metric area = metrics::AUC({.name = "auc", .multi_label = true});
  const Metric weighted = metrics::CategoricalAccuracy();
  EXPECT_NEAR(logs.at("f1_score"), updated(f1, y, predictions).item(), 1e-6);
  EXPECT_NEAR(logs.at("auc"), updated(area, y, predictions).item(), 1e-6);
  EXPECT_NEAR(logs.at("weighted"), updated(weighted, y, predictions, weight).item(), 1e-6);
}

}  // namespace
}  // namespace danlu
