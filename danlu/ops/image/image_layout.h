#pragma once

#include <string>

#include "danlu/core/array.h"

namespace danlu::image {

/// Images as (batch, spatial axes…, channels), and back.
class Layout {
 public:
  /// Errors: ShapeError unless x has `spatial` + 1 or + 2 axes; ValueError for another format.
  Layout(const Array& x, const std::string& data_format, const std::string& where, int spatial = 2);
  Array batch() const { return batch_; }
  /// `y` (batch, spatial…, channels, further…) in the layout of the input.
  Array back(const Array& y) const;

 private:
  Array batch_;
  bool first_, single_;
  int spatial_;
};

/// Errors: ValueError.
[[noreturn]] void unknown_option(const std::string& where, const std::string& option,
                                 const std::string& expected, const std::string& received);

}  // namespace danlu::image
