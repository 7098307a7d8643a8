#include "danlu/nn/plot_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <regex>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/layers/dense.h"
#include "danlu/nn/layers/input.h"

namespace danlu {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<FunctionalNetwork> two_branches() {
  const KerasTensor p = Input({.shape = {3}, .name = "p"});
  const KerasTensor middle = Dense({.units = 4, .activation = "relu", .name = "middle"})(p);
  const Layer inner(
      std::make_shared<FunctionalNetwork>(p, Dense({.units = 3, .name = "end"})(middle), "inner"));
  const KerasTensor a = Input({.shape = {3}, .name = "a"});
  const KerasTensor x = inner(inner(a));
  return std::make_shared<FunctionalNetwork>(
      a,
      KerasTensors{Dense({.units = 1, .name = "left"})(x),
                   Dense({.units = 2, .name = "right \"<b>\"", .trainable = false})(a)},
      "two");
}

TEST(PlotModel, WritesDot) {
  EXPECT_EQ(model_to_dot(*two_branches()),
            "digraph \"two\" {\n"
            "  rankdir=TB;\n"
            "  node [shape=box, fontname=\"Helvetica\"];\n"
            "  n0 [label=\"a (InputLayer)\"];\n"
            "  n1 [label=\"inner (Functional)\"];\n"
            "  n2 [label=\"left (Dense)\"];\n"
            "  n3 [label=\"right \\\"<b>\\\" (Dense)\"];\n"
            "  n0 -> n1;\n"
            "  n1 -> n1;\n"
            "  n1 -> n2;\n"
            "  n0 -> n3;\n"
            "}\n");
  const std::string all = model_to_dot(*two_branches(), {.show_shapes = true,
                                                         .show_dtype = true,
                                                         .rankdir = "LR",
                                                         .expand_nested = true,
                                                         .show_layer_activations = true,
                                                         .show_trainable = true});
  EXPECT_THAT(all, HasSubstr("subgraph cluster_0 {\n    label=\"inner\";"));
  EXPECT_THAT(all, HasSubstr("[label=\"middle (Dense)\\nActivation: relu\\nInput shape: (None, 3)"
                             "\\nOutput shape: (None, 4)\\nOutput dtype: float32\\nTrainable\"];"));
  EXPECT_THAT(all, HasSubstr("Non-trainable"));
  EXPECT_THAT(model_to_dot(*two_branches(), {.show_layer_names = false}),
              HasSubstr("[label=\"Dense\"]"));
}

TEST(PlotModel, DrawsSvgInsideItsFrame) {
  for (const char* direction : {"TB", "LR"}) {
    const std::string svg = model_to_svg(
        *two_branches(), {.show_shapes = true, .rankdir = direction, .expand_nested = true});
    EXPECT_THAT(svg, HasSubstr("right \"&lt;b&gt;\" (Dense)"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    std::smatch size;
    ASSERT_TRUE(std::regex_search(svg, size, std::regex("width=\"(\\d+)\" height=\"(\\d+)\"")));
    const double width = std::stod(size[1]), height = std::stod(size[2]);
    const std::regex box(
        "<rect x=\"([-\\d.]+)\" y=\"([-\\d.]+)\" width=\"([\\d.]+)\" height=\"([\\d.]+)\"");
    int boxes = 0;
    for (std::sregex_iterator it(svg.begin(), svg.end(), box), end; it != end; ++it, ++boxes) {
      const double x = std::stod((*it)[1]), y = std::stod((*it)[2]);
      EXPECT_GE(x, 0);
      EXPECT_GE(y, 0);
      EXPECT_LE(x + std::stod((*it)[3]), width);
      EXPECT_LE(y + std::stod((*it)[4]), height);
    }
    EXPECT_EQ(boxes, 7);  // six layers and the frame of the inner network
  }
}

TEST(PlotModel, WritesFilesByTheirEnding) {
  const std::string path = ::testing::TempDir() + "/drawn.svg";
  plot_model(*two_branches(), path);
  EXPECT_THAT(read_file(path), HasSubstr("</svg>"));
  std::remove(path.c_str());
  EXPECT_THROW(plot_model(*two_branches(), "model.png"), ValueError);
  EXPECT_THROW(model_to_dot(*two_branches(), {.rankdir = "UP"}), ValueError);
}

}  // namespace
}  // namespace danlu
