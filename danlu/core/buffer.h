#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace danlu {

/// A reference-counted block of host memory, aligned to `kAlignment` bytes. Storage of Arrays,
/// HostTensors and arenas. The contents of a fresh block are indeterminate.
class Buffer {
 public:
  static constexpr size_t kAlignment = 64;

  /// A new block of `bytes` bytes (0 is allowed). The block is padded to a multiple of kAlignment,
  /// so whole SIMD vectors may be read up to there.
  /// Errors: Error when the memory cannot be had.
  static std::shared_ptr<Buffer> allocate(size_t bytes);
  /// Memory that somebody else owns; `keep_alive` is held until the last reference goes. The
  /// memory may have any alignment.
  static std::shared_ptr<Buffer> wrap(void* data, size_t bytes, std::shared_ptr<void> keep_alive);

  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() { return data_; }
  const void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  /// True when `allocate` made it.
  bool owns_memory() const { return owns_memory_; }

  /// Fills every new block, and the working memory of every run, with bytes that read as NaN: what
  /// a kernel forgets to write is then seen. For tests; DANLU_POISON=1 switches it on.
  static void set_poison(bool on);
  static bool poison();

  /// Bytes held now by all blocks that `allocate` made, as requested (without padding).
  static int64_t live_bytes();
  /// How many blocks `allocate` has made since the process began.
  static int64_t allocations();

 private:
  Buffer(void* data, size_t bytes, bool owns_memory, std::shared_ptr<void> keep_alive);

  void* data_;
  size_t bytes_;
  bool owns_memory_;
  std::shared_ptr<void> keep_alive_;
};

}  // namespace danlu
