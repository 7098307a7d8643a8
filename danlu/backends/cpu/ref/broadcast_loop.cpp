#include "danlu/backends/cpu/ref/broadcast_loop.h"

#include <algorithm>

namespace danlu::cpu {

BroadcastLoop::BroadcastLoop(const Shape& output, std::span<const TensorSpec> operands)
    : size_(output.num_elements()) {
  std::vector<Axis> inward;  // innermost first
  Offsets next{};
  next.fill(1);
  for (int i = 1; i <= output.rank(); ++i) {
    Axis axis{.length = output[-i]};
    for (size_t k = 0; k < operands.size(); ++k) {
      const Shape& shape = operands[k].shape;
      if (i > shape.rank() || shape[-i] == 1) continue;
      axis.strides[k] = next[k];
      next[k] *= shape[-i];
    }
    if (axis.length == 1) continue;
    const bool merges = !inward.empty() && [&] {
      for (size_t k = 0; k < operands.size(); ++k) {
        if (axis.strides[k] != inward.back().strides[k] * inward.back().length) return false;
      }
      return true;
    }();
    if (merges) {
      inward.back().length *= axis.length;
    } else {
      inward.push_back(axis);
    }
  }
  if (inward.empty()) inward.push_back({});
  axes_.assign(inward.rbegin(), inward.rend());
}

}  // namespace danlu::cpu
