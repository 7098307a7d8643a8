#include "danlu/nn/layers/pooling.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/spatial_layer.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

using Pool = Array (*)(const Array&, const PoolOptions&);

class PoolingImpl final : public SpatialLayer<PoolingConfig> {
 public:
  PoolingImpl(const char* kind, int rank, Pool pool, PoolingConfig given)
      : SpatialLayer(kind, rank, std::move(given)), pool_(pool) {
    PoolingConfig& c = mutable_config();
    check_padding(where(), c.padding);
    c.pool_size = per_axis(where(), "pool_size", c.pool_size, rank, 1);
    c.strides =
        per_axis(where(), "strides", c.strides.defined() ? c.strides : c.pool_size, rank, 1);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    const PoolingConfig& c = config();
    check_input(input);
    Shape output = input;
    for (int i = 0; i < rank(); ++i) {
      const int axis = spatial_axis(i);
      const auto k = static_cast<size_t>(i);
      output = output.with_dim(
          axis, window_output(input[axis], c.pool_size[k], c.strides[k], c.padding, input));
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    const PoolingConfig& c = config();
    return pool_(x, {.pool_size = c.pool_size.values(),
                     .strides = c.strides.values(),
                     .padding = c.padding,
                     .data_format = c.data_format});
  }

  Pool pool_;
};

using Reduction = Array (*)(const Array&, const Axes&, bool);

class GlobalPoolingImpl final : public SpatialLayer<GlobalPoolingConfig> {
 public:
  GlobalPoolingImpl(const char* kind, int rank, Reduction reduction, GlobalPoolingConfig given)
      : SpatialLayer(kind, rank, std::move(given)), reduction_(reduction) {}
  bool supports_masking() const override { return type() == "GlobalAveragePooling1D"; }
  std::vector<Array> compute_mask(const std::vector<Array>&,
                                  const std::vector<Array>&) const override {
    return {};
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_input(input);
    Shape output = input;
    for (int i = rank() - 1; i >= 0; --i) {
      output = config().keepdims ? output.with_dim(spatial_axis(i), 1)
                                 : output.without_axis(spatial_axis(i));
    }
    return output;
  }

  Array call(const Array& x, const CallContext& context) override {
    Axes axes;
    for (int i = 0; i < rank(); ++i) axes.push_back(spatial_axis(i));
    const bool keepdims = config().keepdims;
    if (!supports_masking() || !context.mask().defined()) return reduction_(x, axes, keepdims);
    const Array steps = cast(context.mask(), DType::bool_);
    const Array mask = expand_dims(steps, channels_first() ? 1 : 2);
    const Array total = sum(danlu::where(mask, x, Array::scalar(0, x.dtype())), axes, keepdims);
    return total / sum(cast(mask, x.dtype()), axes, keepdims);
  }

  Reduction reduction_;
};

using AdaptivePool = Array (*)(const Array&, const std::vector<int64_t>&, const std::string&);

class AdaptivePoolingImpl final : public SpatialLayer<AdaptivePoolingConfig> {
 public:
  AdaptivePoolingImpl(const char* kind, int rank, AdaptivePool pool, AdaptivePoolingConfig given)
      : SpatialLayer(kind, rank, std::move(given)), pool_(pool) {
    AdaptivePoolingConfig& c = mutable_config();
    c.output_size = per_axis(where(), "output_size", c.output_size, rank, 1);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_input(input);
    Shape output = input;
    for (int i = 0; i < rank(); ++i) {
      output = output.with_dim(spatial_axis(i), config().output_size[static_cast<size_t>(i)]);
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    return pool_(x, config().output_size.values(), config().data_format);
  }

  AdaptivePool pool_;
};

}  // namespace

template <int rank>
MaxPooling<rank>::MaxPooling(PoolingConfig config)
    : Layer(std::make_shared<PoolingImpl>("MaxPooling", rank, max_pool, std::move(config))) {}
template class MaxPooling<1>;
template class MaxPooling<2>;
template class MaxPooling<3>;

template <int rank>
AveragePooling<rank>::AveragePooling(PoolingConfig config)
    : Layer(
          std::make_shared<PoolingImpl>("AveragePooling", rank, average_pool, std::move(config))) {}
template class AveragePooling<1>;
template class AveragePooling<2>;
template class AveragePooling<3>;

template <int rank>
GlobalMaxPooling<rank>::GlobalMaxPooling(GlobalPoolingConfig config)
    : Layer(std::make_shared<GlobalPoolingImpl>("GlobalMaxPooling", rank,
                                                static_cast<Reduction>(max), std::move(config))) {}
template class GlobalMaxPooling<1>;
template class GlobalMaxPooling<2>;
template class GlobalMaxPooling<3>;

template <int rank>
GlobalAveragePooling<rank>::GlobalAveragePooling(GlobalPoolingConfig config)
    : Layer(std::make_shared<GlobalPoolingImpl>("GlobalAveragePooling", rank,
                                                static_cast<Reduction>(mean), std::move(config))) {}
template class GlobalAveragePooling<1>;
template class GlobalAveragePooling<2>;
template class GlobalAveragePooling<3>;

template <int rank>
AdaptiveMaxPooling<rank>::AdaptiveMaxPooling(AdaptivePoolingConfig config)
    : Layer(std::make_shared<AdaptivePoolingImpl>("AdaptiveMaxPooling", rank, adaptive_max_pool,
                                                  std::move(config))) {}
template class AdaptiveMaxPooling<1>;
template class AdaptiveMaxPooling<2>;
template class AdaptiveMaxPooling<3>;

template <int rank>
AdaptiveAveragePooling<rank>::AdaptiveAveragePooling(AdaptivePoolingConfig config)
    : Layer(std::make_shared<AdaptivePoolingImpl>("AdaptiveAveragePooling", rank,
                                                  adaptive_average_pool, std::move(config))) {}
template class AdaptiveAveragePooling<1>;
template class AdaptiveAveragePooling<2>;
template class AdaptiveAveragePooling<3>;

}  // namespace danlu
