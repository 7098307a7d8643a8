#include "danlu/nn/layers/dense.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/matmul.h"

namespace danlu {
namespace {

class DenseImpl final : public ConfiguredLayer<DenseConfig> {
 public:
  explicit DenseImpl(DenseConfig c) : ConfiguredLayer("Dense", std::move(c)) {
    check_at_least(where(), "units", config().units, 1);
  }
  bool supports_masking() const override { return true; }

 private:
  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 2);
    check_known_axis(input, -1);
    if (built()) check_axis(input, -1, kernel_.shape()[0]);
    return input.with_dim(input.rank() - 1, config().units);
  }

  void build(const Shape& input) override {
    const int64_t units = config().units;
    kernel_ = add_weight("kernel", Shape{input[-1], units}, config().kernel_initializer,
                         config().kernel_regularizer, config().kernel_constraint);
    if (config().use_bias)
      bias_ = add_weight("bias", Shape{units}, config().bias_initializer, config().bias_regularizer,
                         config().bias_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    Array y = matmul(x, kernel_);  // (…, units)
    if (bias_.defined()) y = y + bias_;
    return config().activation(y);
  }

  Variable kernel_, bias_;
};

}  // namespace

Dense::Dense(DenseConfig config) : Layer(std::make_shared<DenseImpl>(std::move(config))) {}

}  // namespace danlu
