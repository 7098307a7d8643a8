#include "danlu/danlu.h"
#include "danlu/nn/config_json.h"
#include "tests/golden/error_texts.h"

namespace danlu::golden {
namespace {

/// Calls a layer on ones of one shape after the other.
std::function<void()> calls(const std::function<Layer()>& make, const std::vector<Shape>& shapes) {
  return [=] {
    const Layer layer = make();
    for (const Shape& shape : shapes) layer(ones(shape));
  };
}

/// Calls a layer on several inputs at once.
std::function<void()> merges(const std::function<Layer()>& make, const std::vector<Shape>& shapes) {
  return [=] {
    std::vector<Array> inputs;
    for (const Shape& shape : shapes) inputs.push_back(ones(shape));
    make()(inputs);
  };
}

Mistakes inputs() {
  const auto conv = [](ConvConfig config) {
    config.filters = config.filters == 0 ? 2 : config.filters, config.name = "c";
    return [config] { return Conv2D(config); };
  };
  return {
      {"dense_rank", calls([] { return Dense({.units = 2, .name = "d"}); }, {{5}})},
      {"dense_axis", calls([] { return Dense({.units = 2, .name = "d"}); }, {{2, 4}, {2, 5}})},
      {"conv1d_rank",
       calls([] { return Conv1D({.filters = 2, .kernel_size = 3, .name = "c"}); }, {{2, 4}})},
      {"conv2d_rank", calls(conv({.kernel_size = 3}), {{2, 28, 28}})},
      {"conv2d_channels", calls(conv({.kernel_size = 3}), {{1, 8, 8, 3}, {1, 8, 8, 1}})},
      {"conv2d_window", calls(conv({.kernel_size = 5}), {{1, 4, 4, 1}})},
      {"conv2d_groups", calls(conv({.filters = 4, .kernel_size = 3, .groups = 2}), {{1, 8, 8, 3}})},
      {"conv_transpose_rank",
       calls([] { return Conv2DTranspose({.filters = 2, .kernel_size = 3, .name = "c"}); },
             {{2, 8, 8}})},
      {"depthwise_rank",
       calls([] { return DepthwiseConv2D({.kernel_size = 3, .name = "c"}); }, {{2, 8, 8}})},
      {"separable_rank",
       calls([] { return SeparableConv2D({.filters = 2, .kernel_size = 3, .name = "c"}); },
             {{2, 8, 8}})},
      {"max_pooling_rank", calls([] { return MaxPooling2D({.name = "p"}); }, {{2, 28, 28}})},
      {"average_pooling_rank", calls([] { return AveragePooling1D({.name = "p"}); }, {{2, 28}})},
      {"global_pooling_rank",
       calls([] { return GlobalAveragePooling2D({.name = "p"}); }, {{2, 28}})},
      {"reshape_size", calls([] { return Reshape({.target_shape = {5}, .name = "r"}); }, {{2, 4}})},
      {"reshape_unknown_size", calls(
                                   [] {
                                     return Reshape({.target_shape = {-1, 3}, .name = "r"});
                                   },
                                   {{2, 4}})},
      {"permute_rank", calls(
                           [] {
                             return Permute({.dims = {2, 1}, .name = "p"});
                           },
                           {{2, 3, 4, 5}})},
      {"repeat_vector_rank",
       calls([] { return RepeatVector({.n = 3, .name = "r"}); }, {{2, 3, 4}})},
      {"simple_rnn_rank", calls([] { return SimpleRNN({.units = 3, .name = "rnn"}); }, {{2, 4}})},
      {"lstm_rank", calls([] { return LSTM({.units = 3, .name = "rnn"}); }, {{2, 4}})},
      {"gru_rank", calls([] { return GRU({.units = 3, .name = "rnn"}); }, {{2, 4, 3, 2}})},
      {"conv_lstm_rank",
       calls([] { return ConvLSTM2D({.filters = 2, .kernel_size = {3}, .name = "rnn"}); },
             {{2, 4, 8, 8}})},
      {"bidirectional_rank", calls(
                                 [] {
                                   return Bidirectional({.layer = LSTM({.units = 3, .name = "rnn"}),
                                                         .name = "both"});
                                 },
                                 {{2, 4}})},
      {"time_distributed_rank",
       calls([] { return TimeDistributed({.layer = Dense({.units = 2}), .name = "steps"}); },
             {{2}})},
      {"cropping_too_much", calls(
                                [] {
                                  return Cropping1D({.cropping = {3, 2}, .name = "c"});
                                },
                                {{2, 4, 1}})},
      {"cropping2d_too_much", calls(
                                  [] {
                                    return Cropping2D({.cropping = {{2, 2}, {1, 1}}, .name = "c"});
                                  },
                                  {{2, 4, 4, 1}})},
      {"zero_padding_rank", calls([] { return ZeroPadding2D({.name = "z"}); }, {{2, 4, 4}})},
      {"upsampling_rank", calls([] { return UpSampling2D({.name = "u"}); }, {{2, 4, 4}})},
      {"spatial_dropout_rank",
       calls([] { return SpatialDropout2D({.rate = 0.5, .name = "s"}); }, {{2, 4, 4}})},
      {"group_normalization_groups",
       calls([] { return GroupNormalization({.groups = 3, .name = "g"}); }, {{2, 4}})},
      {"group_normalization_few",
       calls([] { return GroupNormalization({.groups = 8, .name = "g"}); }, {{2, 4}})},
      {"batch_normalization_axis",
       calls([] { return BatchNormalization({.axis = 1, .name = "b"}); }, {{2, 4, 3}, {2, 5, 3}})},
      {"unit_normalization_axis",
       calls([] { return UnitNormalization({.axis = 4, .name = "u"}); }, {{2, 4}})},
      {"add_shapes", merges([] { return Add({.name = "a"}); }, {{2, 3}, {2, 4}})},
      {"add_batches", merges([] { return Add({.name = "a"}); }, {{2, 3}, {4, 3}})},
      {"subtract_three", merges([] { return Subtract({.name = "s"}); }, {{2, 3}, {2, 3}, {2, 3}})},
      {"concatenate_shapes",
       merges([] { return Concatenate({.name = "c"}); }, {{2, 3, 4}, {2, 5, 4}})},
      {"concatenate_ranks", merges([] { return Concatenate({.name = "c"}); }, {{2, 3}, {2, 5, 4}})},
      {"dot_three", merges([] { return Dot({.axes = 1, .name = "d"}); }, {{2, 3}, {2, 3}, {2, 3}})},
      {"dot_axes",
       merges([] { return Dot({.axes = DotAxes(1, 2), .name = "d"}); }, {{2, 3, 4}, {2, 5, 6}})},
      {"attention_inputs", merges([] { return Attention({.name = "a"}); }, {{2, 3, 4}})},
      {"attention_too_many", merges([] { return Attention({.name = "a"}); },
                                    {{2, 3, 4}, {2, 3, 4}, {2, 3, 4}, {2, 3, 4}})},
      {"multi_head_ranks",
       merges([] { return MultiHeadAttention({.num_heads = 2, .key_dim = 3, .name = "m"}); },
              {{2, 3, 4}, {2, 3, 4}, {2, 5, 4}})},
  };
}

/// An initializer from a config, where modes have names.
void read_variance_scaling(const char* setting, const char* value) {
  Initializer initializer = "zeros";
  from_json(object_json("VarianceScaling", Json::object({{setting, value}})), initializer);
}

Mistakes settings() {
  const auto conv = [](ConvConfig config) {
    return [config]() mutable {
      if (!config.kernel_size.defined()) config.kernel_size = 3;
      config.name = "c";
      Conv2D{config};
    };
  };
  return {
      {"dense_units", [] { Dense({.units = 0, .name = "d"}); }},
      {"dense_negative_units", [] { Dense({.units = -3, .name = "d"}); }},
      {"einsum_dense_equation",
       [] {
         EinsumDense({.equation = "ab,bc", .output_shape = {3}, .name = "e"})(ones({2, 4}));
       }},
      {"embedding_negative", [] { Embedding({.input_dim = -1, .output_dim = 3, .name = "e"}); }},
      {"conv_filters", conv({.filters = 0})},
      {"conv_kernel", conv({.filters = 4, .kernel_size = {3, 0}})},
      {"conv_kernel_length", conv({.filters = 4, .kernel_size = {3, 3, 3}})},
      {"conv_strides", conv({.filters = 4, .strides = 0})},
      {"conv_padding", conv({.filters = 4, .padding = "full"})},
      {"conv_causal", conv({.filters = 4, .padding = "causal"})},
      {"conv_data_format", conv({.filters = 4, .data_format = "channels_middle"})},
      {"conv_filter_groups", conv({.filters = 5, .groups = 2})},
      {"conv_negative_groups", conv({.filters = 4, .groups = -2})},
      {"conv_strides_and_dilation", conv({.filters = 4, .strides = 2, .dilation_rate = 3})},
      {"pooling_size", [] { MaxPooling2D({.pool_size = 0, .name = "p"}); }},
      {"pooling_padding", [] { MaxPooling2D({.padding = "full", .name = "p"}); }},
      {"dropout_rate", [] { Dropout({.rate = 20, .name = "d"}); }},
      {"gaussian_dropout_rate", [] { GaussianDropout({.rate = 1.5, .name = "d"}); }},
      {"gaussian_noise", [] { GaussianNoise({.stddev = -0.5, .name = "n"}); }},
      {"alpha_dropout_rate", [] { AlphaDropout({.rate = -0.5, .name = "d"}); }},
      {"lstm_units", [] { LSTM({.units = 0, .name = "rnn"}); }},
      {"gru_units", [] { GRU({.units = -2, .name = "rnn"}); }},
      {"bidirectional_merge",
       [] {
         Bidirectional(
             {.layer = LSTM({.units = 3, .name = "rnn"}), .merge_mode = "min", .name = "b"});
       }},
      {"permute_dims",
       [] {
         Permute({.dims = {1, 3}, .name = "p"});
       }},
      {"reshape_two_unknown",
       [] {
         Reshape({.target_shape = {-1, -1}, .name = "r"})(ones({2, 4}));
       }},
      {"cropping_values",
       [] {
         Cropping2D({.cropping = {{1, 2, 3}, {1, 1}}, .name = "c"});
       }},
      {"zero_padding_negative", [] { ZeroPadding1D({.padding = -1, .name = "z"}); }},
      {"relu_max_value", [] { ReLU({.max_value = -1.0, .name = "r"}); }},
      {"relu_slope", [] { ReLU({.negative_slope = -0.5, .name = "r"}); }},
      {"multi_head_heads", [] { MultiHeadAttention({.num_heads = 0, .key_dim = 3, .name = "m"}); }},
      {"grouped_heads",
       [] {
         GroupedQueryAttention(
             {.head_dim = 3, .num_query_heads = 4, .num_key_value_heads = 3, .name = "g"});
       }},
      {"attention_score", [] { Attention({.score_mode = "cosine", .name = "a"}); }},
      {"unknown_activation", [] { Dense({.units = 2, .activation = "rleu", .name = "d"}); }},
      {"unknown_initializer",
       [] { Dense({.units = 2, .kernel_initializer = "glorot", .name = "d"}); }},
      {"unknown_regularizer", [] { Dense({.units = 2, .kernel_regularizer = "l3", .name = "d"}); }},
      {"unknown_constraint",
       [] { Dense({.units = 2, .kernel_constraint = "small", .name = "d"}); }},
      {"unknown_dtype", [] { Dense({.units = 2, .name = "d", .dtype = "float17"}); }},
      {"initializer_scale", [] { initializers::VarianceScaling({.scale = -2}); }},
      {"initializer_mode", [] { read_variance_scaling("mode", "fan_all"); }},
      {"initializer_distribution", [] { read_variance_scaling("distribution", "cauchy"); }},
      {"identity_rank",
       [] {
         initializers::Identity()({2, 3, 4});
       }},
      {"orthogonal_rank", [] { initializers::Orthogonal()({3}); }},
  };
}

}  // namespace

Mistakes mistakes_with_layers() {
  Mistakes all = inputs();
  all.merge(settings());
  return all;
}

}  // namespace danlu::golden
