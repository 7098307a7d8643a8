#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "danlu/base/float_mode.h"
#include "danlu/base/thread.h"
#include "danlu/base/thread_placement.h"

namespace danlu {
namespace {

thread_local bool inside_loop = false;

/// Rounds of spinning before a worker sleeps (about 50 µs), before a waiting caller yields, and
/// before a worker takes a part that belongs to another: the next loop of a step usually begins
/// sooner.
constexpr int kSpinsBeforeSleep = 2000;
constexpr int kSpinsBeforeYield = 500;
constexpr int kSpinsBeforeHelp = 100;

using Clock = std::chrono::steady_clock;
/// Waking a processor takes tens of microseconds in a virtual machine: who slept for less than this
/// spins longer the next time. No yielding: a thread that does often gets no turn for milliseconds.
constexpr Clock::duration kNear = std::chrono::milliseconds(1);
/// A wait that means a busy machine, how long callers then stay alone at first and at most, and a
/// peace too short to begin anew.
constexpr Clock::duration kLongWait = std::chrono::milliseconds(1);
constexpr Clock::duration kAlone = std::chrono::milliseconds(10);
constexpr Clock::duration kMostAlone = std::chrono::milliseconds(160);
constexpr Clock::duration kShortPeace = std::chrono::milliseconds(40);
constexpr int kMostParts = 64;  ///< that a word has bits for

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Threads that wait for one loop at a time. A loop is published as a word with a bit for each part
/// that nobody has taken; taking one is clearing its bit. Worker k takes part k before others, and
/// the caller part 0, so that loop after loop the same rows meet the same core: results still in
/// the other core's cache cost more than computing them. Nobody waits for a part that has not been
/// begun, so a thread which the system lets wait costs its share and no more.
/// A worker reads what to run only after it has taken a part, and the caller leaves only when every
/// part is done, so `body`, `data` and `chunks` cannot change under it.
class Pool {
 public:
  /// Runs the loop if the pool is free; otherwise does nothing.
  bool try_run(int chunks, void (*body)(void*, int), void* data) {
    const std::unique_lock lock(owner_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    const auto start = Clock::now();
    if (start < alone_until_) return false;
    const int parts = std::min(chunks, kMostParts);
    grow(parts - 1);
    body_ = body;
    data_ = data;
    chunks_ = chunks;
    parts_ = parts;
    done_.store(0, std::memory_order_relaxed);
    placement_.keep_off_caller();
    open_.store((~uint64_t{0} >> (kMostParts - parts)) & ~uint64_t{1}, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      wake_.fetch_add(1, std::memory_order_release);
      wake_.notify_all();
    }
    run(0);
    while (take_part(0)) {
    }
    wait_for_workers(start);
    return true;
  }

 private:
  /// Part `own` if it is open, else the next one; whether there was any.
  bool take_part(int own) {
    while (const uint64_t open = open_.load(std::memory_order_seq_cst)) {
      const uint64_t from_own = open >> own << own;
      const int part = std::countr_zero(from_own != 0 ? from_own : open);
      const uint64_t bit = uint64_t{1} << part;
      if ((open_.fetch_and(~bit, std::memory_order_acq_rel) & bit) == 0) continue;
      run(part);
      return true;
    }
    return false;
  }

  /// Whether parts are open, but not part `own`.
  bool only_others(int own) const {
    const uint64_t open = open_.load(std::memory_order_relaxed);
    return open != 0 && (open >> own & 1) == 0;
  }

  void wait_for_workers(Clock::time_point start) {
    const auto done = [this] { return done_.load(std::memory_order_acquire) == parts_; };
    for (int spins = 0; spins < kSpinsBeforeYield; ++spins) {
      if (done()) return;
      relax();
    }
    const auto before = Clock::now();
    while (!done()) std::this_thread::yield();
    const auto now = Clock::now();
    if (now - before > std::max<Clock::duration>(kLongWait, (before - start) / 2)) stay_alone(now);
  }

  /// A worker has lost its processor in the middle of a part: others need it, and callers do better
  /// without help for a while.
  void stay_alone(Clock::time_point now) {
    alone_for_ = now - alone_until_ < kShortPeace ? std::min(2 * alone_for_, kMostAlone) : kAlone;
    alone_until_ = now + alone_for_;
  }

  void run(int part) {
    for (int chunk = first_chunk(part); chunk < first_chunk(part + 1); ++chunk) body_(data_, chunk);
    done_.fetch_add(1, std::memory_order_release);
  }
  int first_chunk(int part) const { return static_cast<int>(int64_t{chunks_} * part / parts_); }

  void grow(int workers) {
    try {
      for (; workers_ < workers; ++workers_) {
        std::thread worker([this, own = workers_ + 1] { work(own); });
        placement_.add(worker.native_handle());
        worker.detach();
      }
    } catch (const std::system_error&) {
      // The system grants no more threads. Those there are, and the caller, do all parts.
    }
  }

  void work(int own) {
    inside_loop = true;
    const FlushDenormals flush;
    bool loops_are_near = false;
    while (true) {
      const uint32_t seen = wake_.load(std::memory_order_acquire);
      auto last = Clock::now();
      bool worked = false;
      for (int spins = 0;; ++spins) {
        for (int wait = 0; !worked && wait < kSpinsBeforeHelp && only_others(own); ++wait) relax();
        worked = take_part(own);
        if (worked) spins = 0;
        relax();
        if (spins < kSpinsBeforeSleep) continue;
        if (spins == kSpinsBeforeSleep) last = Clock::now();
        if (!loops_are_near || Clock::now() - last > kNear) break;
      }
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      if (!take_part(own)) wake_.wait(seen, std::memory_order_acquire);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
      loops_are_near = Clock::now() - last < kNear;
    }
  }

  std::mutex owner_;
  ThreadPlacement placement_;
  void (*body_)(void*, int) = nullptr;
  void* data_ = nullptr;
  int chunks_ = 0, parts_ = 0, workers_ = 0;
  Clock::time_point alone_until_;
  Clock::duration alone_for_{};
  alignas(64) std::atomic<uint64_t> open_{0};
  alignas(64) std::atomic<int> done_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<uint32_t> wake_{0};
};

/// Never destroyed: its threads may still wait when the process ends.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

int effective_threads() { return inside_loop ? 1 : num_threads(); }

namespace internal {

void run_chunks(int chunks, void (*body)(void*, int), void* data) {
  if (!inside_loop) {
    inside_loop = true;
    const bool shared = pool().try_run(chunks, body, data);
    inside_loop = false;
    if (shared) return;
  }
  for (int chunk = 0; chunk < chunks; ++chunk) body(data, chunk);
}

}  // namespace internal
}  // namespace danlu
