#include "danlu/nn/layers/pooling2d.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/conv.h"

namespace danlu {
namespace {

using Pool = Array (*)(const Array&, const Pool2DOptions&);

class Pooling2DImpl final : public ConfiguredLayer<Pooling2DConfig> {
 public:
  Pooling2DImpl(const char* type, Pool pool, Pooling2DConfig c)
      : ConfiguredLayer(type, std::move(c)), pool_(pool) {
    check_padding(where(), config().padding);
    for (int i = 0; i < 2; ++i) {
      check_at_least(where(), "pool_size", config().pool_size[i], 1);
      check_at_least(where(), "strides", strides()[i], 1);
    }
  }

 private:
  const Size2D& strides() const {
    return config().strides.defined() ? config().strides : config().pool_size;
  }

  Shape output_shape(const Shape& input) const override {
    check_rank(input, 4, "(batch, height, width, channels)");
    Shape output = input;
    for (int i = 0; i < 2; ++i) {
      output = output.with_dim(i + 1, window_output(input[i + 1], config().pool_size[i],
                                                    strides()[i], config().padding, input));
    }
    return output;
  }

  Array call(const Array& x, const CallContext&) override {
    return pool_(x, {.pool_size = config().pool_size.to_array(),
                     .strides = strides().to_array(),
                     .padding = config().padding});
  }

  Pool pool_;
};

}  // namespace

MaxPooling2D::MaxPooling2D(Pooling2DConfig config)
    : Layer(std::make_shared<Pooling2DImpl>("MaxPooling2D", max_pool2d, std::move(config))) {}

AveragePooling2D::AveragePooling2D(Pooling2DConfig config)
    : Layer(
          std::make_shared<Pooling2DImpl>("AveragePooling2D", average_pool2d, std::move(config))) {}

}  // namespace danlu
