#pragma once

#include <string>
#include <vector>

#include "danlu/ops/conv/conv_record.h"
#include "danlu/ops/fused/fused_attrs.h"

/// What the records of conv2d_pool and its two backward ops share.
namespace danlu::fused {

/// A convolution followed by a pooling.
struct ConvPoolCase {
  std::string label;
  Shape x, kernel;
  Conv2DPoolAttrs attrs;
  Shape conv_out() const;
  Shape pooled() const;
};
std::vector<ConvPoolCase> conv_pool_cases();

/// Floating-point operations that the gradient needs: one window position of each pooled element.
double sparse_flops(const Shape& kernel, const Shape& pooled);

}  // namespace danlu::fused
