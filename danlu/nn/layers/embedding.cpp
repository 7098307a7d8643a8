#include "danlu/nn/layers/embedding.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"

namespace danlu {
namespace {

/// What both share: the way from numbers to vectors.
template <class Config>
class EmbeddingBase : public ConfiguredLayer<Config> {
 public:
  EmbeddingBase(std::string_view type, Config c) : ConfiguredLayer<Config>(type, std::move(c)) {
    check_at_least(this->where(), "input_dim", this->config().input_dim, 1);
    check_at_least(this->where(), "output_dim", this->config().output_dim, 1);
  }
  bool supports_masking() const override { return this->config().mask_zero; }
  std::vector<Array> compute_mask(const std::vector<Array>& inputs,
                                  const std::vector<Array>&) const override {
    if (!this->config().mask_zero) return {};
    const Array& x = inputs.at(0);
    return {not_equal(x, Array::scalar(0, x.dtype()))};
  }

 protected:
  bool autocast() const override { return false; }

  Shape output_shape(const Shape& input) const override {
    return input.with_axis_inserted(input.rank(), this->config().output_dim);
  }

  void build(const Shape&) override {
    const Config& c = this->config();
    embeddings_ =
        this->add_weight("embeddings", Shape{c.input_dim, c.output_dim}, c.embeddings_initializer,
                         c.embeddings_regularizer, c.embeddings_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    const bool index = x.dtype() == DType::int32 || x.dtype() == DType::int64;
    return cast(take(embeddings_, index ? x : cast(x, DType::int32), 0), this->compute_dtype());
  }

  Variable embeddings_;
};

class EmbeddingImpl final : public EmbeddingBase<EmbeddingConfig> {
 public:
  explicit EmbeddingImpl(EmbeddingConfig c) : EmbeddingBase("Embedding", std::move(c)) {}
};

class ReversibleEmbeddingImpl final : public EmbeddingBase<ReversibleEmbeddingConfig> {
 public:
  explicit ReversibleEmbeddingImpl(ReversibleEmbeddingConfig c)
      : EmbeddingBase("ReversibleEmbedding", std::move(c)) {
    if (config().reverse_dtype) reverse_dtype_ = dtype_from_name(*config().reverse_dtype);
  }

 private:
  static bool is_reverse(const Json& arguments) {
    return CallContext::flag_of(arguments, "reverse");
  }

  std::vector<Shape> output_shapes_of_call(const std::vector<Shape>& inputs,
                                           const Json& arguments) const override {
    if (!is_reverse(arguments)) return output_shapes(inputs);
    const Shape& x = inputs.at(0);
    check_axis(x, -1, config().output_dim);
    return {x.with_dim(x.rank() - 1, config().input_dim)};
  }

  void build(const Shape& input) override {
    EmbeddingBase::build(input);
    if (config().tie_weights) return;
    reverse_embeddings_ =
        add_weight("reverse_embeddings", Shape{config().output_dim, config().input_dim},
                   config().embeddings_initializer);
  }

  LayerOutputs call_with_masks(const std::vector<Array>& inputs,
                               const CallContext& context) override {
    if (!is_reverse(context.arguments)) return LayerImpl::call_with_masks(inputs, context);
    return {{logits(inputs.at(0))}, {}};
  }

  Array logits(Array x) const {
    Array kernel = config().tie_weights ? embeddings_ : reverse_embeddings_;
    if (reverse_dtype_) x = cast(x, *reverse_dtype_), kernel = cast(kernel, *reverse_dtype_);
    const Array y = matmul(x, kernel, {.transpose_b = config().tie_weights});
    if (!config().logit_soft_cap) return y;
    return tanh(y / *config().logit_soft_cap) * *config().logit_soft_cap;
  }

  std::optional<DType> reverse_dtype_;
  Variable reverse_embeddings_;
};

}  // namespace

Embedding::Embedding(EmbeddingConfig config)
    : Layer(std::make_shared<EmbeddingImpl>(std::move(config))) {}
ReversibleEmbedding::ReversibleEmbedding(ReversibleEmbeddingConfig config)
    : Layer(std::make_shared<ReversibleEmbeddingImpl>(std::move(config))) {}

}  // namespace danlu
