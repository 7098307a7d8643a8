#pragma once

#include <functional>
#include <string>
#include <vector>

#include "danlu/train/model.h"

namespace danlu {

class EpochBatches;
class InterruptGuard;

/// The loops behind `Model::fit` and `Model::evaluate`.
class FitLoop {
 public:
  explicit FitLoop(Model& model);
  History fit(const Dataset& data, const FitOptions& options);
  Logs evaluate(const Dataset& data, const EvaluateOptions& options);

 private:
  using Callbacks = std::vector<CallbackHandle>;

  void train_epoch(EpochBatches& batches, int64_t epoch, const Callbacks& callbacks,
                   const FitOptions& options, const InterruptGuard& interrupt);
  /// The values of one pass over `stream`, or `steps` batches of it; none when it was interrupted.
  Logs test_epoch(BatchStream& stream, int64_t steps, const Callbacks& callbacks,
                  const InterruptGuard* interrupt = nullptr);
  /// Runs `body`; an Error is thrown again with `what()` and the current batch in front.
  template <class What, class Body>
  void with_batch_context(What&& what, Body&& body);

  Model& model_;
  std::function<Logs()> read_logs_;
  BatchLogs batch_logs_;
  int64_t batch_ = 0;
};

}  // namespace danlu
