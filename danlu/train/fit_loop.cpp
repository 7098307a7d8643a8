#include "danlu/train/fit_loop.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/train/interrupt.h"
#include "danlu/train/progress_bar.h"
#include "danlu/train/steps.h"

namespace danlu {
namespace {

void require_samples(const Dataset& data, const char* where) {
  if (data.num_batches() > 0) return;
  throw ValueError({.where = where,
                    .what = "There is no data",
                    .expected = "at least one batch of samples",
                    .received = std::to_string(data.num_samples()) + " samples"});
}

void check_steps(const char* where, const char* name, int64_t steps) {
  if (steps >= 0) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + name + "` must not be negative",
                    .expected = "a number of batches, or 0 for all",
                    .received = std::string(name) + "=" + std::to_string(steps)});
}

void check_options(const FitOptions& options) {
  if (options.verbose < 0 || options.verbose > 2) {
    throw ValueError({.where = "fit",
                      .what = "`verbose` is out of range",
                      .expected = "0, 1 or 2",
                      .received = "verbose=" + std::to_string(options.verbose)});
  }
  if (options.epochs < 0 || options.initial_epoch < 0) {
    throw ValueError({.where = "fit",
                      .what = "The number of epochs must not be negative",
                      .received = "epochs=" + std::to_string(options.epochs) +
                                  ", initial_epoch=" + std::to_string(options.initial_epoch)});
  }
  check_steps("fit", "steps_per_epoch", options.steps_per_epoch);
  check_steps("fit", "validation_steps", options.validation_steps);
  const Integers& frequency = options.validation_freq;
  if (!frequency.defined() || (!frequency.is_list() && frequency[0] < 1)) {
    throw ValueError({.where = "fit",
                      .what = "`validation_freq` is out of range",
                      .expected = "a positive number of epochs, or a list of them",
                      .received = "validation_freq=" + frequency.to_string()});
  }
}

/// Whether an epoch ends with a look at the validation data.
bool validates(const Integers& frequency, int64_t epoch) {
  const std::vector<int64_t>& epochs = frequency.values();
  if (frequency.is_list())
    return std::find(epochs.begin(), epochs.end(), epoch + 1) != epochs.end();
  return (epoch + 1) % epochs[0] == 0;
}

void add_progress(std::vector<CallbackHandle>& callbacks, int verbose) {
  if (verbose > 0) callbacks.push_back(ProgressBar({.verbose = verbose}));
}

}  // namespace

/// The batches of one epoch after the other: all of them, or so many steps, from where the epoch
/// before ended.
class EpochBatches {
 public:
  EpochBatches(const Dataset& data, int64_t steps)
      : stream_(data), all_(data.num_batches()), steps_(steps > 0 ? steps : all_) {}

  void start(int64_t epoch) {
    if (steps_ == all_ || seen_ == all_) seen_ = 0;
    if (seen_ == 0) stream_.start(steps_ == all_ ? epoch : pass_++);
    left_ = std::min(steps_, all_ - seen_);
  }
  const Batch* next() {
    if (left_ == 0) return nullptr;
    --left_, ++seen_;
    return stream_.next();
  }
  /// Of this epoch.
  int64_t left() const { return left_; }
  /// Of an epoch, unless the data ends before.
  int64_t steps() const { return steps_; }

 private:
  BatchStream stream_;
  int64_t all_, steps_;
  int64_t seen_ = 0, left_ = 0, pass_ = 0;
};

FitLoop::FitLoop(Model& model)
    : model_(model),
      read_logs_([&model] { return model.steps().logs(); }),
      batch_logs_(read_logs_) {}

template <class What, class Body>
void FitLoop::with_batch_context(What&& what, Body&& body) {
  try {
    body();
  } catch (const Error&) {
    internal::rethrow_with_context(what() + ", batch " + std::to_string(batch_ + 1));
  }
}

void FitLoop::train_epoch(EpochBatches& batches, int64_t epoch, const Callbacks& callbacks,
                          const FitOptions& options, const InterruptGuard& interrupt) {
  Steps& steps = model_.steps();
  steps.reset_metrics();
  batches.start(epoch);
  batch_ = 0;
  const int64_t together = steps.config().steps_per_execution, last = batches.left() - 1;
  while (const Batch* batch = batches.next()) {
    if (batch_ % together == 0) {
      for (const CallbackHandle& callback : callbacks) callback->on_train_batch_begin(batch_);
    }
    const BoundStep& step = steps.train(*batch, static_cast<bool>(options.on_taps));
    if (options.on_taps) options.on_taps(batch_, step.taps());
    if ((batch_ + 1) % together == 0 || batch_ == last) {
      for (const CallbackHandle& callback : callbacks) {
        callback->on_train_batch_end(batch_, batch_logs_);
      }
    }
    ++batch_;
    if (interrupt.requested()) return;
  }
}

Logs FitLoop::test_epoch(BatchStream& stream, int64_t count, const Callbacks& callbacks,
                         const InterruptGuard* interrupt) {
  Steps& steps = model_.steps();
  steps.reset_metrics();
  stream.start(0);
  batch_ = 0;
  for (const CallbackHandle& callback : callbacks) callback->on_test_begin();
  while (const Batch* batch = stream.next()) {
    steps.test(*batch);
    for (const CallbackHandle& callback : callbacks) {
      callback->on_test_batch_end(batch_, batch_logs_);
    }
    ++batch_;
    if (interrupt != nullptr && interrupt->requested()) return {};
    if (batch_ == count) break;
  }
  Logs logs = steps.logs();
  for (const CallbackHandle& callback : callbacks) callback->on_test_end(logs);
  return logs;
}

History FitLoop::fit(const Dataset& data, const FitOptions& options) {
  check_options(options);
  require_samples(data, "fit");
  model_.steps();
  model_.stop_training = false;

  Dataset samples = model_.prepared(data, true);
  if (options.shuffle) {
    const int64_t seed = options.seed ? *options.seed : next_random_seed();
    samples = samples.shuffle(static_cast<uint64_t>(seed));
  }
  EpochBatches batches(samples, options.steps_per_epoch);
  std::optional<BatchStream> validation;
  if (options.validation_data.defined()) {
    const int64_t size =
        options.validation_batch_size > 0 ? options.validation_batch_size : data.batch_size();
    const std::optional<Dataset>& own = options.validation_data.dataset();
    validation.emplace(
        model_.prepared(own ? *own : model_.dataset(options.validation_data.split(), size), true));
    require_samples(validation->dataset(), "fit, validation_data");
  }

  Callbacks callbacks = options.callbacks;
  add_progress(callbacks, options.verbose);
  for (const CallbackHandle& callback : callbacks) {
    callback->attach(&model_, {.epochs = options.epochs,
                               .initial_epoch = options.initial_epoch,
                               .steps = batches.steps(),
                               .batch_size = data.batch_size()});
  }
  const InterruptGuard interrupt;
  History history;
  for (const CallbackHandle& callback : callbacks) callback->on_train_begin();
  for (int64_t epoch = options.initial_epoch; epoch < options.epochs; ++epoch) {
    for (const CallbackHandle& callback : callbacks) callback->on_epoch_begin(epoch);
    with_batch_context([&] { return "fit, epoch " + std::to_string(epoch + 1); },
                       [&] { train_epoch(batches, epoch, callbacks, options, interrupt); });
    Logs logs = model_.steps().logs();
    history.interrupted = interrupt.requested();
    if (validation && !history.interrupted && validates(options.validation_freq, epoch)) {
      Logs values;
      with_batch_context([&] { return "fit, validation of epoch " + std::to_string(epoch + 1); },
                         [&] {
                           values = test_epoch(*validation, options.validation_steps, callbacks,
                                               &interrupt);
                         });
      history.interrupted = interrupt.requested();
      for (const auto& [name, value] : values) logs["val_" + name] = value;
    }
    history.add(epoch, logs);
    for (const CallbackHandle& callback : callbacks) callback->on_epoch_end(epoch, logs);
    if (history.interrupted || model_.stop_training) break;
  }
  model_.optimizer().finalize_variable_values(model_.trainable_weights());
  for (const CallbackHandle& callback : callbacks) callback->on_train_end();
  if (history.interrupted && options.verbose > 0) {
    std::fputs("Interrupted: training ended after the step.\n", stderr);
  }
  return history;
}

Logs FitLoop::evaluate(const Dataset& data, const EvaluateOptions& options) {
  check_steps("evaluate", "steps", options.steps);
  require_samples(data, "evaluate");
  model_.steps();
  const Dataset samples = model_.prepared(data, true);
  Callbacks callbacks = options.callbacks;
  add_progress(callbacks, options.verbose);
  for (const CallbackHandle& callback : callbacks) {
    callback->attach(&model_, {.steps = options.steps > 0 ? options.steps : data.num_batches(),
                               .batch_size = data.batch_size()});
  }
  BatchStream stream(samples);
  Logs logs;
  with_batch_context([] { return std::string("evaluate"); },
                     [&] { logs = test_epoch(stream, options.steps, callbacks); });
  return logs;
}

}  // namespace danlu
