#pragma once

#include <string>

#include "danlu/danlu.h"

/// Networks and data of the peers' benchmark, from the JSON that `bench/peers/workloads.json`
/// holds.
namespace danlu::bench {

/// One workload as the worker runs it.
struct Workload {
  Json description;
  TensorMap tensors;  ///< "x", "y" and the initial weights by path
  int64_t batch = 0;

  bool predicts() const;
  /// All samples, with one-hot targets where the workload asks for them.
  Dataset data() const { return data(0, -1); }
  /// Samples [begin, end); −1: to the last.
  Dataset data(int64_t begin, int64_t end) const;
};

/// Errors: IoError for members that are missing or of other types.
Workload load_workload(const Json& description, const std::string& tensors_path);

/// The compiled network of a description. With the precision "mixed_bfloat16" the last layer stays
/// in float32, as Keras's guide has it. Errors: ValueError for a class that is not known.
Model make_model(const Json& description);

/// Made-up samples of the description's input shape and ten classes: `count` of them.
DataSplit made_up_samples(const Json& description, int64_t count);

}  // namespace danlu::bench
