#include "danlu/nn/global_state.h"

#include <gtest/gtest.h>

#include "danlu/base/error.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layers/dense.h"

namespace danlu {
namespace {

TEST(Names, CountAsInKeras) {
  EXPECT_EQ(to_snake_case("MaxPooling2D"), "max_pooling2d");
  EXPECT_EQ(to_snake_case("Conv2D"), "conv2d");
  EXPECT_EQ(to_snake_case("ReLU"), "re_lu");
  EXPECT_EQ(to_snake_case("InputLayer"), "input_layer");
  clear_session();
  EXPECT_EQ(automatic_name("Dense"), "dense");
  EXPECT_EQ(automatic_name("Dense"), "dense_1");
  EXPECT_EQ(automatic_name("Conv2D"), "conv2d");
  EXPECT_EQ(Dense({.units = 1}).name(), "dense_2");
  EXPECT_EQ(Dense({.units = 1, .name = "mine"}).name(), "mine");
  clear_session();
  EXPECT_EQ(automatic_name("Dense"), "dense");
}

TEST(Floatx, IsTheDefaultOfLayers) {
  set_floatx("float64");
  EXPECT_EQ(floatx(), DType::float64);
  EXPECT_EQ(Dense({.units = 1})->dtype(), DType::float64);
  EXPECT_EQ(Dense({.units = 1, .dtype = "float32"})->dtype(), DType::float32);
  set_floatx("float32");
  EXPECT_THROW(set_floatx("int8"), ValueError);
}

TEST(Seeds, GiveTheSameWeightsBitForBit) {
  const auto draw = [] {
    set_random_seed(11);
    const Dense a({.units = 4}), b({.units = 4});
    a->ensure_built({kNone, 3});
    b->ensure_built({kNone, 3});
    return std::pair{a.weights()[0].value().to_vector(), b.weights()[0].value().to_vector()};
  };
  const auto first = draw();
  EXPECT_EQ(first, draw());
  EXPECT_NE(first.first, first.second);
  set_random_seed(12);
  EXPECT_NE(Initializer("glorot_uniform")(Shape{3, 4}).to_vector(), first.first);
}

TEST(Initializers, KeepToTheirSeed) {
  const initializers::HeNormal seeded({.seed = 5});
  EXPECT_EQ(seeded(Shape{6, 7}).to_vector(), seeded(Shape{6, 7}).to_vector());
  const Initializer free = "he_normal";
  EXPECT_NE(free(Shape{6, 7}).to_vector(), free(Shape{6, 7}).to_vector());
  EXPECT_EQ(initializers::Constant(2.5)(Shape{2}).to_vector(), (std::vector<float>{2.5, 2.5}));
  EXPECT_EQ(initializers::Ones()(Shape{2}, DType::float64).dtype(), DType::float64);
}

TEST(Initializers, Errors) {
  EXPECT_THROW(
      {
        try {
          Initializer("xavier");
        } catch (const ValueError& error) {
          EXPECT_STREQ(error.what(),
                       "[initializer] There is no initializer of this name. Expected one of zeros, "
                       "ones, constant, random_normal, random_uniform, truncated_normal, "
                       "glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, "
                       "lecun_normal, variance_scaling, orthogonal, identity, stft. Received "
                       "\"xavier\".");
          throw;
        }
      },
      ValueError);
  const Initializer wrong([](const Shape&, DType) { return Array({1.f}); });
  EXPECT_THROW(wrong(Shape{2, 2}), ShapeError);
}

}  // namespace
}  // namespace danlu
