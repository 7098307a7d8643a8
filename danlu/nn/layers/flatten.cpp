#include "danlu/nn/layers/flatten.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class FlattenImpl final : public ConfiguredLayer<FlattenConfig> {
 public:
  explicit FlattenImpl(FlattenConfig c) : ConfiguredLayer("Flatten", std::move(c)) {
    mutable_config().data_format = checked_data_format(where(), config().data_format);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 1);
    int64_t features = 1;
    for (int i = 1; i < input.rank(); ++i) {
      features = input[i] == kNone || features == kNone ? kNone : features * input[i];
    }
    return {input[0], features};
  }

  Array call(const Array& x, const CallContext&) override {
    if (config().data_format == "channels_last" || x.rank() < 3) {
      return reshape(x, output_shape(x.shape()));
    }
    return reshape(moveaxis(x, {1}, {-1}), output_shape(x.shape()));
  }
};

}  // namespace

Flatten::Flatten(FlattenConfig config) : Layer(std::make_shared<FlattenImpl>(std::move(config))) {}

}  // namespace danlu
