#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "danlu/train/callback.h"

namespace danlu::cli {

/// Measures every training step of a run: from the batch being there to the weights being updated.
class StepTimer : public Callback {
 public:
  void on_train_begin() override;
  void on_train_batch_begin(int64_t batch) override;
  void on_train_batch_end(int64_t batch, const BatchLogs& logs) override;

  int64_t steps() const { return static_cast<int64_t>(times_.size()); }
  /// Median step in microseconds; none before the first.
  std::optional<double> median_us() const;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_;
  std::vector<float> times_;
};

}  // namespace danlu::cli
