#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

enum class CumulativeKind : uint8_t { sum, prod, logsumexp };

struct CumulativeAttrs {
  CumulativeKind kind = CumulativeKind::sum;
  int64_t axis = 0;
  bool reverse = false;    ///< from the end
  bool exclusive = false;  ///< each element without itself; the first is the sum of nothing

  template <class V>
  void fields(V&& v) const {
    v("kind", kind), v("axis", axis), v("reverse", reverse), v("exclusive", exclusive);
  }
  friend bool operator==(const CumulativeAttrs&, const CumulativeAttrs&) = default;
};

struct RecurrenceAttrs {
  int64_t axis = 0;
  bool reverse = false;

  template <class V>
  void fields(V&& v) const {
    v("axis", axis), v("reverse", reverse);
  }
  friend bool operator==(const RecurrenceAttrs&, const RecurrenceAttrs&) = default;
};

}  // namespace danlu
