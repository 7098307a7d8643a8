#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/models/recipe.h"

namespace danlu::recipes {

const std::vector<Recipe>& list() {
  static const std::vector<Recipe> all = {linear_regression(), xor_gate(), cnn(), mnist_cnn(),
                                          lstm()};
  return all;
}

const Recipe* find(const std::string& name) {
  const auto found = std::ranges::find(list(), name, &Recipe::name);
  return found == list().end() ? nullptr : &*found;
}

DataSplit with_one_hot_targets(const DataSplit& samples, int64_t classes) {
  const int64_t n = samples.size();
  HostTensor rows = HostTensor::zeros({n, classes}, DType::float32);
  const auto labels = samples.y.values<int32_t>();
  const auto values = rows.values<float>();
  for (int64_t i = 0; i < n; ++i) {
    const int32_t label = labels[static_cast<size_t>(i)];
    if (label < 0 || label >= classes) {
      throw ValueError({.where = "one-hot targets",
                        .what = "A label is outside the classes",
                        .expected = "0 to " + std::to_string(classes - 1),
                        .received = std::to_string(label) + " at sample " + std::to_string(i)});
    }
    values[static_cast<size_t>(i * classes + label)] = 1;
  }
  return {samples.x, std::move(rows), samples.divide_by, samples.sample_weight};
}

}  // namespace danlu::recipes
