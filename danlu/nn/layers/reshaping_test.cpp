#include "danlu/nn/layers/reshaping.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/manipulation.h"
#include "tests/support/check_layer.h"

namespace danlu {
namespace {

using testing::check_layer;
using testing::expect_error;

TEST(Reshaping, Layers) {
  check_layer({.make =
                   [](const std::string& t) {
                     return Permute({.dims = {3, 1, 2}, .dtype = t});
                   },
               .input_shape = {2, 3, 4, 5},
               .output_shape = {2, 5, 3, 4}});
  check_layer({.make = [](const std::string& t) { return RepeatVector({.n = 3, .dtype = t}); },
               .input_shape = {2, 4},
               .output_shape = {2, 3, 4}});
  check_layer({.make =
                   [](const std::string& t) {
                     return Cropping1D({.cropping = {1, 2}, .dtype = t});
                   },
               .input_shape = {2, 6, 3},
               .output_shape = {2, 3, 3}});
  check_layer({.make =
                   [](const std::string& t) {
                     return Cropping2D({.cropping = {{1, 0}, {0, 2}},
                                        .data_format = "channels_first",
                                        .dtype = t});
                   },
               .input_shape = {2, 3, 4, 5},
               .output_shape = {2, 3, 3, 3}});
  check_layer({.make =
                   [](const std::string& t) {
                     return ZeroPadding3D({.padding = {1, 0, 2}, .dtype = t});
                   },
               .input_shape = {1, 2, 3, 2, 2},
               .output_shape = {1, 4, 3, 6, 2}});
  check_layer({.make = [](const std::string& t) { return UpSampling1D({.size = 3, .dtype = t}); },
               .input_shape = {2, 4, 3},
               .output_shape = {2, 12, 3}});
  check_layer({.make =
                   [](const std::string& t) {
                     return UpSampling2D({.size = {2, 3}, .interpolation = "bilinear", .dtype = t});
                   },
               .input_shape = {1, 3, 2, 2},
               .output_shape = {1, 6, 6, 2}});
}

TEST(Reshaping, MarginsHaveKerassForms) {
  const auto cropping = [](const Layer& layer) {
    return layer->get_config().at("cropping").dump();
  };
  EXPECT_EQ(cropping(Cropping1D()), "[1,1]");
  EXPECT_EQ(cropping(Cropping1D({.cropping = {1, 2}})), "[1,2]");
  EXPECT_EQ(cropping(Cropping2D()), "[[0,0],[0,0]]");
  EXPECT_EQ(cropping(Cropping2D({.cropping = {1, 2}})), "[[1,1],[2,2]]");
  EXPECT_EQ(cropping(Cropping3D({.cropping = {{1, 2}, {3, 4}, {5, 6}}})), "[[1,2],[3,4],[5,6]]");
  EXPECT_FALSE(UpSampling1D()->get_config().contains("data_format"));
}

TEST(Reshaping, Errors) {
  expect_error<ValueError>(
      [] {
        Permute({.dims = {1, 3}, .name = "p"});
      },
      "[Permute 'p'] `dims` is no order of the axes of a sample. Expected 1, 2, … each once. "
      "Received dims=(1, 3).");
  expect_error<ShapeError>(
      [] {
        Cropping1D({.cropping = {1, 2}, .name = "c"})(zeros({2, 3, 1}));
      },
      "[Cropping1D 'c'] Nothing would be left of an axis. Expected more than 3 elements along "
      "axis 1. Received (2, 3, 1), cropping=((1, 2)).");
  expect_error<ValueError>(
      [] {
        ZeroPadding2D({.padding = {1, 2, 3}, .name = "z"});
      },
      "[ZeroPadding2D 'z'] `padding` has another number of axes than the layer. Expected an "
      "integer, or one or two for each of 2 axes. Received padding=(1, 2, 3).");
  expect_error<ValueError>([] { ZeroPadding1D({.padding = -1, .name = "z"}); },
                           "[ZeroPadding1D 'z'] `padding` is too small. Expected an integer, or "
                           "one for each of 2 axes, at least 0 and less than 2^31. Received "
                           "padding=-1.");
  expect_error<ValueError>([] { UpSampling3D({.interpolation = "bilinear", .name = "u"}); },
                           "[UpSampling3D 'u'] This interpolation is not there. Expected "
                           "\"nearest\". Received \"bilinear\".");
  for (const char* hostile :
       {R"({"cropping":[[],1]})", R"({"cropping":[]})", R"({"cropping":[[1]]})"}) {
    EXPECT_THROW(layer_from_config("Cropping1D", Json::parse(hostile)), ValueError) << hostile;
  }
}

}  // namespace
}  // namespace danlu
