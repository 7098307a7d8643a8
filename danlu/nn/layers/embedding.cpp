#include "danlu/nn/layers/embedding.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class EmbeddingImpl final : public ConfiguredLayer<EmbeddingConfig> {
 public:
  explicit EmbeddingImpl(EmbeddingConfig c) : ConfiguredLayer("Embedding", std::move(c)) {
    check_at_least(where(), "input_dim", config().input_dim, 1);
    check_at_least(where(), "output_dim", config().output_dim, 1);
  }
  bool supports_masking() const override { return config().mask_zero; }
  std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                  const std::vector<Array>&) const override {
    if (!config().mask_zero) return {};
    const Array& x = inputs.at(0);
    return {not_equal(x, Array::scalar(0, x.dtype()))};
  }

 private:
  bool casts_input() const override { return false; }

  Shape output_shape(const Shape& input) const override {
    return input.with_axis_inserted(input.rank(), config().output_dim);
  }

  void build(const Shape&) override {
    const EmbeddingConfig& c = config();
    embeddings_ =
        add_weight("embeddings", Shape{c.input_dim, c.output_dim}, c.embeddings_initializer,
                   c.embeddings_regularizer, c.embeddings_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    const bool index = x.dtype() == DType::int32 || x.dtype() == DType::int64;
    return cast(take(embeddings_, index ? x : cast(x, DType::int32), 0), compute_dtype());
  }

  Variable embeddings_;
};

}  // namespace

Embedding::Embedding(EmbeddingConfig config)
    : Layer(std::make_shared<EmbeddingImpl>(std::move(config))) {}

}  // namespace danlu
