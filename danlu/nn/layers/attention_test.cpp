#include "danlu/nn/layers/attention.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/merging.h"
#include "danlu/nn/layers/multi_head_attention.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::expect_error;
using testing::expect_same;
using testing::random_input;

const Json kScores = Json::object({{"return_attention_scores", true}});

TEST(AttentionLayers, GiveTheSameWithScoresAndWithout) {
  const Array query = random_input({2, 5, 4}, DType::float64, 1);
  const Array value = random_input({2, 7, 4}, DType::float64, 2);
  const auto check = [&](const Layer& layer) {
    const auto with = layer({query, value}, {.arguments = kScores});
    ASSERT_EQ(with.size(), 2u);
    expect_same(layer({query, value})[0], with[0], 1e-12);
    const Array sums = sum(with[1], {-1});
    expect_same(sums, ones_like(sums), 1e-12);
  };
  check(Attention({.use_scale = true, .dtype = "float64"}));
  check(AdditiveAttention({.dtype = "float64"}));
  check(MultiHeadAttention({.num_heads = 2, .key_dim = 3, .dtype = "float64"}));
  check(GroupedQueryAttention(
      {.head_dim = 3, .num_query_heads = 4, .num_key_value_heads = 2, .dtype = "float64"}));
}

TEST(AttentionLayers, GiveScoresInFunctionalGraphs) {
  const Array x = random_input({2, 5, 4}, DType::float32, 1);
  const auto check = [&](const Layer& layer, const Shape& scores) {
    const KerasTensor input = Input({5, 4});
    const auto outputs = layer(std::vector<KerasTensor>{input, input}, {.values = kScores});
    ASSERT_EQ(outputs.size(), 2u);
    EXPECT_EQ(outputs[1].shape(), scores);
    const Layer network(std::make_shared<FunctionalNetwork>(input, outputs));
    const auto together = network(std::vector<Array>{x}),
               alone = layer({x, x}, {.arguments = kScores});
    expect_same(together[0], alone[0], 0);
    expect_same(together[1], alone[1], 0);
    const Layer copy = clone(network);
    EXPECT_EQ(copy->compute_output_shapes({{kNone, 5, 4}})[1], scores);
  };
  check(Attention(), {kNone, 5, 5});
  check(AdditiveAttention(), {kNone, 5, 5});
  check(MultiHeadAttention({.num_heads = 3, .key_dim = 2}), {kNone, 3, 5, 5});
  check(GroupedQueryAttention({.head_dim = 3, .num_query_heads = 4, .num_key_value_heads = 2}),
        {kNone, 4, 5, 5});
  const Layer over_two = MultiHeadAttention({.num_heads = 3, .key_dim = 2});
  EXPECT_EQ(over_two->compute_output_shapes({{2, 5, 6, 4}, {2, 7, 8, 4}}, kScores)[1],
            (Shape{2, 3, 5, 6, 7, 8}));
  const Layer over_last =
      MultiHeadAttention({.num_heads = 3, .key_dim = 2, .attention_axes = {{2}}});
  EXPECT_EQ(over_last->compute_output_shapes({{2, 5, 6, 4}, {2, 5, 8, 4}}, kScores)[1],
            (Shape{2, 5, 3, 6, 8}));
}

TEST(AttentionLayers, DropoutActsInTrainingOnly) {
  const Array x = random_input({2, 6, 4}, DType::float32, 1);
  const auto check = [&](const Layer& layer) {
    const Array plain = layer({x, x})[0];
    expect_same(layer({x, x})[0], plain, 0);
    const Array drawn = layer({x, x}, {.training = true})[0].eval();
    const Array again = layer({x, x}, {.training = true})[0];
    EXPECT_GT(max(abs(drawn - plain)).item<double>(), 1e-3);
    EXPECT_GT(max(abs(drawn - again)).item<double>(), 1e-3);
  };
  check(Attention({.dropout = 0.5, .seed = 1}));
  check(AdditiveAttention({.dropout = 0.5, .seed = 1}));
  check(MultiHeadAttention({.num_heads = 2, .key_dim = 3, .dropout = 0.5, .seed = 1}));
}

TEST(AttentionLayers, HandThePolicyToTheirProjections) {
  const Array x = random_input({2, 6, 4}, DType::float32, 1);
  const Layer layer = MultiHeadAttention({.num_heads = 2, .key_dim = 3, .dtype = "mixed_bfloat16"});
  EXPECT_EQ(layer({x, x})[0].dtype(), DType::bfloat16);
  ASSERT_EQ(layer->sublayers().size(), 4u);
  for (const Layer& each : layer->sublayers()) {
    EXPECT_EQ(each->dtype_policy().name, "mixed_bfloat16");
  }
}

TEST(AttentionLayers, MistakesAreNamed) {
  const Array x = ones({2, 3, 4});
  expect_error<ValueError>(
      [&] { Attention({.name = "a"})(std::vector<Array>{x}); },
      "[Attention 'a'] Attention is paid by a query to values. Expected "
      "2 or 3 inputs: {query, value} or {query, value, key}. Received 1 inputs: (2, 3, 4).");
  expect_error<ShapeError>(
      [&] {
        Attention({.name = "a"})({x, ones({2, 3, 4}), ones({2, 2, 4})});
      },
      "[Attention 'a'] Query, value and key do not fit each other. Expected "
      "(batch, T, …), (batch, S, …) and (batch, S, …). Received (2, 3, 4), "
      "(2, 3, 4), (2, 2, 4).");
  expect_error<ValueError>([] { Attention({.score_mode = "cosine", .name = "a"}); },
                           "[Attention 'a'] `score_mode` is unknown. Expected \"dot\" or "
                           "\"concat\". Received \"cosine\".");
  EXPECT_THROW(MultiHeadAttention({.num_heads = 0, .key_dim = 1}), ValueError);
  EXPECT_THROW(MultiHeadAttention({.num_heads = 1}), ValueError);
  EXPECT_THROW(MultiHeadAttention({.num_heads = 1, .key_dim = 1, .dropout = 2}), ValueError);
  EXPECT_THROW(MultiHeadAttention({.num_heads = 1, .key_dim = 1, .sliding_window = 0}), ValueError);
  EXPECT_THROW(
      MultiHeadAttention({.num_heads = 1, .key_dim = 1, .dropout = 0.1, .flash_attention = true}),
      ValueError);
  EXPECT_THROW(
      GroupedQueryAttention({.head_dim = 1, .num_query_heads = 3, .num_key_value_heads = 2}),
      ValueError);
  const Layer flash = MultiHeadAttention({.num_heads = 1, .key_dim = 1, .flash_attention = true});
  EXPECT_THROW(flash({x, x}, {.arguments = kScores}), ValueError);
}

TEST(MergingLayers, MistakesAreNamed) {
  const Array x = ones({2, 3});
  expect_error<ValueError>(
      [&] {
        Subtract({.name = "s"})({x, x, x});
      },
      "[Subtract 's'] The layer merges another number of inputs. Expected "
      "exactly 2. Received 3: (2, 3), (2, 3), (2, 3).");
  expect_error<ShapeError>(
      [&] {
        Add({.name = "a"})({x, ones({2, 4})});
      },
      "[Add 'a'] The shapes of the inputs do not fit each other. Expected "
      "axes behind the batch axis that are equal or 1, from the last on. "
      "Received (2, 3), (2, 4).");
  EXPECT_THROW(Add()({x, ones({3, 3})}), ShapeError);
  EXPECT_THROW(Concatenate()({x, ones({3, 3})}), ShapeError);
  EXPECT_THROW(Concatenate({.axis = 2})({x, x}), ShapeError);
  EXPECT_THROW(Dot({.axes = 1})({x, ones({2, 4})}), ShapeError);
  EXPECT_THROW(Dot({.axes = 2})({x, x}), ShapeError);
  EXPECT_THROW(Dot({.axes = 0}), ValueError);
}

TEST(MergingLayers, TellShapesThatAreNotYetKnown) {
  const std::vector<Shape> shapes = {{kNone, kNone, 4}, {kNone, 5, 1}};
  EXPECT_EQ(Add()->compute_output_shapes(shapes)[0], (Shape{kNone, kNone, 4}));
  EXPECT_EQ(Concatenate()->compute_output_shapes(shapes)[0], (Shape{kNone, 5, 5}));
  EXPECT_EQ(Concatenate({.axis = 1})->compute_output_shapes({{kNone, kNone, 4}, {kNone, 5, 4}})[0],
            (Shape{kNone, kNone, 4}));
}

}  // namespace
}  // namespace danlu
