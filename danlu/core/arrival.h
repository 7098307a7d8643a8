#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <thread>

#include "danlu/core/buffer.h"

namespace danlu {

/// Storage that a thread of its own fills front to back while others already use its beginning,
/// e.g. images that are still being unpacked. Safe to wait for from several threads.
class Arrival {
 public:
  /// Writes the next `bytes` bytes to `to`, which is behind what it wrote before. The last call is
  /// the place to check that the whole is sound.
  using Fill = std::function<void(void* to, size_t bytes)>;

  /// Fills `buffer` in steps of `step` bytes, the last of which may be shorter.
  Arrival(std::shared_ptr<Buffer> buffer, size_t step, Fill fill);
  /// Ends the thread after its current step.
  ~Arrival();
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  /// Returns once everything before `end`, an address in the buffer, is there.
  /// Errors: whatever `fill` threw, as soon as it did, wherever `end` is; StateError in a child
  /// made by fork, where the thread is missing.
  void wait_until(const void* end) const;

 private:
  static constexpr size_t kFailed = ~size_t{0};

  void run(size_t step, const Fill& fill);
  void publish(size_t filled);

  std::shared_ptr<Buffer> buffer_;
  std::atomic<size_t> filled_{0};  ///< bytes from the front, or kFailed
  std::atomic<bool> stopping_{false};
  std::exception_ptr error_;  ///< written before kFailed is
  const int process_;
  std::thread thread_;
};

}  // namespace danlu
