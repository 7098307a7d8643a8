#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/nn/metrics/configured_metric.h"

/// Metrics of lists and sequences. Keras's core has none of them.
namespace danlu::metrics {

struct RankingConfig {
  std::optional<int64_t> k;  ///< only the k items of the greatest scores count; none: all
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("k", c.k);
  }
};
/// Shapes of these three: y_true (lists, items) relevances, an item being relevant above 0; y_pred
/// scores of the same shape. Of equal scores the first item comes first. Each is a mean over lists.
/// Errors: ShapeError for other shapes; ValueError for k < 1.
///
/// Normalized discounted cumulative gain: Σ (2^relevance − 1) / log₂(rank + 1) over that of the
/// best order; 0 for lists without a relevant item. Source: Järvelin and Kekäläinen (2002).
class NDCG : public Metric {
 public:
  NDCG(RankingConfig config = {});
};
/// 1 / rank of the first relevant item, 0 without one.
class MeanReciprocalRank : public Metric {
 public:
  MeanReciprocalRank(RankingConfig config = {});
};
/// Share of lists with a relevant item among the first k.
class HitRate : public Metric {
 public:
  HitRate(RankingConfig config = {});
};

struct BLEUConfig {
  int64_t max_order = 4;  ///< longest n-gram
  int64_t pad_token = 0;  ///< ends a sequence; everything from it on does not count
  bool smooth = false;    ///< count one more match and n-gram of each order above 1
  std::string name;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("max_order", c.max_order), v("pad_token", c.pad_token);
    v("smooth", c.smooth);
  }
};
/// BLEU of a corpus of token sequences with one reference each: the geometric mean of the n-gram
/// precisions, times exp(1 − reference / length) for predictions shorter than their references.
/// Shapes: integers (sequences, length), the lengths of targets and predictions may differ.
/// Sources: Papineni et al. (2002); Lin and Och (2004) for the smoothing.
class BLEU : public Metric {
 public:
  BLEU(BLEUConfig config = {});
};

}  // namespace danlu::metrics
