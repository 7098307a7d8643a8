#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// sort, argsort, take_along_axis, … : the axis, not negative.
struct AxisAttrs {
  int64_t axis = 0;

  template <class V>
  void fields(V&& v) const {
    v("axis", axis);
  }
  friend bool operator==(const AxisAttrs&, const AxisAttrs&) = default;
};

struct TopKAttrs {
  int64_t k = 1;

  template <class V>
  void fields(V&& v) const {
    v("k", k);
  }
  friend bool operator==(const TopKAttrs&, const TopKAttrs&) = default;
};

struct SearchSortedAttrs {
  bool right = false;

  template <class V>
  void fields(V&& v) const {
    v("right", right);
  }
  friend bool operator==(const SearchSortedAttrs&, const SearchSortedAttrs&) = default;
};

}  // namespace danlu
