#include "danlu/nn/metrics/ranking.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"

namespace danlu::metrics {
namespace {

void check_at_least_one(const std::string& where, const char* field, int64_t value) {
  if (value >= 1) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` must be positive",
                    .received = field + ("=" + std::to_string(value))});
}

/// A mean over lists of a number that depends on the relevances in the order of the scores.
class RankingMetric final : public ConfiguredMetric<RankingConfig> {
 public:
  using Value = Array (*)(const Array& ranked, const Array& relevance, int64_t k);

  RankingMetric(const char* class_name, Value value, RankingConfig c)
      : ConfiguredMetric(class_name, std::move(c)),
        value_(value),
        total_(add_variable("total")),
        count_(add_variable("count")) {
    check_at_least_one(class_name, "k", config().k.value_or(1));
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) override {
    with_error_context(name(), [&] {
      if (y_true.rank() != 2 || y_true.shape() != y_pred.shape()) {
        throw ShapeError({.what = "Relevances and scores do not fit each other",
                          .expected = "both of shape (lists, items)",
                          .received = "relevances " + y_true.shape().to_string() + ", scores " +
                                      y_pred.shape().to_string()});
      }
      const Array relevance = cast(y_true, floatx());
      const int64_t k = std::min(config().k.value_or(y_pred.shape()[1]), y_pred.shape()[1]);
      const Array best = top_k(y_pred, k).second;
      const Array values = value_(take_along_axis(relevance, best, 1), relevance, k);  // (lists)
      const Array weight = sample_weight.defined()
                               ? broadcast_to(cast(sample_weight, floatx()), values.shape())
                               : ones_like(values);
      total_.assign(total_ + sum(values * weight));
      count_.assign(count_ + sum(weight));
    });
  }
  Array result() const override { return divide_no_nan(total_, count_); }

 private:
  Value value_;
  Variable total_, count_;
};

Array ranks(int64_t k) { return cast(arange(int64_t{1}, k + 1), floatx()); }

Array gain(const Array& ranked) {
  return sum((exp2(ranked) - 1.0) / log2(ranks(ranked.shape()[1]) + 1.0), {-1});
}

Array ndcg(const Array& ranked, const Array& relevance, int64_t k) {
  return divide_no_nan(gain(ranked), gain(top_k(relevance, k).first));
}

Array reciprocal_rank(const Array& ranked, const Array&, int64_t k) {
  return max(where(ranked > 0.0, 1.0 / ranks(k), 0.0), {-1});
}

Array hit(const Array& ranked, const Array&, int64_t) {
  return cast(any(ranked > 0.0, {-1}), floatx());
}

class BLEUImpl final : public ConfiguredMetric<BLEUConfig> {
 public:
  explicit BLEUImpl(BLEUConfig c) : ConfiguredMetric("BLEU", std::move(c)) {
    check_at_least_one("BLEU", "max_order", config().max_order);
    const Shape orders{config().max_order};
    matches_ = add_variable("matches", orders);
    possible_ = add_variable("possible_matches", orders);
    length_ = add_variable("translation_length");
    reference_ = add_variable("reference_length");
  }

  void update_state(const Array& y_true, const Array& y_pred, const Array&) override {
    with_error_context(name(), [&] {
      if (y_true.rank() != 2 || y_pred.rank() != 2 || y_true.shape()[0] != y_pred.shape()[0]) {
        throw ShapeError({.what = "References and predictions do not fit each other",
                          .expected = "both of shape (sequences, length)",
                          .received = "references " + y_true.shape().to_string() +
                                      ", predictions " + y_pred.shape().to_string()});
      }
      const Array reference = cast(y_true, DType::int64), tokens = cast(y_pred, DType::int64);
      const Array in_reference = counts(reference), in_tokens = counts(tokens);
      std::vector<Array> matches, possible;
      for (int64_t order = 1; order <= config().max_order; ++order) {
        const Array own = same(tokens, in_tokens, tokens, in_tokens, order);  // (n, i)
        const Array other = same(tokens, in_tokens, reference, in_reference, order);
        // An n-gram that occurs c times stands c times in the sum, each time with 1 / c.
        matches.push_back(sum(divide_no_nan(minimum(own, other), own)));
        possible.push_back(sum(cast(own > 0.0, floatx())));
      }
      matches_.assign(matches_ + stack(matches));
      possible_.assign(possible_ + stack(possible));
      length_.assign(length_ + sum(cast(in_tokens, floatx())));
      reference_.assign(reference_ + sum(cast(in_reference, floatx())));
    });
  }

  Array result() const override {
    Array found = matches_, all = possible_;
    if (config().smooth) {
      const Array more = cast(arange(config().max_order) > 0, floatx());
      found = found + more, all = all + more;
    }
    const Array precision = divide_no_nan(found, all);
    const Array none = min(precision) <= 0.0;
    const Array average = exp(mean(log(maximum(precision, 1e-30))));
    const Array ratio = divide_no_nan(length_, reference_);
    const Array penalty = where(ratio >= 1.0, 1.0, exp(1.0 - 1.0 / maximum(ratio, 1e-30)));
    return where(none, 0.0, average * penalty);
  }

 private:
  /// Whether a token stands before the first padding.
  Array counts(const Array& tokens) const {
    return cumsum(cast(tokens == config().pad_token, DType::int32), 1) == 0;
  }

  /// For the n-gram that begins at each i of `a`, how often `b` has it; 0 where there is none.
  Array same(const Array& a, const Array& a_counts, const Array& b, const Array& b_counts,
             int64_t order) const {
    const int64_t starts_a = a.shape()[1] - order + 1, starts_b = b.shape()[1] - order + 1;
    if (starts_a < 1 || starts_b < 1) return zeros(Shape{a.shape()[0], a.shape()[1]}, floatx());
    const auto from = [](const Array& x, int64_t start, int64_t count) {
      return take(x, arange(start, start + count), 1);
    };
    Array equal_so_far;  // (n, i, j)
    for (int64_t k = 0; k < order; ++k) {
      const auto tokens_a = expand_dims(from(a, k, starts_a), 2);
      const auto tokens_b = expand_dims(from(b, k, starts_b), 1);
      const Array here = tokens_a == tokens_b && expand_dims(from(a_counts, k, starts_a), 2) &&
                         expand_dims(from(b_counts, k, starts_b), 1);
      equal_so_far = equal_so_far.defined() ? equal_so_far && here : here;
    }
    const Array found = sum(cast(equal_so_far, floatx()), {2});
    return pad(found, {{0, 0}, {0, order - 1}});
  }

  Variable matches_, possible_, length_, reference_;
};

}  // namespace

NDCG::NDCG(RankingConfig c) : Metric(std::make_shared<RankingMetric>("NDCG", ndcg, c)) {}
MeanReciprocalRank::MeanReciprocalRank(RankingConfig c)
    : Metric(std::make_shared<RankingMetric>("MeanReciprocalRank", reciprocal_rank, c)) {}
HitRate::HitRate(RankingConfig c) : Metric(std::make_shared<RankingMetric>("HitRate", hit, c)) {}
BLEU::BLEU(BLEUConfig c) : Metric(std::make_shared<BLEUImpl>(std::move(c))) {}

}  // namespace danlu::metrics
