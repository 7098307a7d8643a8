#include <cmath>
#include <cstdio>

#include "danlu/base/error.h"
#include "danlu/models/recipe.h"
#include "danlu/nn/layers/dense.h"

namespace danlu::recipes {
namespace {

Sequential line() { return Sequential({Dense({.units = 1, .input_shape = {1}})}); }

std::string compare(Model& model, const DataSplit& train) {
  const std::vector<Array> weights = model.get_weights();
  const auto [slope, intercept] = least_squares_line(train);
  char text[256];
  std::snprintf(text, sizeof text,
                "learned        y = %.4f x + %.4f\n"
                "least squares  y = %.4f x + %.4f\n",
                weights[0].item<double>(), weights[1].item<double>(), slope, intercept);
  return text;
}

}  // namespace

std::pair<double, double> least_squares_line(const DataSplit& points) {
  const auto x = points.x.values<float>();
  const auto y = points.y.values<float>();
  const double n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) mean_x += x[i] / n, mean_y += y[i] / n;
  double xx = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (!(xx > 0)) {
    throw ValueError({.where = "least squares",
                      .what = "No line is determined",
                      .expected = "two points that differ in x",
                      .received = std::to_string(x.size()) + " points"});
  }
  const double slope = xy / xx;
  return {slope, mean_y - slope * mean_x};
}

Recipe linear_regression() {
  return {.name = "linear-regression",
          .title = "A line through 100 noisy points",
          .listing = "004_1",
          .description =
              "One neuron without activation learns y = 3 x + 2 by gradient descent. The listing "
              "adds noise that is uniform on [0, 1), whose mean is 1/2: the best line has the "
              "intercept 2.5, not 2. `--data linear-exact` leaves the noise out.",
          .data = "linear",
          .sample_shape = {1},
          .epochs = 1000,
          .batch_size = 32,
          .optimizer = "sgd",
          .learning_rate = 0.01,
          .loss = "mean_squared_error",
          .model = line,
          .report = compare};
}

}  // namespace danlu::recipes
