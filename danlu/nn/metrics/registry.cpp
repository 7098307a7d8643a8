#include <array>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/io/config.h"
#include "danlu/nn/metrics.h"
#include "danlu/nn/metrics/classes.h"
#include "danlu/nn/metrics/confusion.h"
#include "danlu/nn/metrics/mean_metric.h"
#include "danlu/nn/metrics/ranking.h"
#include "danlu/nn/metrics/scores.h"

namespace danlu {
namespace {

struct Entry {
  const char* class_name;
  Metric (*make)(const Json&);
  const char* alias = nullptr;  ///< in small or capital letters
};

template <class M, class Config>
Metric make(const Json& config) {
  return M(config_from_json<Config>(config));
}

template <class M>
constexpr auto plain = make<M, metrics::NameConfig>;
template <class M>
constexpr auto counted = make<M, metrics::ThresholdsConfig>;
template <class M>
constexpr auto ranked = make<M, metrics::RankingConfig>;

namespace m = metrics;

constexpr std::array kMetrics = {
    Entry{"Accuracy", plain<m::Accuracy>},
    Entry{"BinaryAccuracy", make<m::BinaryAccuracy, m::BinaryAccuracyConfig>},
    Entry{"CategoricalAccuracy", plain<m::CategoricalAccuracy>},
    Entry{"SparseCategoricalAccuracy", plain<m::SparseCategoricalAccuracy>},
    Entry{"TopKCategoricalAccuracy", make<m::TopKCategoricalAccuracy, m::TopKConfig>},
    Entry{"SparseTopKCategoricalAccuracy",
          make<m::SparseTopKCategoricalAccuracy, m::SparseTopKConfig>},
    Entry{"MeanSquaredError", plain<m::MeanSquaredError>, "mse"},
    Entry{"RootMeanSquaredError", plain<m::RootMeanSquaredError>},
    Entry{"MeanAbsoluteError", plain<m::MeanAbsoluteError>, "mae"},
    Entry{"MeanAbsolutePercentageError", plain<m::MeanAbsolutePercentageError>, "mape"},
    Entry{"MeanSquaredLogarithmicError", plain<m::MeanSquaredLogarithmicError>, "msle"},
    Entry{"LogCoshError", plain<m::LogCoshError>},
    Entry{"CosineSimilarity", make<m::CosineSimilarity, m::AxisConfig>},
    Entry{"PearsonCorrelation", make<m::PearsonCorrelation, m::AxisConfig>},
    Entry{"ConcordanceCorrelation", make<m::ConcordanceCorrelation, m::AxisConfig>},
    Entry{"R2Score", make<m::R2Score, m::R2ScoreConfig>},
    Entry{"BinaryCrossentropy", make<m::BinaryCrossentropy, m::BinaryCrossentropyConfig>, "bce"},
    Entry{"CategoricalCrossentropy",
          make<m::CategoricalCrossentropy, m::CategoricalCrossentropyConfig>},
    Entry{"SparseCategoricalCrossentropy",
          make<m::SparseCategoricalCrossentropy, m::SparseCategoricalCrossentropyConfig>},
    Entry{"KLDivergence", plain<m::KLDivergence>},
    Entry{"Poisson", plain<m::Poisson>},
    Entry{"Hinge", plain<m::Hinge>},
    Entry{"SquaredHinge", plain<m::SquaredHinge>},
    Entry{"CategoricalHinge", plain<m::CategoricalHinge>},
    Entry{"TruePositives", counted<m::TruePositives>},
    Entry{"FalsePositives", counted<m::FalsePositives>},
    Entry{"TrueNegatives", counted<m::TrueNegatives>},
    Entry{"FalseNegatives", counted<m::FalseNegatives>},
    Entry{"Precision", make<m::Precision, m::PrecisionConfig>},
    Entry{"Recall", make<m::Recall, m::PrecisionConfig>},
    Entry{"SensitivityAtSpecificity",
          make<m::SensitivityAtSpecificity, m::SensitivityAtSpecificityConfig>},
    Entry{"SpecificityAtSensitivity",
          make<m::SpecificityAtSensitivity, m::SpecificityAtSensitivityConfig>},
    Entry{"PrecisionAtRecall", make<m::PrecisionAtRecall, m::PrecisionAtRecallConfig>},
    Entry{"RecallAtPrecision", make<m::RecallAtPrecision, m::RecallAtPrecisionConfig>},
    Entry{"AUC", make<m::AUC, m::AUCConfig>},
    Entry{"F1Score", make<m::F1Score, m::F1ScoreConfig>},
    Entry{"FBetaScore", make<m::FBetaScore, m::FBetaScoreConfig>},
    Entry{"IoU", make<m::IoU, m::IoUConfig>},
    Entry{"BinaryIoU", make<m::BinaryIoU, m::BinaryIoUConfig>},
    Entry{"MeanIoU", make<m::MeanIoU, m::MeanIoUConfig>},
    Entry{"OneHotIoU", make<m::OneHotIoU, m::OneHotIoUConfig>},
    Entry{"OneHotMeanIoU", make<m::OneHotMeanIoU, m::OneHotMeanIoUConfig>},
    Entry{"ConfusionMatrix", make<m::ConfusionMatrix, m::ConfusionMatrixConfig>},
    Entry{"MatthewsCorrelation", make<m::MatthewsCorrelation, m::ConfusionMatrixConfig>},
    Entry{"CohenKappa", make<m::CohenKappa, m::CohenKappaConfig>},
    Entry{"NDCG", ranked<m::NDCG>},
    Entry{"MeanReciprocalRank", ranked<m::MeanReciprocalRank>},
    Entry{"HitRate", ranked<m::HitRate>},
    Entry{"Perplexity", make<m::Perplexity, m::SparseCategoricalCrossentropyConfig>},
    Entry{"BLEU", make<m::BLEU, m::BLEUConfig>},
};

Metric by_name(const std::string& name) {
  if (name == "accuracy" || name == "acc") return metrics::accuracy_for_shapes(name);
  std::string names = "accuracy, acc";
  const std::string small = to_lower(name);
  for (const Entry& entry : kMetrics) {
    const std::string known = to_snake_case(entry.class_name);
    const bool is_alias = entry.alias != nullptr && small == entry.alias;
    if (name == known || name == entry.class_name || is_alias) {
      return entry.make(Json::object({{"name", name}}));
    }
    if (known == "accuracy") continue;
    names += ", " + known + (entry.alias != nullptr ? std::string(", ") + entry.alias : "");
  }
  throw ValueError({.where = "metric",
                    .what = "There is no metric of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

}  // namespace

Metric::Metric(const std::string& name) : Metric(by_name(name)) {}

Metric metric_from_config(const std::string& class_name, const Json& config) {
  std::string names;
  for (const Entry& entry : kMetrics) {
    if (class_name == entry.class_name) return entry.make(config);
    names += (names.empty() ? "" : ", ") + std::string(entry.class_name);
  }
  throw ValueError({.where = "metric_from_config",
                    .what = "There is no metric of this class",
                    .expected = "one of " + names,
                    .received = "\"" + class_name + "\""});
}

}  // namespace danlu
