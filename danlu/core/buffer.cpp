#include "danlu/core/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

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

void* allocate_bytes(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t alignment = bytes < kHugeFrom ? Buffer::kAlignment : kHugePage;
  const size_t padded = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(alignment, padded);
#ifdef MADV_HUGEPAGE
  // A system without huge pages refuses, and the block is as good as any.
  if (data != nullptr && alignment == kHugePage) (void)madvise(data, padded, MADV_HUGEPAGE);
#endif
  return data;
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
  std::unique_ptr<void, decltype(&std::free)> guard(data, &std::free);
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
  std::free(data_);
}

void Buffer::set_poison(bool on) { poison_switch().store(on, std::memory_order_relaxed); }
bool Buffer::poison() { return poison_switch().load(std::memory_order_relaxed); }

int64_t Buffer::live_bytes() { return g_live_bytes.load(std::memory_order_relaxed); }
int64_t Buffer::allocations() { return g_allocations.load(std::memory_order_relaxed); }

}  // namespace danlu
