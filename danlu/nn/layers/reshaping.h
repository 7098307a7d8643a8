#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "danlu/io/json.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/layer.h"

/// Layers that move, repeat, cut off or add elements.
namespace danlu {

struct PermuteConfig {
  std::vector<int64_t> dims;  ///< 1, 2, … in the new order; the batch axis stays
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("dims", c.dims);
    layer_fields(c, v);
  }
};

/// The axes of each sample in another order: `{2, 1}` swaps two.
/// Errors: ValueError unless `dims` is an order of 1, 2, …; ShapeError for another number of axes.
class Permute : public Layer {
 public:
  Permute(PermuteConfig config);
};

struct RepeatVectorConfig {
  int64_t n = 0;  ///< required, ≥ 1
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("n", c.n);
    layer_fields(c, v);
  }
};

/// Each sample n times, as a sequence. Shapes: (batch, features) → (batch, n, features).
class RepeatVector : public Layer {
 public:
  RepeatVector(RepeatVectorConfig config);
  RepeatVector(int64_t n) : RepeatVector(RepeatVectorConfig{.n = n}) {}
};

/// How much is cut off or added at both ends of the spatial axes: one number for all ends, one for
/// the ends of each axis, or {before, after} for each axis; of one axis {before, after}.
class Margins {
 public:
  Margins() = default;
  Margins(int64_t all) : parts_{all}, form_(Form::all) {}
  Margins(std::initializer_list<Integers> parts) : parts_(parts), form_(Form::list) {}
  explicit Margins(std::vector<Integers> parts) : parts_(std::move(parts)), form_(Form::list) {}

  bool defined() const { return form_ != Form::none; }
  bool is_list() const { return form_ == Form::list; }
  const std::vector<Integers>& parts() const { return parts_; }
  /// "1", "(1, 2)" or "((1, 2), (3, 4))".
  std::string to_string() const;
  friend bool operator==(const Margins&, const Margins&) = default;

 private:
  enum class Form : uint8_t { none, all, list };
  std::vector<Integers> parts_;
  Form form_ = Form::none;
};
Json to_json(const Margins& x);
void from_json(const Json& json, Margins& x);

struct CroppingConfig {
  Margins cropping;                           ///< default: 1, but of Cropping2D 0, as in Keras
  std::string data_format = "channels_last";  ///< or "channels_first"; not of Cropping1D
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("cropping", c.cropping), v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// Sequences, images or volumes with their borders cut off.
/// Errors: ValueError for negative numbers; ShapeError when nothing would be left.
template <int rank>
class Cropping : public Layer {
 public:
  Cropping(CroppingConfig config = {});
};
using Cropping1D = Cropping<1>;
using Cropping2D = Cropping<2>;
using Cropping3D = Cropping<3>;

struct ZeroPaddingConfig {
  Margins padding = 1;
  std::string data_format = "channels_last";  ///< or "channels_first"
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("padding", c.padding), v("data_format", c.data_format);
    layer_fields(c, v);
  }
};

/// Sequences, images or volumes with zeros around them. Errors: ValueError for negative numbers.
template <int rank>
class ZeroPadding : public Layer {
 public:
  ZeroPadding(ZeroPaddingConfig config = {});
};
using ZeroPadding1D = ZeroPadding<1>;
using ZeroPadding2D = ZeroPadding<2>;
using ZeroPadding3D = ZeroPadding<3>;

struct UpSamplingConfig {
  Integers size = 2;                          ///< factors of the spatial axes
  std::string data_format = "channels_last";  ///< or "channels_first"; not of UpSampling1D
  /// "nearest", or one of `image::resize`; of UpSampling2D alone.
  std::string interpolation = "nearest";
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("size", c.size), v("data_format", c.data_format), v("interpolation", c.interpolation);
    layer_fields(c, v);
  }
};

/// Sequences, images or volumes made larger: each element repeated, or with `interpolation`.
/// Errors: ValueError for factors < 1.
template <int rank>
class UpSampling : public Layer {
 public:
  UpSampling(UpSamplingConfig config = {});
};
using UpSampling1D = UpSampling<1>;
using UpSampling2D = UpSampling<2>;
using UpSampling3D = UpSampling<3>;

}  // namespace danlu
