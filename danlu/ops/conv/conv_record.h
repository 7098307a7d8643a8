#pragma once

#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/conv/conv_attrs.h"

/// What the records of convolution and pooling share.
namespace danlu::convolution {

/// (n, h', w', filters). Errors: ShapeError, ValueError for a geometry that makes no sense.
Shape conv2d_output(const std::string& where, const Shape& x, const Shape& kernel,
                    const Conv2DAttrs& attrs);
/// Shape of one pooled output. Errors: ShapeError, ValueError; UnsupportedError for a window of
/// more than 256 positions when `indexed`.
Shape pool2d_output(const std::string& where, const Shape& x, const Pool2DAttrs& attrs,
                    bool indexed);
/// Errors: DTypeError unless all have one floating dtype.
void require_same_float(const InferContext& context, size_t count);
/// Errors: ShapeError unless input `i` has `shape`.
void require_shape(const InferContext& context, int i, const Shape& shape, const char* what);
/// Errors: DTypeError unless input `i` holds uint8 indices.
void require_index(const InferContext& context, int i, const Shape& shape);

double conv2d_flops(const Shape& kernel, const Shape& out);

/// Padding before and after one axis. Errors: ValueError unless `padding` is "valid" or "same".
struct Padding {
  std::array<int64_t, 2> before = {0, 0};
  std::array<int64_t, 2> after = {0, 0};
};
Padding resolve_padding(const std::string& where, const std::string& padding, const Shape& x,
                        std::array<int64_t, 2> window, std::array<int64_t, 2> strides,
                        std::array<int64_t, 2> dilation);

/// The axes before those of a batch of images: sets of images with a kernel gradient each.
std::vector<int64_t> axes_of_sets(const Shape& x);
Shape with_sets(std::vector<int64_t> sets, const Shape& element);

/// The convolutions that the samples of every convolution op are made of.
struct ConvCase {
  std::string label;
  Shape x, kernel;
  Conv2DAttrs attrs;
  Shape out() const { return conv2d_output("sample", x, kernel, attrs); }
};
std::vector<ConvCase> conv_cases();
struct PoolCase {
  std::string label;
  Shape x;
  Pool2DAttrs attrs;
  Shape out() const { return pool2d_output("sample", x, attrs, true); }
};
std::vector<PoolCase> pool_cases();
/// Fills with whole numbers of [0, positions), as max_pool2d's index holds.
void fill_index(std::span<double> values, int64_t positions);

/// `OpDef::batch` of the ops. Images of all elements become one batch of images; where each element
/// has its own kernel, the elements become groups of one convolution.
std::vector<Array> batch_conv2d(const BatchContext& context);
std::vector<Array> batch_conv2d_backward_input(const BatchContext& context);
std::vector<Array> batch_pool2d(const BatchContext& context);

Conv2DAttrs with_result(Conv2DAttrs attrs, const Shape& result);
Pool2DAttrs with_result(Pool2DAttrs attrs, const Shape& result);

}  // namespace danlu::convolution
