#include "danlu/core/arrival.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "danlu/base/data_thread.h"
#include "danlu/base/error.h"

namespace danlu {

Arrival::Arrival(std::shared_ptr<Buffer> buffer, size_t step, Fill fill)
    : buffer_(std::move(buffer)), process_(::getpid()) {
  if (buffer_->bytes() == 0) return;
  thread_ = start_data_thread([this, step, fill = std::move(fill)] { run(step, fill); });
}

Arrival::~Arrival() {
  stopping_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

void Arrival::run(size_t step, const Fill& fill) {
  try {
    const size_t bytes = buffer_->bytes();
    for (size_t at = 0; at < bytes && !stopping_.load(std::memory_order_relaxed);) {
      const size_t part = std::min(step, bytes - at);
      fill(static_cast<char*>(buffer_->data()) + at, part);
      publish(at += part);
    }
  } catch (...) {
    error_ = std::current_exception();
    publish(kFailed);
  }
}

void Arrival::publish(size_t filled) {
  filled_.store(filled, std::memory_order_release);
  filled_.notify_all();
}

void Arrival::wait_until(const void* end) const {
  const auto wanted =
      static_cast<size_t>(static_cast<const char*>(end) - static_cast<char*>(buffer_->data()));
  size_t filled = filled_.load(std::memory_order_acquire);
  while (filled < wanted) {
    if (::getpid() != process_) {
      throw StateError({.where = "Arrival",
                        .what = "The data will never be complete in this process",
                        .expected = "the process that began to load it",
                        .received = "a child made by fork",
                        .hint = "read the data before the fork, or load it in the child"});
    }
    filled_.wait(filled, std::memory_order_acquire);
    filled = filled_.load(std::memory_order_acquire);
  }
  if (filled == kFailed) std::rethrow_exception(error_);
}

}  // namespace danlu
