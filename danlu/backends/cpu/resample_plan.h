#pragma once

#include "danlu/backends/cpu/resample_taps.h"
#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// (images, height, width, channels) → (images, rows.to, columns.to, channels).
struct ResamplePlan {
  int64_t images = 1, channels = 1;
  Taps rows, columns;

  explicit ResamplePlan(const KernelQuery& query) {
    const auto& a = query.attrs_as<ResampleAttrs>();
    rows = resize_taps(a.height, a.to_height, a.filter, a.antialias);
    columns = resize_taps(a.width, a.to_width, a.filter, a.antialias);
    if (a.transpose) {
      rows = transposed(rows);
      columns = transposed(columns);
    }
    const Shape& shape = query.inputs[0].shape;
    for (int i = 0; i < shape.rank() - 3; ++i) images *= shape[i];
    channels = shape[-1];
  }
};

}  // namespace danlu::cpu
