#include "danlu/nn/summary.h"

#include <gtest/gtest.h>

#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/nn/costs.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/dropout.h"
#include "danlu/nn/layers/input.h"

namespace danlu {
namespace {

std::shared_ptr<FunctionalNetwork> functional(bool frozen = false) {
  const KerasTensor p = Input({.shape = {3}, .name = "p"}), q = Input({.shape = {4}, .name = "q"});
  const Layer left = Dense({.units = 5, .name = "left", .trainable = !frozen});
  const Layer inner(std::make_shared<FunctionalNetwork>(
      KerasTensors{p, q},
      KerasTensors{left(p),
                   Dense({.units = 6, .name = "a_layer_with_a_rather_long_name_that_wraps"})(q)},
      "inner"));
  const KerasTensor a = Input({.shape = {3}, .name = "a"}), b = Input({.shape = {4}, .name = "b"});
  const Layer shared = Dense({.units = 3, .activation = "tanh", .name = "shared"});
  const auto x = inner(std::vector<KerasTensor>{shared(shared(a)), b});
  const KerasTensor z = Dense({.units = 2, .name = "score"})(x[0]);
  const KerasTensor w =
      Dropout({.rate = 0.5, .name = "thin"})(Dense({.units = 1000, .name = "wide"})(x[1]));
  return std::make_shared<FunctionalNetwork>(KerasTensors{a, b}, KerasTensors{z, w},
                                             "two_branches");
}

std::string golden(const std::string& name) {
  return read_file("tests/golden/functional_summary" + name + ".txt");
}

TEST(GoldenSummary, OfFunctionalGraphsIsKerass) {
  const auto network = functional();
  EXPECT_EQ(summary_text(*network) + "\n", golden(""));
  EXPECT_EQ(summary_text(*network, {.expand_nested = true}) + "\n", golden("_nested"));
  EXPECT_EQ(summary_text(*functional(true), {.show_trainable = true, .expand_nested = true}) + "\n",
            golden("_trainable"));
  EXPECT_EQ(summary_text(*network, {.line_length = 70}) + "\n", golden("_short"));
  EXPECT_EQ(summary_text(*network, {.layer_range = {{"shared", "sco.*"}}}) + "\n",
            golden("_range"));
  const KerasTensor x = Input({.shape = {7}, .name = "x"});
  const KerasTensor y =
      Dense({.units = 1, .name = "second"})(Dense({.units = 3, .name = "first"})(x));
  EXPECT_EQ(summary_text(FunctionalNetwork(x, y, "chain")) + "\n", golden("_chain"));
}

TEST(Summary, RefusesARangeWithoutLayers) {
  try {
    summary_text(*functional(), {.layer_range = {{"score", "a"}}});
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(),
                 "[Functional 'two_branches'] No layers lie in this `layer_range`. Expected names, "
                 "or regular expressions, of a layer and of a later one. Received {\"score\", "
                 "\"a\"}.");
  }
}

TEST(Costs, OfLayersAreCountedPerCall) {
  const auto network = functional();
  const auto costs = layer_costs(*network, 10);
  ASSERT_EQ(costs.size(), network->layers().size());
  for (size_t i = 0; i < costs.size(); ++i) {
    EXPECT_EQ(costs[i].name, network->layers()[i].name());
    if (costs[i].name == "shared") {  // twice: 10 · (2 · 3 · 3 + 3 (bias) + 3 (tanh))
      EXPECT_GE(*costs[i].flops, 2 * 10 * (2 * 3 * 3 + 3 + 3));
      EXPECT_LE(*costs[i].flops, 2 * 10 * (2 * 3 * 3 + 3 + 3 * 30));
      EXPECT_EQ(costs[i].weight_bytes, 4 * 12);
      EXPECT_EQ(*costs[i].output_bytes, 2 * 10 * 3 * 4);
    }
    if (costs[i].name == "wide") {
      EXPECT_EQ(*costs[i].flops, 10 * (2 * 6 * 1000 + 1000));
    }
    if (costs[i].name == "thin") {
      EXPECT_EQ(*costs[i].flops, 0);
    }
  }
  EXPECT_NE(summary_text(*network, {.columns = 160, .show_costs = true}).find("13.00 K"),
            std::string::npos);
  const KerasTensor steps = Input({.shape = {kNone, 3}, .name = "steps"});
  const FunctionalNetwork unknown(steps, Dense({.units = 2})(steps));
  EXPECT_FALSE(layer_costs(unknown).back().flops.has_value());
}

}  // namespace
}  // namespace danlu
