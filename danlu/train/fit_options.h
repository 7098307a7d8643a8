#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/data/dataset.h"
#include "danlu/nn/config_types.h"
#include "danlu/train/callback.h"

namespace danlu {

/// Samples for validation: a DataSplit, x and y, or a Dataset with batches of its own.
class ValidationData {
 public:
  ValidationData() = default;
  ValidationData(DataSplit split) : split_(std::move(split)) {}
  ValidationData(HostTensors x, HostTensors y, HostTensors sample_weight = {})
      : split_{std::move(x), std::move(y), 1, std::move(sample_weight)} {}
  ValidationData(Dataset dataset) : dataset_(std::move(dataset)) {}
  bool defined() const { return split_.x.defined() || dataset_.has_value(); }
  const DataSplit& split() const { return split_; }
  const std::optional<Dataset>& dataset() const { return dataset_; }

 private:
  DataSplit split_;
  std::optional<Dataset> dataset_;
};

struct FitOptions {
  int64_t epochs = 1;       ///< number of the last epoch, counted from 1
  int64_t batch_size = 32;  ///< ignored for a Dataset, which has its own
  int verbose = 1;          ///< 0: silent; 1: a bar; 2: one line per epoch
  std::vector<CallbackHandle> callbacks;
  double validation_split = 0;  ///< share of the samples, from the end, kept for validation
  ValidationData validation_data;
  bool shuffle = true;  ///< another order of the samples in each epoch
  int64_t initial_epoch = 0;
  std::optional<int64_t> seed;        ///< of the order; none: from `set_random_seed`'s sequence
  int64_t validation_batch_size = 0;  ///< 0: batch_size
  /// Batches of an epoch; 0: all. The next epoch goes on behind them, and begins anew, shuffled,
  /// when all samples have been seen; an epoch that meets the end of the data is shorter.
  int64_t steps_per_epoch = 0;
  int64_t validation_steps = 0;  ///< batches of the validation data, from its start; 0: all
  /// After every so many epochs; or the numbers of the epochs, counted from 1, in a list.
  Integers validation_freq = 1;
  /// What a sample of each class counts in the training loss; classes that are missing count 1.
  std::map<int64_t, double> class_weight;
  /// What each sample counts in the loss: (samples), or (samples, …); one for all outputs, or one
  /// for each, where an undefined one means 1.
  HostTensors sample_weight;
  /// Called after each training step with what `tap` named in the model, in the loss, and in their
  /// gradients; the tensors lie in memory that the next step overwrites. None: taps cost nothing.
  std::function<void(int64_t batch, const std::map<std::string, HostTensor>& taps)> on_taps;
};

struct EvaluateOptions {
  int64_t batch_size = 32;
  int verbose = 1;
  std::vector<CallbackHandle> callbacks;
  HostTensors sample_weight;  ///< as in FitOptions
  int64_t steps = 0;          ///< batches, from the start; 0: all
};

struct PredictOptions {
  int64_t batch_size = 32;
  int64_t steps = 0;  ///< batches, from the start; 0: all
};

}  // namespace danlu
