#include "danlu/nn/losses.h"

#include <array>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/io/config.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using Reduction = Loss::Reduction;

Reduction reduction_from_name(const std::string& where, const std::string& name) {
  if (name == "sum_over_batch_size" || name == "mean") return Reduction::sum_over_batch_size;
  if (name == "mean_with_sample_weight") return Reduction::mean_with_sample_weight;
  if (name == "sum") return Reduction::sum;
  if (name == "none" || name.empty()) return Reduction::none;
  throw ValueError({.where = where,
                    .what = "`reduction` is unknown",
                    .expected = "\"sum_over_batch_size\", \"mean\", \"mean_with_sample_weight\", "
                                "\"sum\" or \"none\"",
                    .received = "\"" + name + "\""});
}

/// `mask` as weights that, in a mean over all values, make it one over those that count.
Array mask_weights(const Array& mask, Reduction reduction, DType dtype) {
  const Array counts = cast(mask, dtype);
  if (reduction != Reduction::sum_over_batch_size) return counts;
  return counts * divide_no_nan(static_cast<double>(mask.size()), sum(counts));
}

Array product(Array a, Array b) {
  internal::match_ranks(a, b);
  return a * b;
}

Array reduce(const Array& values, const Array& weight, Reduction reduction) {
  if (reduction == Reduction::none || values.rank() == 0) return values;
  if (reduction == Reduction::sum) return sum(values);
  if (reduction == Reduction::mean_with_sample_weight && weight.defined()) {
    return divide_no_nan(sum(values), sum(weight));
  }
  return values.size() == 0 ? sum(values) : mean(values);
}

}  // namespace

Loss::Loss(Function function, std::string name, const std::string& reduction)
    : name_(std::move(name)),
      config_(Json::object({{"name", name_}, {"reduction", reduction}})),
      function_(std::move(function)),
      reduction_(reduction_from_name(name_, reduction)) {}

Loss::Loss(std::string class_name, Json config, Function function)
    : Loss(std::move(function), config.at("name").as_string(), config.at("reduction").as_string()) {
  class_name_ = std::move(class_name);
  config_ = std::move(config);
}

Array Loss::operator()(const Array& y_true, const Array& y_pred, const Array& sample_weight,
                       const Array& mask) const {
  return with_error_context(name_, [&] {
    Array target = internal::in_full_precision(y_true);
    Array prediction = internal::in_full_precision(y_pred);
    internal::match_ranks(target, prediction);
    auto [values, counts] = function_(target, prediction);
    if (mask.defined()) counts = counts.defined() ? mask && counts : mask;
    Array weight = sample_weight.defined() ? cast(sample_weight, values.dtype()) : Array();
    if (counts.defined()) {
      const Array own = mask_weights(counts, reduction_, values.dtype());
      weight = weight.defined() ? product(weight, own) : own;
    }
    if (weight.defined()) {
      internal::match_ranks(values, weight);
      values = values * weight;
    }
    return reduce(values, weight, reduction_);
  });
}

namespace losses {
namespace {

void check_smoothing(const Loss& loss, double smoothing) {
  if (smoothing >= 0 && smoothing <= 1) return;
  throw ValueError({.where = loss.name(),
                    .what = "`label_smoothing` is out of range",
                    .expected = "a number in [0, 1]",
                    .received = number_text(smoothing)});
}

template <class Config>
CrossentropyOptions crossentropy_options(const Config& c) {
  return {.from_logits = c.from_logits, .label_smoothing = c.label_smoothing, .axis = c.axis};
}

/// A loss of class `class_name` that `function` computes; `name` where the config has none.
template <class Config, class Function>
Loss loss(const char* class_name, const char* name, Config config, Function function) {
  if (config.name.empty()) config.name = name;
  return Loss(class_name, config_to_json(config), Loss::Function(std::move(function)));
}

}  // namespace

MeanSquaredError::MeanSquaredError(ReductionConfig c)
    : Loss(loss("MeanSquaredError", "mean_squared_error", c, mean_squared_error)) {}
MeanAbsoluteError::MeanAbsoluteError(ReductionConfig c)
    : Loss(loss("MeanAbsoluteError", "mean_absolute_error", c, mean_absolute_error)) {}
MeanAbsolutePercentageError::MeanAbsolutePercentageError(ReductionConfig c)
    : Loss(loss("MeanAbsolutePercentageError", "mean_absolute_percentage_error", c,
                mean_absolute_percentage_error)) {}
MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(ReductionConfig c)
    : Loss(loss("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", c,
                mean_squared_logarithmic_error)) {}
LogCosh::LogCosh(ReductionConfig c) : Loss(loss("LogCosh", "log_cosh", c, log_cosh)) {}
KLDivergence::KLDivergence(ReductionConfig c)
    : Loss(loss("KLDivergence", "kl_divergence", c, kl_divergence)) {}
Poisson::Poisson(ReductionConfig c) : Loss(loss("Poisson", "poisson", c, poisson)) {}
Hinge::Hinge(ReductionConfig c) : Loss(loss("Hinge", "hinge", c, hinge)) {}
SquaredHinge::SquaredHinge(ReductionConfig c)
    : Loss(loss("SquaredHinge", "squared_hinge", c, squared_hinge)) {}
CategoricalHinge::CategoricalHinge(ReductionConfig c)
    : Loss(loss("CategoricalHinge", "categorical_hinge", c, categorical_hinge)) {}

CosineSimilarity::CosineSimilarity(CosineSimilarityConfig c)
    : Loss(loss("CosineSimilarity", "cosine_similarity", c,
                [c](const Array& t, const Array& p) { return cosine_similarity(t, p, c.axis); })) {}

Huber::Huber(HuberConfig c)
    : Loss(loss("Huber", "huber_loss", c,
                [c](const Array& t, const Array& p) { return huber(t, p, c.delta); })) {}

BinaryCrossentropy::BinaryCrossentropy(CrossentropyConfig c)
    : Loss(
          loss("BinaryCrossentropy", "binary_crossentropy", c, [c](const Array& t, const Array& p) {
            return binary_crossentropy(t, p, crossentropy_options(c));
          })) {
  check_smoothing(*this, c.label_smoothing);
}

CategoricalCrossentropy::CategoricalCrossentropy(CrossentropyConfig c)
    : Loss(loss("CategoricalCrossentropy", "categorical_crossentropy", c,
                [c](const Array& t, const Array& p) {
                  return categorical_crossentropy(t, p, crossentropy_options(c));
                })) {
  check_smoothing(*this, c.label_smoothing);
}

BinaryFocalCrossentropy::BinaryFocalCrossentropy(BinaryFocalCrossentropyConfig c)
    : Loss(loss("BinaryFocalCrossentropy", "binary_focal_crossentropy", c,
                [c](const Array& t, const Array& p) {
                  return binary_focal_crossentropy(
                      t, p,
                      {.gamma = c.gamma,
                       .alpha = c.alpha,
                       .apply_class_balancing = c.apply_class_balancing},
                      crossentropy_options(c));
                })) {
  check_smoothing(*this, c.label_smoothing);
}

CategoricalFocalCrossentropy::CategoricalFocalCrossentropy(CategoricalFocalCrossentropyConfig c)
    : Loss(loss("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", c,
                [c](const Array& t, const Array& p) {
                  return categorical_focal_crossentropy(t, p, {.gamma = c.gamma, .alpha = c.alpha},
                                                        crossentropy_options(c));
                })) {
  check_smoothing(*this, c.label_smoothing);
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(SparseCrossentropyConfig c)
    : Loss(loss(
          "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", c,
          [c](const Array& t, const Array& p) -> Loss::Values {
            Array each = sparse_categorical_crossentropy(
                t, p,
                {.from_logits = c.from_logits, .ignore_class = c.ignore_class, .axis = c.axis});
            if (!c.ignore_class) return each;
            return {each, internal::class_labels(t, p, c.axis) != *c.ignore_class};
          })) {}

CategoricalGeneralizedCrossEntropy::CategoricalGeneralizedCrossEntropy(
    GeneralizedCrossEntropyConfig c)
    : Loss(loss("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", c,
                [c](const Array& t, const Array& p) {
                  return categorical_generalized_cross_entropy(t, p, c.q);
                })) {
  if (c.q > 0 && c.q < 1) return;
  throw ValueError({.where = name(),
                    .what = "`q` is out of range",
                    .expected = "a number in (0, 1)",
                    .received = "q=" + number_text(c.q)});
}

Dice::Dice(DiceConfig c)
    : Loss(loss("Dice", "dice", c,
                [c](const Array& t, const Array& p) { return dice(t, p, c.axis); })) {}

Tversky::Tversky(TverskyConfig c)
    : Loss(loss("Tversky", "tversky", c, [c](const Array& t, const Array& p) {
        return tversky(t, p, c.alpha, c.beta, c.axis);
      })) {}

Circle::Circle(CircleConfig c)
    : Loss(loss("Circle", "circle", c, [c](const Array& t, const Array& p) -> Loss::Values {
        Array each = circle(t, p, c.gamma, c.margin, c.remove_diagonal);
        return {each, each > 0.0};
      })) {}

CTC::CTC(ReductionConfig c) : Loss(loss("CTC", "ctc", c, ctc)) {}

}  // namespace losses

namespace {

struct Entry {
  const char* class_name;
  const char* name;
  const char* alias;  ///< in small or capital letters
  Loss (*make)(const Json&);
};

template <class L, class Config>
Loss make(const Json& config) {
  return L(config_from_json<Config>(config));
}

template <class L>
constexpr auto plain = make<L, losses::ReductionConfig>;

constexpr std::array kLosses = {
    Entry{"MeanSquaredError", "mean_squared_error", "mse", plain<losses::MeanSquaredError>},
    Entry{"MeanAbsoluteError", "mean_absolute_error", "mae", plain<losses::MeanAbsoluteError>},
    Entry{"MeanAbsolutePercentageError", "mean_absolute_percentage_error", "mape",
          plain<losses::MeanAbsolutePercentageError>},
    Entry{"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "msle",
          plain<losses::MeanSquaredLogarithmicError>},
    Entry{"BinaryCrossentropy", "binary_crossentropy", "bce",
          make<losses::BinaryCrossentropy, losses::CrossentropyConfig>},
    Entry{"CategoricalCrossentropy", "categorical_crossentropy", nullptr,
          make<losses::CategoricalCrossentropy, losses::CrossentropyConfig>},
    Entry{"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", nullptr,
          make<losses::SparseCategoricalCrossentropy, losses::SparseCrossentropyConfig>},
    Entry{"BinaryFocalCrossentropy", "binary_focal_crossentropy", nullptr,
          make<losses::BinaryFocalCrossentropy, losses::BinaryFocalCrossentropyConfig>},
    Entry{"CategoricalFocalCrossentropy", "categorical_focal_crossentropy", nullptr,
          make<losses::CategoricalFocalCrossentropy, losses::CategoricalFocalCrossentropyConfig>},
    Entry{"CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", nullptr,
          make<losses::CategoricalGeneralizedCrossEntropy, losses::GeneralizedCrossEntropyConfig>},
    Entry{"KLDivergence", "kl_divergence", "kld", plain<losses::KLDivergence>},
    Entry{"Poisson", "poisson", nullptr, plain<losses::Poisson>},
    Entry{"Huber", "huber", nullptr, make<losses::Huber, losses::HuberConfig>},
    Entry{"LogCosh", "log_cosh", nullptr, plain<losses::LogCosh>},
    Entry{"CosineSimilarity", "cosine_similarity", nullptr,
          make<losses::CosineSimilarity, losses::CosineSimilarityConfig>},
    Entry{"Hinge", "hinge", nullptr, plain<losses::Hinge>},
    Entry{"SquaredHinge", "squared_hinge", nullptr, plain<losses::SquaredHinge>},
    Entry{"CategoricalHinge", "categorical_hinge", nullptr, plain<losses::CategoricalHinge>},
    Entry{"Dice", "dice", nullptr, make<losses::Dice, losses::DiceConfig>},
    Entry{"Tversky", "tversky", nullptr, make<losses::Tversky, losses::TverskyConfig>},
    Entry{"CTC", "ctc", nullptr, plain<losses::CTC>},
    Entry{"Circle", "circle", nullptr, make<losses::Circle, losses::CircleConfig>},
};

Loss find_loss(const std::string& name) {
  std::string names;
  const std::string small = to_lower(name);
  for (const Entry& entry : kLosses) {
    const bool is_alias = entry.alias != nullptr && small == entry.alias;
    if (name == entry.name || name == entry.class_name || is_alias) {
      return entry.make(Json::object());
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
    if (entry.alias != nullptr) names += std::string(", ") + entry.alias;
  }
  throw ValueError({.where = "loss",
                    .what = "There is no loss of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

}  // namespace

Loss::Loss(const std::string& name) : Loss(find_loss(name)) {}

Loss loss_from_config(const std::string& class_name, const Json& config) {
  std::string names;
  for (const Entry& entry : kLosses) {
    if (class_name == entry.class_name) return entry.make(config);
    names += (names.empty() ? "" : ", ") + std::string(entry.class_name);
  }
  throw ValueError({.where = "loss_from_config",
                    .what = "There is no loss of this class",
                    .expected = "one of " + names,
                    .received = "\"" + class_name + "\""});
}

}  // namespace danlu
