#pragma once

#include "danlu/ops/nn/recurrent_attrs.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Sizes of a recurrent op, the first input of which is (batch, time, gates · units), and its
/// optional inputs, which begin at `optional`.
struct RecurrentGeometry {
  int64_t batch, time, units;
  int carry_gradient = -1, mask = -1;  ///< inputs, or −1

  RecurrentGeometry(const KernelQuery& q, int gates, int optional) {
    const Shape& first = q.inputs[0].shape;
    batch = first[0], time = first[1], units = first[2] / gates;
    const auto& attrs = q.attrs_as<RecurrentAttrs>();
    if (attrs.carry_gradient) carry_gradient = optional++;
    if (attrs.mask) mask = optional;
  }
  /// The row of a sequence that belongs to step `t`.
  int64_t row(int64_t b, int64_t t) const { return b * time + t; }
  bool counts(const KernelArgs& args, int64_t b, int64_t t) const {
    return mask < 0 || args.in<bool>(mask)[row(b, t)];
  }
};

}  // namespace danlu::cpu
