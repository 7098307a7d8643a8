#include "danlu/nn/layers/registry.h"

#include <algorithm>
#include <array>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/activation.h"
#include "danlu/nn/layers/attention.h"
#include "danlu/nn/layers/batch_normalization.h"
#include "danlu/nn/layers/conv_lstm.h"
#include "danlu/nn/layers/convolution.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/einsum_dense.h"
#include "danlu/nn/layers/embedding.h"
#include "danlu/nn/layers/flatten.h"
#include "danlu/nn/layers/identity.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/merging.h"
#include "danlu/nn/layers/multi_head_attention.h"
#include "danlu/nn/layers/noise.h"
#include "danlu/nn/layers/normalization.h"
#include "danlu/nn/layers/pooling.h"
#include "danlu/nn/layers/positions.h"
#include "danlu/nn/layers/recurrent.h"
#include "danlu/nn/layers/reshape.h"
#include "danlu/nn/layers/reshaping.h"
#include "danlu/nn/layers/rnn.h"
#include "danlu/nn/layers/shared_layers.h"
#include "danlu/nn/layers/spectral_normalization.h"
#include "danlu/nn/layers/transformer.h"
#include "danlu/nn/layers/wrappers.h"
#include "danlu/nn/operation.h"

namespace danlu {
namespace {

struct Entry {
  const char* class_name;
  Layer (*make)(const Json&);
};

template <class L, class Config>
Layer make(const Json& config) {
  Layer layer = L(config_from_json<Config>(config));
  if (const Json* regularizer = config.find("activity_regularizer")) {
    Regularizer own;
    from_json(*regularizer, own);
    layer->set_activity_regularizer(own);
  }
  return layer;
}

Layer make_functional(const Json& config) { return Layer(functional_from_config(config)); }
Layer make_sequential(const Json& config) { return Layer(sequential_from_config(config)); }

Layer refuse_lambda(const Json&) {
  throw UnsupportedError(
      {.what = "A Lambda is never made from a config, which would bring code along",
       .hint = "build the model in C++ and load its weights"});
}

constexpr std::array kLayers = {
    Entry{"Functional", make_functional},
    Entry{"Sequential", make_sequential},
    Entry{"InputLayer", input_from_config},
    Entry{"Dense", make<Dense, DenseConfig>},
    Entry{"Flatten", make<Flatten, FlattenConfig>},
    Entry{"Reshape", make<Reshape, ReshapeConfig>},
    Entry{"Activation", make<Activation, ActivationConfig>},
    Entry{"ReLU", make<ReLU, ReLUConfig>},
    Entry{"Softmax", make<Softmax, SoftmaxConfig>},
    Entry{"Dropout", make<Dropout, DropoutConfig>},
    Entry{"ConvLSTM1D", make<ConvLSTM1D, ConvLSTMConfig>},
    Entry{"ConvLSTM2D", make<ConvLSTM2D, ConvLSTMConfig>},
    Entry{"ConvLSTM3D", make<ConvLSTM3D, ConvLSTMConfig>},
    Entry{"MultiHeadAttention", make<MultiHeadAttention, MultiHeadAttentionConfig>},
    Entry{"GroupedQueryAttention", make<GroupedQueryAttention, GroupedQueryAttentionConfig>},
    Entry{"Attention", make<Attention, AttentionConfig>},
    Entry{"AdditiveAttention", make<AdditiveAttention, AdditiveAttentionConfig>},
    Entry{"Bidirectional", make<Bidirectional, BidirectionalConfig>},
    Entry{"TimeDistributed", make<TimeDistributed, TimeDistributedConfig>},
    Entry{"Add", make<Add, MergeConfig>},
    Entry{"Subtract", make<Subtract, MergeConfig>},
    Entry{"Multiply", make<Multiply, MergeConfig>},
    Entry{"Average", make<Average, MergeConfig>},
    Entry{"Maximum", make<Maximum, MergeConfig>},
    Entry{"Minimum", make<Minimum, MergeConfig>},
    Entry{"Concatenate", make<Concatenate, ConcatenateConfig>},
    Entry{"Dot", make<Dot, DotConfig>},
    Entry{"SimpleRNN", make<SimpleRNN, SimpleRNNConfig>},
    Entry{"LSTM", make<LSTM, LSTMConfig>},
    Entry{"GRU", make<GRU, GRUConfig>},
    Entry{"SimpleRNNCell", make<SimpleRNNCell, SimpleRNNCellConfig>},
    Entry{"LSTMCell", make<LSTMCell, LSTMCellConfig>},
    Entry{"GRUCell", make<GRUCell, GRUCellConfig>},
    Entry{"RNN", make<RNN, RNNConfig>},
    Entry{"SinePositionEncoding", make<SinePositionEncoding, SinePositionEncodingConfig>},
    Entry{"RotaryEmbedding", make<RotaryEmbedding, RotaryEmbeddingConfig>},
    Entry{"PositionEmbedding", make<PositionEmbedding, PositionEmbeddingConfig>},
    Entry{"TokenAndPositionEmbedding",
          make<TokenAndPositionEmbedding, TokenAndPositionEmbeddingConfig>},
    Entry{"TransformerEncoder", make<TransformerEncoder, TransformerConfig>},
    Entry{"TransformerDecoder", make<TransformerDecoder, TransformerDecoderConfig>},
    Entry{"StackedRNNCells", make<StackedRNNCells, StackedRNNCellsConfig>},
    Entry{"Conv1D", make<Conv1D, ConvConfig>},
    Entry{"Conv2D", make<Conv2D, ConvConfig>},
    Entry{"Conv3D", make<Conv3D, ConvConfig>},
    Entry{"Conv1DTranspose", make<Conv1DTranspose, ConvTransposeConfig>},
    Entry{"Conv2DTranspose", make<Conv2DTranspose, ConvTransposeConfig>},
    Entry{"Conv3DTranspose", make<Conv3DTranspose, ConvTransposeConfig>},
    Entry{"DepthwiseConv1D", make<DepthwiseConv1D, DepthwiseConvConfig>},
    Entry{"DepthwiseConv2D", make<DepthwiseConv2D, DepthwiseConvConfig>},
    Entry{"SeparableConv1D", make<SeparableConv1D, SeparableConvConfig>},
    Entry{"SeparableConv2D", make<SeparableConv2D, SeparableConvConfig>},
    Entry{"MaxPooling1D", make<MaxPooling1D, PoolingConfig>},
    Entry{"MaxPooling2D", make<MaxPooling2D, PoolingConfig>},
    Entry{"MaxPooling3D", make<MaxPooling3D, PoolingConfig>},
    Entry{"AveragePooling1D", make<AveragePooling1D, PoolingConfig>},
    Entry{"AveragePooling2D", make<AveragePooling2D, PoolingConfig>},
    Entry{"AveragePooling3D", make<AveragePooling3D, PoolingConfig>},
    Entry{"GlobalMaxPooling1D", make<GlobalMaxPooling1D, GlobalPoolingConfig>},
    Entry{"GlobalMaxPooling2D", make<GlobalMaxPooling2D, GlobalPoolingConfig>},
    Entry{"GlobalMaxPooling3D", make<GlobalMaxPooling3D, GlobalPoolingConfig>},
    Entry{"GlobalAveragePooling1D", make<GlobalAveragePooling1D, GlobalPoolingConfig>},
    Entry{"GlobalAveragePooling2D", make<GlobalAveragePooling2D, GlobalPoolingConfig>},
    Entry{"GlobalAveragePooling3D", make<GlobalAveragePooling3D, GlobalPoolingConfig>},
    Entry{"AdaptiveMaxPooling1D", make<AdaptiveMaxPooling1D, AdaptivePoolingConfig>},
    Entry{"AdaptiveMaxPooling2D", make<AdaptiveMaxPooling2D, AdaptivePoolingConfig>},
    Entry{"AdaptiveMaxPooling3D", make<AdaptiveMaxPooling3D, AdaptivePoolingConfig>},
    Entry{"AdaptiveAveragePooling1D", make<AdaptiveAveragePooling1D, AdaptivePoolingConfig>},
    Entry{"AdaptiveAveragePooling2D", make<AdaptiveAveragePooling2D, AdaptivePoolingConfig>},
    Entry{"AdaptiveAveragePooling3D", make<AdaptiveAveragePooling3D, AdaptivePoolingConfig>},
    Entry{"BatchNormalization", make<BatchNormalization, BatchNormalizationConfig>},
    Entry{"LayerNormalization", make<LayerNormalization, LayerNormalizationConfig>},
    Entry{"GroupNormalization", make<GroupNormalization, GroupNormalizationConfig>},
    Entry{"RMSNormalization", make<RMSNormalization, RMSNormalizationConfig>},
    Entry{"UnitNormalization", make<UnitNormalization, UnitNormalizationConfig>},
    Entry{"SpectralNormalization", make<SpectralNormalization, SpectralNormalizationConfig>},
    Entry{"Permute", make<Permute, PermuteConfig>},
    Entry{"RepeatVector", make<RepeatVector, RepeatVectorConfig>},
    Entry{"Cropping1D", make<Cropping1D, CroppingConfig>},
    Entry{"Cropping2D", make<Cropping2D, CroppingConfig>},
    Entry{"Cropping3D", make<Cropping3D, CroppingConfig>},
    Entry{"ZeroPadding1D", make<ZeroPadding1D, ZeroPaddingConfig>},
    Entry{"ZeroPadding2D", make<ZeroPadding2D, ZeroPaddingConfig>},
    Entry{"ZeroPadding3D", make<ZeroPadding3D, ZeroPaddingConfig>},
    Entry{"UpSampling1D", make<UpSampling1D, UpSamplingConfig>},
    Entry{"UpSampling2D", make<UpSampling2D, UpSamplingConfig>},
    Entry{"UpSampling3D", make<UpSampling3D, UpSamplingConfig>},
    Entry{"Identity", make<Identity, IdentityConfig>},
    Entry{"Masking", make<Masking, MaskingConfig>},
    Entry{"ActivityRegularization", make<ActivityRegularization, ActivityRegularizationConfig>},
    Entry{"Embedding", make<Embedding, EmbeddingConfig>},
    Entry{"ReversibleEmbedding", make<ReversibleEmbedding, ReversibleEmbeddingConfig>},
    Entry{"EinsumDense", make<EinsumDense, EinsumDenseConfig>},
    Entry{"LeakyReLU", make<LeakyReLU, LeakyReLUConfig>},
    Entry{"PReLU", make<PReLU, PReLUConfig>},
    Entry{"ELU", make<ELU, ELUConfig>},
    Entry{"SpatialDropout1D", make<SpatialDropout1D, SpatialDropoutConfig>},
    Entry{"SpatialDropout2D", make<SpatialDropout2D, SpatialDropoutConfig>},
    Entry{"SpatialDropout3D", make<SpatialDropout3D, SpatialDropoutConfig>},
    Entry{"AlphaDropout", make<AlphaDropout, AlphaDropoutConfig>},
    Entry{"GaussianDropout", make<GaussianDropout, GaussianDropoutConfig>},
    Entry{"GaussianNoise", make<GaussianNoise, GaussianNoiseConfig>},
    Entry{"Lambda", refuse_lambda},
};

/// Keras writes a dtype policy as an object; its name says as much.
Json with_plain_dtype(Json config) {
  const Json* policy = config.find("dtype");
  if (policy == nullptr || !policy->is_object()) return config;
  const Json name = policy->at("config").at("name");
  config.set("dtype", name);
  return config;
}

}  // namespace

Layer layer_from_config(const std::string& class_name, const Json& config) {
  std::string names;
  for (const Entry& entry : kLayers) {
    if (class_name == entry.class_name) {
      return with_error_context(class_name, [&] {
        const Json plain = with_plain_dtype(config);
        Layer layer = entry.make(plain);
        if (dynamic_cast<const Network*>(layer.impl().get()) == nullptr) {
          require_known_settings(plain, layer->get_config(), "'" + layer.name() + "'");
        }
        return layer;
      });
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.class_name);
  }
  throw ValueError({.where = "layer_from_config",
                    .what = "There is no layer of this class",
                    .expected = "one of " + names,
                    .received = "\"" + class_name + "\""});
}

bool is_registered(const std::string& class_name) {
  return std::any_of(kLayers.begin(), kLayers.end(),
                     [&](const Entry& entry) { return class_name == entry.class_name; });
}

Layer layer_from_entry(const Json& entry) {
  return SharedLayers::of(entry, [&] {
    return layer_from_config(entry.at("class_name").as_string(), entry.at("config"));
  });
}

Json serialize(const Layer& layer) {
  const std::string prefix = as_operation(layer) != nullptr ? kOperationPrefix : "";
  Json entry =
      Json::object({{"class_name", prefix + layer->type()}, {"config", layer->get_config()}});
  SharedLayers::mark(layer, entry);
  return entry;
}

Json to_json(const Layer& layer) { return layer.impl() ? serialize(layer) : Json(); }

void from_json(const Json& json, Layer& layer) {
  layer = json.is_null() ? Layer{nullptr} : layer_from_entry(json);
}

Json to_json(const std::vector<Layer>& layers) {
  Json all = Json::array();
  for (const Layer& layer : layers) all.push_back(to_json(layer));
  return all;
}

void from_json(const Json& json, std::vector<Layer>& layers) {
  layers.clear();
  for (const Json& item : json.items()) from_json(item, layers.emplace_back(nullptr));
}

Layer clone(const Layer& layer) { return layer_from_config(layer->type(), layer->get_config()); }

}  // namespace danlu
