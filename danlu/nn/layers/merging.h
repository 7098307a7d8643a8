#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Layers that make one tensor of several: `Add()({a, b})`.
/// Shapes: lists whose axes behind the batch axis broadcast; an input of fewer axes than the others
/// gets axes of length 1 behind its batch axis. Masks: a step counts where it counts for any of the
/// inputs; without masks for all of them the output has none.
/// Errors: ValueError for a wrong number of inputs; ShapeError for shapes that do not fit.
namespace danlu {

struct MergeConfig {
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

class Add : public Layer {
 public:
  Add(MergeConfig config = {});
};
/// The first of exactly two inputs less the second.
class Subtract : public Layer {
 public:
  Subtract(MergeConfig config = {});
};
/// The product; elements outside an input's mask count as 1, those outside all masks give 0.
class Multiply : public Layer {
 public:
  Multiply(MergeConfig config = {});
};
/// The sum divided by the number of inputs, whatever their masks.
class Average : public Layer {
 public:
  Average(MergeConfig config = {});
};
/// The greatest element; those outside an input's mask do not take part.
class Maximum : public Layer {
 public:
  Maximum(MergeConfig config = {});
};
/// The smallest element; those outside an input's mask do not take part.
class Minimum : public Layer {
 public:
  Minimum(MergeConfig config = {});
};

struct ConcatenateConfig {
  int64_t axis = -1;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// One behind the other along `axis`; all other axes have equal lengths. Masks: as long as one
/// input has one, those of the others are all true; concatenated like the inputs, a step counts
/// where any of its elements does.
class Concatenate : public Layer {
 public:
  Concatenate(ConcatenateConfig config = {});
};

/// The axis that is summed over in each of two tensors: `1` means `{1, 1}`, and −1 the last of
/// each.
class DotAxes {
 public:
  DotAxes(int64_t both) : axes_{both, both}, equal_(true) {}
  DotAxes(int64_t first, int64_t second) : axes_{first, second} {}

  int64_t first() const { return axes_.first; }
  int64_t second() const { return axes_.second; }
  /// Whether one number was given for both.
  bool is_one_number() const { return equal_; }

 private:
  std::pair<int64_t, int64_t> axes_;
  bool equal_ = false;
};

Json to_json(const DotAxes& x);
void from_json(const Json& json, DotAxes& x);

struct DotConfig {
  DotAxes axes = -1;       ///< never 0, the batch axis
  bool normalize = false;  ///< divide by the L2 norm along the axis first: cosine similarity
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axes", c.axes), v("normalize", c.normalize);
    v("name", c.name), v("dtype", c.dtype), v("trainable", c.trainable);
    v("input_shape", c.input_shape);
  }
};

/// For each sample the product of two tensors, summed over one axis of each. No mask comes out.
/// Shapes: (batch, a…, n, b…) and (batch, c…, n, d…) → (batch, a…, b…, c…, d…), or (batch, 1) where
/// no axis is left.
class Dot : public Layer {
 public:
  Dot(DotConfig config);
};

}  // namespace danlu
