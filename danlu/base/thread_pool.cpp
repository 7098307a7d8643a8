#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "danlu/base/float_mode.h"
#include "danlu/base/thread.h"

namespace danlu {
namespace {

thread_local bool inside_loop = false;

/// Rounds of spinning before a worker sleeps (about 50 µs) and before a waiting caller yields: the
/// next loop of a step usually begins sooner.
constexpr int kSpinsBeforeSleep = 2000;
constexpr int kSpinsBeforeYield = 500;
constexpr int kMostChunks = 0xffff;  ///< that a ticket has room for

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Threads that wait for one loop at a time. A loop is published as a ticket (loop number, chunks,
/// next chunk); taking a chunk is one compare-and-swap on it. A worker reads what to run only after
/// it has taken a chunk, and the caller leaves only when every chunk is done, so `body` and `data`
/// cannot change under it.
class Pool {
 public:
  /// Runs the loop if the pool is free; otherwise does nothing.
  bool try_run(int chunks, void (*body)(void*, int), void* data) {
    const std::unique_lock lock(owner_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    grow(chunks - 1);
    body_ = body;
    data_ = data;
    done_.store(0, std::memory_order_relaxed);
    ++loop_;
    ticket_.store(pack(loop_, static_cast<uint32_t>(chunks), 0), std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      wake_.fetch_add(1, std::memory_order_release);
      wake_.notify_all();
    }
    while (take_chunk()) {
    }
    for (int spins = 0; done_.load(std::memory_order_acquire) != chunks; ++spins) {
      if (spins < kSpinsBeforeYield) {
        relax();
      } else {
        std::this_thread::yield();
      }
    }
    return true;
  }

 private:
  static uint64_t pack(uint32_t loop, uint32_t chunks, uint32_t next) {
    return (uint64_t{loop} << 32) | (chunks << 16) | next;
  }

  bool take_chunk() {
    uint64_t ticket = ticket_.load(std::memory_order_seq_cst);
    while (true) {
      const auto chunks = static_cast<uint32_t>(ticket >> 16) & 0xffff;
      const auto next = static_cast<uint32_t>(ticket) & 0xffff;
      if (next >= chunks) return false;
      if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        body_(data_, static_cast<int>(next));
        done_.fetch_add(1, std::memory_order_release);
        return true;
      }
    }
  }

  void grow(int workers) {
    try {
      for (; workers_ < workers; ++workers_) std::thread([this] { work(); }).detach();
    } catch (const std::system_error&) {
      // The system grants no more threads. Those there are, and the caller, do all chunks.
    }
  }

  void work() {
    inside_loop = true;
    const FlushDenormals flush;
    while (true) {
      const uint32_t seen = wake_.load(std::memory_order_acquire);
      for (int spins = 0; spins < kSpinsBeforeSleep; ++spins) {
        if (take_chunk()) spins = 0;
        relax();
      }
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      if (!take_chunk()) wake_.wait(seen, std::memory_order_acquire);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }

  std::mutex owner_;
  void (*body_)(void*, int) = nullptr;
  void* data_ = nullptr;
  uint32_t loop_ = 0;
  int workers_ = 0;
  alignas(64) std::atomic<uint64_t> ticket_{0};
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
  if (!inside_loop && chunks <= kMostChunks) {
    inside_loop = true;
    const bool shared = pool().try_run(chunks, body, data);
    inside_loop = false;
    if (shared) return;
  }
  for (int chunk = 0; chunk < chunks; ++chunk) body(data, chunk);
}

}  // namespace internal
}  // namespace danlu
