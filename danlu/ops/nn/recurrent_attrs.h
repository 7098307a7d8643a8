#pragma once

#include "danlu/core/attrs.h"

namespace danlu {

/// lstm, gru and their backward ops: which optional inputs stand behind the others, in this order.
struct RecurrentAttrs {
  bool carry_gradient = false;  ///< lstm_backward: the gradient of the cell states
  bool mask = false;

  template <class V>
  void fields(V&& v) const {
    v("carry_gradient", carry_gradient), v("mask", mask);
  }
  friend bool operator==(const RecurrentAttrs&, const RecurrentAttrs&) = default;
};

}  // namespace danlu
