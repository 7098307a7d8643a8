#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "danlu/core/shape.h"

namespace danlu::cpu {

/// Copies a box of elements between two strided layouts: what transpose, slice, pad, concatenate
/// and broadcast_to come down to.
class StridedCopy {
 public:
  /// Strides in elements; they may be 0 or negative in the source.
  struct Axis {
    int64_t length = 1;
    int64_t from = 0;
    int64_t to = 0;
  };

  /// `axes`, outermost first in the target; the offsets are those of the first element.
  StridedCopy(const std::vector<Axis>& axes, int64_t from_offset, int64_t to_offset,
              size_t element_size);

  /// Part `chunk` of `chunks`; the parts may run at once.
  void run(const void* from, void* to, int chunk = 0, int chunks = 1) const;

 private:
  template <class Element>
  void walk(size_t level, const Element* from, Element* to, int64_t begin, int64_t end) const;
  template <class Element>
  void copy_row(const Element* from, Element* to, int64_t n) const;
  template <class Element>
  void copy_tiles(const Element* from, Element* to, int64_t begin, int64_t end) const;

  std::vector<Axis> axes_;  ///< merged; outermost first, never empty
  int64_t from_offset_, to_offset_;
  size_t element_size_;
  bool tiled_ = false;  ///< the source is contiguous along the last axis but one
};

/// Row-major strides, in elements.
std::vector<int64_t> row_major_strides(const Shape& shape);

}  // namespace danlu::cpu
