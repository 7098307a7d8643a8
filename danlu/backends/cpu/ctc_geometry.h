#pragma once

#include <algorithm>
#include <cstdint>

#include "danlu/ops/nn/ctc_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// What stands for the logarithm of 0.
inline constexpr double kCtcImpossible = -1e5;

/// The sizes of a call of ctc_loss or ctc_loss_gradient, and its samples.
struct CtcGeometry {
  int64_t batch, steps, classes, labels, mask;

  explicit CtcGeometry(const KernelQuery& q)
      : batch(q.inputs[1].shape[0]),
        steps(q.inputs[1].shape[1]),
        classes(q.inputs[1].shape[2]),
        labels(q.inputs[0].shape[1]),
        mask(q.attrs_as<CtcAttrs>().mask_index) {}

  template <class T>
  struct Sample {
    const int32_t* target;
    const T* log_probs;
    int64_t labels, steps;  ///< as many as count
  };

  /// A label out of range is a fault, and the sample one without labels.
  template <class T>
  Sample<T> sample(const KernelArgs& args, int64_t i) const {
    Sample<T> s{.target = args.in<int32_t>(0) + i * labels,
                .log_probs = args.in<T>(1) + i * steps * classes,
                .labels = std::clamp<int64_t>(args.in<int32_t>(2)[i], 0, labels),
                .steps = std::clamp<int64_t>(args.in<int32_t>(3)[i], 0, steps)};
    for (int64_t n = 0; n < s.labels; ++n) {
      if (s.target[n] >= 0 && s.target[n] < classes) continue;
      args.fault(s.target[n]);
      s.labels = 0;
    }
    return s;
  }
};

}  // namespace danlu::cpu
