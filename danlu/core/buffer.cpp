#include "danlu/core/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/base/error.h"

namespace danlu {
namespace {

std::atomic<int64_t> g_live_bytes{0};
std::atomic<int64_t> g_allocations{0};

std::atomic<bool>& poison_switch() {
  static std::atomic<bool> on{[] {
    const char* text = std::getenv("DANLU_POISON");
    return text != nullptr && std::string_view(text) == "1";
  }()};
  return on;
}

/// Blocks of this size and more begin at a huge page and are asked to lie in such pages: a step
/// that goes through megabytes of weights and slots otherwise spends a tenth of its time on page
/// tables.
constexpr size_t kHugeFrom = 768 * 1024;
constexpr size_t kHugePage = 2 * 1024 * 1024;
/// From here on freed blocks are kept.
constexpr size_t kKeptFrom = 256 * 1024;
constexpr size_t kPage = 4096;

size_t padded_size(size_t bytes) {
  const size_t grain = bytes < kKeptFrom   ? Buffer::kAlignment
                       : bytes < kHugeFrom ? kPage
                                           : kHugePage;
  return (std::max<size_t>(bytes, 1) + grain - 1) / grain * grain;
}

/// Large freed blocks, for the next one of the same size: a result of a function that is
/// called again and again. A fresh one costs as much as writing it twice, as the system clears it
/// page by page. With what is kept the process never has more than was live at once before, and
/// never keeps more than kMostKept.
class Recycler {
 public:
  static constexpr size_t kMostKept = size_t{256} << 20;

  /// A kept block of `padded` bytes; null where there is none, and then there is room for a new
  /// one.
  void* take(size_t padded) {
    const std::lock_guard lock(mutex_);
    for (size_t i = kept_.size(); i-- > 0;) {
      if (kept_[i].bytes != padded) continue;
      void* data = kept_[i].data;
      kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
      kept_bytes_ -= padded;
      live_ += padded;
      return data;
    }
    const size_t now = live_ + padded;
    shrink(std::max(most_live_, now) - now);
    return nullptr;
  }

  void count_new(size_t padded) {
    const std::lock_guard lock(mutex_);
    live_ += padded;
    most_live_ = std::max(most_live_, live_);
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    shrink(0);
  }

  void give_back(void* data, size_t padded) {
    const std::lock_guard lock(mutex_);
    live_ -= padded;
    kept_.push_back({data, padded});
    kept_bytes_ += padded;
    shrink(kMostKept);
  }

 private:
  struct Block {
    void* data;
    size_t bytes;
  };

  /// Frees the oldest blocks until no more than `bytes` are kept.
  void shrink(size_t bytes) {
    size_t gone = 0;
    for (; kept_bytes_ > bytes; ++gone) {
      std::free(kept_[gone].data);
      kept_bytes_ -= kept_[gone].bytes;
    }
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(gone));
  }

  std::mutex mutex_;
  std::vector<Block> kept_;  ///< oldest first
  size_t kept_bytes_ = 0, live_ = 0, most_live_ = 0;
};

/// Never destroyed: Buffers may be freed while the process ends.
Recycler& recycler() {
  static Recycler* const instance = new Recycler;
  return *instance;
}

/// Sanitizers are to see each block come and go.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif

void* allocate_bytes(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t padded = padded_size(bytes);
  if (bytes < kKeptFrom) return std::aligned_alloc(Buffer::kAlignment, padded);
  if (kRecycle) {
    if (void* kept = recycler().take(padded)) return kept;
  }
  const bool huge = bytes >= kHugeFrom;
  const size_t alignment = huge ? kHugePage : kPage;
  void* data = std::aligned_alloc(alignment, padded);
  if (data == nullptr && kRecycle) {
    recycler().clear();
    data = std::aligned_alloc(alignment, padded);
  }
  if (data == nullptr) return nullptr;
  if (kRecycle) recycler().count_new(padded);
#ifdef MADV_HUGEPAGE
  // A system without huge pages refuses, and the block is as good as any.
  if (huge) (void)madvise(data, padded, MADV_HUGEPAGE);
#endif
  return data;
}

void free_bytes(void* data, size_t bytes) {
  if (kRecycle && bytes >= kKeptFrom) {
    recycler().give_back(data, padded_size(bytes));
  } else {
    std::free(data);
  }
}

}  // namespace

Buffer::Buffer(void* data, size_t bytes, bool owns_memory, std::shared_ptr<void> keep_alive)
    : data_(data), bytes_(bytes), owns_memory_(owns_memory), keep_alive_(std::move(keep_alive)) {}

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes) {
  void* data = allocate_bytes(bytes);
  if (data == nullptr) {
    throw Error({.where = "Buffer",
                 .what = "Out of memory",
                 .expected = std::to_string(bytes) + " more bytes",
                 .received = "a refusal, with " + std::to_string(live_bytes()) + " bytes in use",
                 .hint = "use a smaller batch or model, or free what is no longer needed"});
  }
  const auto free_it = [bytes](void* block) { free_bytes(block, bytes); };
  std::unique_ptr<void, decltype(free_it)> guard(data, free_it);
  std::shared_ptr<Buffer> buffer(new Buffer(data, bytes, true, nullptr));
  guard.release();
  if (poison()) std::memset(data, 0xff, bytes);
  g_live_bytes.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return buffer;
}

std::shared_ptr<Buffer> Buffer::wrap(void* data, size_t bytes, std::shared_ptr<void> keep_alive) {
  return std::shared_ptr<Buffer>(new Buffer(data, bytes, false, std::move(keep_alive)));
}

Buffer::~Buffer() {
  if (!owns_memory_) return;
  g_live_bytes.fetch_sub(static_cast<int64_t>(bytes_), std::memory_order_relaxed);
  free_bytes(data_, bytes_);
}

void Buffer::set_poison(bool on) { poison_switch().store(on, std::memory_order_relaxed); }
bool Buffer::poison() { return poison_switch().load(std::memory_order_relaxed); }

int64_t Buffer::live_bytes() { return g_live_bytes.load(std::memory_order_relaxed); }
int64_t Buffer::allocations() { return g_allocations.load(std::memory_order_relaxed); }

}  // namespace danlu
