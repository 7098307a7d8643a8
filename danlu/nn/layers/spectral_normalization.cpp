#include "danlu/nn/layers/spectral_normalization.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// The value of a variable in its own dtype, whatever the layer computes in.
Array exact(const Variable& variable) {
  const AutocastScope none(std::nullopt);
  return variable.value();
}

/// A variable with another value for as long as this lives.
class Lent {
 public:
  Lent(Variable variable, const Array& value)
      : variable_(std::move(variable)), kept_(exact(variable_)) {
    variable_.assign(value);
  }
  ~Lent() { variable_.assign(kept_); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

 private:
  Variable variable_;
  Array kept_;
};

class SpectralNormalizationImpl final : public ConfiguredLayer<SpectralNormalizationConfig> {
 public:
  explicit SpectralNormalizationImpl(SpectralNormalizationConfig c)
      : ConfiguredLayer("SpectralNormalization", std::move(c)) {
    check_at_least(where(), "power_iterations", config().power_iterations, 1);
    if (config().layer.impl()) return;
    throw ValueError({.where = where(), .what = "`layer` is missing"});
  }

  std::vector<Layer> sublayers() const override { return {config().layer}; }
  std::vector<Array> losses() const override {
    if (!quotient_.defined()) return LayerImpl::losses();
    const Lent kernel(kernel_, quotient_);
    return LayerImpl::losses();
  }
  void clear_losses() override {
    quotient_ = Array();
    LayerImpl::clear_losses();
  }
  void set_trainable(bool trainable) override {
    LayerImpl::set_trainable(trainable);
    config().layer->set_trainable(trainable);
  }

 private:
  Shape output_shape(const Shape& input) const override {
    return config().layer->compute_output_shape(input);
  }

  void build(const Shape& input) override {
    config().layer->ensure_built(input);
    for (const Variable& weight : config().layer->own_weights()) {
      if (weight.name() == "kernel" || weight.name() == "embeddings") kernel_ = weight;
    }
    if (!kernel_.defined()) {
      throw ValueError({.what = "The layer has no weight to normalize",
                        .expected = "a layer with a `kernel` or `embeddings`",
                        .received = config().layer->where()});
    }
    adopt_weight(kernel_);
    vector_u_ = add_weight("vector_u", Shape{1, kernel_.shape()[-1]},
                           initializers::TruncatedNormal({.stddev = 0.02}), false);
  }

  Array call(const Array& given, const CallContext& context) override {
    const Layer& layer = config().layer;
    const Array x = is_floating(given.dtype()) ? cast(given, compute_dtype()) : given;
    if (!context.training) return cast(layer(x, context), x.dtype());
    quotient_ = normalized();
    const Lent kernel(kernel_, quotient_);
    return cast(layer(x, context), x.dtype());
  }

  /// The kernel over its greatest singular value; moves vector_u on. A kernel of zeros stays.
  Array normalized() {
    const Array kernel = kernel_;
    const int64_t width = kernel.shape()[-1];
    const Array matrix = reshape(kernel, Shape{kernel.size() / width, width});
    Array u = vector_u_, v;
    for (int64_t i = 0; i < config().power_iterations; ++i) {
      v = normalize(matmul(u, transpose(matrix)), {});  // (1, rows)
      u = normalize(matmul(v, matrix), {});             // (1, width)
    }
    u = stop_gradient(u), v = stop_gradient(v);
    const Array sigma = reshape(matmul(matmul(v, matrix), transpose(u)), Shape{});
    const Array empty = all(equal(kernel, Array::scalar(0, kernel.dtype())));
    vector_u_.assign(danlu::where(empty, exact(vector_u_), cast(u, vector_u_.dtype())));
    const Array quotient = kernel / danlu::where(empty, Array::scalar(1, kernel.dtype()), sigma);
    return cast(quotient, kernel_.dtype());
  }

  /// Integers are for an Embedding.
  bool casts_input() const override { return false; }

  Variable kernel_, vector_u_;
  Array quotient_;  ///< the kernel of the latest call in training, which losses see
};

}  // namespace

SpectralNormalization::SpectralNormalization(SpectralNormalizationConfig config)
    : Layer(std::make_shared<SpectralNormalizationImpl>(std::move(config))) {}

}  // namespace danlu
