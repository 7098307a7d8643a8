#include "cli/step_timer.h"

#include <algorithm>

namespace danlu::cli {

void StepTimer::on_train_begin() {
  constexpr int64_t kMost = 1 << 20;
  const int64_t epochs = info().epochs - info().initial_epoch;
  times_.reserve(static_cast<size_t>(std::min(kMost, epochs * info().steps)));
}

void StepTimer::on_train_batch_begin(int64_t) { begin_ = Clock::now(); }

void StepTimer::on_train_batch_end(int64_t, const BatchLogs&) {
  times_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - begin_).count());
}

std::optional<double> StepTimer::median_us() const {
  if (times_.empty()) return std::nullopt;
  std::vector<float> sorted = times_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

}  // namespace danlu::cli
