#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "danlu/core/shape.h"

namespace danlu::cpu {

/// The iteration space of an elementwise op: the output's, with neighbouring axes merged wherever
/// all operands allow, and the strides (in elements, 0 where repeated) of up to three operands.
class BroadcastLoop {
 public:
  static constexpr int kMaxOperands = 3;
  using Offsets = std::array<int64_t, kMaxOperands>;

  BroadcastLoop(const Shape& output, std::span<const TensorSpec> operands);

  int64_t size() const { return size_; }
  /// Strides of the operands along a run.
  const Offsets& strides() const { return axes_.back().strides; }

  /// Calls `body(offsets, first, n)` for each run of consecutive output elements in [begin, end):
  /// operand i of element `first` stands at offsets[i].
  template <class Body>
  void for_each_run(int64_t begin, int64_t end, Body&& body) const {
    const int64_t inner = axes_.back().length;
    for (int64_t first = begin; first < end;) {
      const int64_t column = first % inner;
      const int64_t n = std::min(inner - column, end - first);
      body(offsets_of(first / inner, column), first, n);
      first += n;
    }
  }

 private:
  struct Axis {
    int64_t length = 1;
    Offsets strides{};
  };
  Offsets offsets_of(int64_t row, int64_t column) const {
    Offsets offsets{};
    const auto advance = [&offsets](const Axis& axis, int64_t by) {
      for (int i = 0; i < kMaxOperands; ++i) offsets[i] += by * axis.strides[i];
    };
    advance(axes_.back(), column);
    for (size_t i = axes_.size() - 1; i-- > 0;) {
      advance(axes_[i], row % axes_[i].length);
      row /= axes_[i].length;
    }
    return offsets;
  }

  std::vector<Axis> axes_;  ///< outermost first, never empty
  int64_t size_;
};

}  // namespace danlu::cpu
