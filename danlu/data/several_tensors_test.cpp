#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/data/dataset.h"

namespace danlu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

HostTensor counted(int64_t n, int64_t columns, float first) {
  std::vector<float> values(static_cast<size_t>(n * columns));
  std::iota(values.begin(), values.end(), first);
  return HostTensor::from(values, {n, columns});
}

HostTensor numbers(int64_t n) {
  std::vector<int32_t> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return HostTensor::from(values);
}

/// Two inputs and two targets; the second input and the first target are the sample's number.
DataSplit samples(int64_t n) {
  return {.x = {counted(n, 2, 0), numbers(n)},
          .y = {numbers(n), counted(n, 1, 100)},
          .sample_weight = {HostTensor(), counted(n, 1, 0.5F).reshape({n})}};
}

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SeveralTensors, OneIsUsedLikeAHostTensor) {
  const HostTensors one = counted(3, 2, 0);
  EXPECT_EQ(one.count(), 1U);
  EXPECT_EQ(one.shape(), (Shape{3, 2}));
  EXPECT_EQ(HostTensors().count(), 0U);
  EXPECT_FALSE(HostTensors(Array()).defined());
}

TEST(SeveralTensors, ComeBatchByBatchInOneOrder) {
  for (const int64_t ahead : {0, 2}) {
    const Dataset data = Dataset(samples(7)).shuffle(3).batch(3).prefetch(ahead);
    int64_t seen = 0;
    for (const Batch& batch : data.epoch(1)) {
      ASSERT_EQ(batch.x.count(), 2U);
      ASSERT_EQ(batch.y.count(), 2U);
      ASSERT_EQ(batch.sample_weight.count(), 2U);
      EXPECT_FALSE(batch.sample_weight.at(0).defined());
      const auto number = batch.x.at(1).values<int32_t>();
      for (size_t i = 0; i < number.size(); ++i, ++seen) {
        const auto n = static_cast<float>(number[i]);
        EXPECT_EQ(batch.x.values<float>()[2 * i + 1], 2 * n + 1);
        EXPECT_EQ(batch.y.at(0).values<int32_t>()[i], number[i]);
        EXPECT_EQ(batch.y.at(1).values<float>()[i], 100 + n);
        EXPECT_EQ(batch.sample_weight.at(1).values<float>()[i], 0.5F + n);
      }
    }
    EXPECT_EQ(seen, 7);
  }
}

TEST(SeveralTensors, IntegersStayIntegersBesideFloatingPoint) {
  const Dataset data(samples(4), {.x_dtype = DType::float64, .y_dtype = DType::float64});
  EXPECT_EQ(data.x_spec(2, 0), (TensorSpec{{2, 2}, DType::float64}));
  EXPECT_EQ(data.x_spec(2, 1), (TensorSpec{{2}, DType::int32}));
  EXPECT_EQ(data.y_spec(2, 0), (TensorSpec{{2}, DType::int32}));
  EXPECT_EQ(data.y_spec(2, 1), (TensorSpec{{2, 1}, DType::float64}));
}

TEST(SeveralTensors, SplitTogether) {
  const auto [first, rest] = samples(10).split(0.2);
  EXPECT_EQ(first.size(), 8);
  EXPECT_THAT(rest.x.at(1).values<int32_t>(), ElementsAre(8, 9));
  EXPECT_THAT(rest.y.at(1).values<float>(), ElementsAre(108, 109));
  EXPECT_FALSE(rest.sample_weight.at(0).defined());
  EXPECT_THAT(rest.sample_weight.at(1).values<float>(), ElementsAre(8.5F, 9.5F));
}

TEST(SeveralTensors, NamesPutThemInTheModelsOrder) {
  const HostTensors x{{"word", numbers(4)}, {"image", counted(4, 2, 0)}};
  const HostTensors weight{{"score", counted(4, 1, 0).reshape({4})}};
  const HostTensors y{{"score", counted(4, 1, 9)}, {"label", numbers(4)}};
  const Dataset data =
      Dataset(DataSplit{x, y, 1, weight}).batch(2).ordered({"image", "word"}, {"label", "score"});
  EXPECT_EQ(data.batch_size(), 2);
  EXPECT_EQ(data.x_spec(1, 0).shape, (Shape{1, 2}));
  EXPECT_EQ(data.y_spec(1, 1).shape, (Shape{1, 1}));
  EXPECT_FALSE(data.split().sample_weight.at(0).defined());
  EXPECT_TRUE(data.split().sample_weight.at(1).defined());
}

TEST(SeveralTensors, MistakesAreNamed) {
  EXPECT_EQ(message([] {
              Dataset(DataSplit{{counted(3, 2, 0), numbers(4)}, {}});
            }),
            "[Dataset] x and x[1] must hold the same number of samples. Expected the samples along "
            "the first axis of both. Received x float32(3, 2), x[1] int32(4,).");
  const HostTensors named{{"a", numbers(3)}, {"b", numbers(3)}};
  EXPECT_THAT(message([&] {
                named.ordered({"a", "c"}, "x");
              }),
              HasSubstr("[x] The model has nothing called \"b\". Expected \"a\", \"c\". Received "
                        "\"a\", \"b\"."));
  EXPECT_THAT(message([&] {
                named.ordered({"a", "b", "c"}, "x");
              }),
              HasSubstr("There is no tensor for \"c\""));
  EXPECT_THAT(message([] {
                HostTensors({{"a", numbers(3)}, {"a", numbers(3)}});
              }),
              HasSubstr("Two tensors have the same name"));
  EXPECT_THAT(message([] { Dataset(samples(3), {.one_hot = 3}); }), HasSubstr("2 targets"));
}

}  // namespace
}  // namespace danlu
