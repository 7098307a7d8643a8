#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/train/callback.h"

namespace danlu {

struct EarlyStoppingConfig {
  std::string monitor = "val_loss";
  double min_delta = 0;  ///< smaller changes are no improvement
  int64_t patience = 0;  ///< epochs without improvement before training stops
  int verbose = 0;
  std::string mode = "auto";       ///< "min", "max", or "auto": by the name of what is monitored
  std::optional<double> baseline;  ///< to be beaten, else patience runs on
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;
};

/// Ends training when a value has stopped improving.
/// Errors: ValueError for an unknown mode or a negative patience.
class EarlyStopping : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingConfig config = {});
  void on_train_begin() override;
  void on_epoch_end(int64_t epoch, const Logs& logs) override;
  void on_train_end() override;

  int64_t stopped_epoch() const { return stopped_epoch_; }  ///< 0: it did not stop the run
  int64_t best_epoch() const { return best_epoch_; }
  double best() const { return best_; }

 private:
  bool improves(double value, double reference) const;

  EarlyStoppingConfig config_;
  bool greater_is_better_ = false;
  int64_t wait_ = 0, stopped_epoch_ = 0, best_epoch_ = 0;
  double best_ = 0;
  std::vector<Array> best_weights_;
};

}  // namespace danlu
