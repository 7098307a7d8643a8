#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/shape.h"
#include "danlu/data/dataset.h"
#include "danlu/train/model.h"

namespace danlu {

/// A network of the course with everything needed to train it: data for the engine, never part of
/// it.
struct Recipe {
  std::string name;         ///< "mnist-cnn"
  std::string title;        ///< one line
  std::string listing;      ///< of the course's text, "004_3"
  std::string description;  ///< what it teaches, and where it departs from the listing

  std::string data;         ///< data set that it is trained on unless another is named
  Shape sample_shape;       ///< of one sample of x
  int64_t max_classes = 0;  ///< data sets may have up to so many classes; 0: they hold numbers

  int64_t epochs = 1;
  int64_t batch_size = 32;
  std::string optimizer;
  double learning_rate = 0.001;
  std::string loss;
  std::vector<std::string> metrics;
  bool validates = false;  ///< measures the test samples after each epoch, as its listing does

  /// A new network; the random numbers come from `set_random_seed`'s sequence.
  Sequential (*model)() = nullptr;
  /// Samples as the network wants them, from those of a data set; null: as they are.
  DataSplit (*prepare)(const DataSplit& samples) = nullptr;
  /// Lines about what was learned, for people; null: none. `train` is what `prepare` gave.
  std::string (*report)(Model& model, const DataSplit& train) = nullptr;

  /// The recipe as its listing is printed, where that fails; null elsewhere.
  Recipe (*as_printed)() = nullptr;
  std::string why_it_fails;  ///< of an as-printed recipe
};

namespace recipes {

/// All recipes, in the order to show them.
const std::vector<Recipe>& list();
/// The recipe of this name, or nullptr.
const Recipe* find(const std::string& name);

/// Each in a file of its own.
Recipe linear_regression();
Recipe xor_gate();
Recipe cnn();
Recipe mnist_cnn();
Recipe lstm();

/// Integer targets (n,) or (n, 1) as float32 rows of `classes` zeros and a one; Keras's
/// to_categorical. Errors: ValueError when a label is outside [0, classes).
DataSplit with_one_hot_targets(const DataSplit& samples, int64_t classes);

/// Images (n, height, width, 1) as sequences of their rows, each averaged to `features` numbers:
/// float32 (n, height, features), divided by `divide_by` already.
DataSplit as_rows(const DataSplit& images, int64_t features);

/// The least-squares line through points x (n, 1), y (n, 1): (slope, intercept), in float64.
/// Errors: ValueError unless two points differ in x.
std::pair<double, double> least_squares_line(const DataSplit& points);

}  // namespace recipes
}  // namespace danlu
