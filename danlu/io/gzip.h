#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace danlu {

/// Reads a file front to back, gzipped or plain: which of the two it is, its first bytes tell.
/// Several gzip members in a row read as one stream. Memory use does not depend on the file.
class GzipInput {
 public:
  /// Errors: IoError when the file cannot be opened.
  explicit GzipInput(const std::string& path);
  ~GzipInput();
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

  const std::string& path() const;
  bool compressed() const;
  /// No more bytes than this can come out: the file's size, or 1,040 times that when compressed
  /// (deflate reaches 1,032). Bounds what a header may claim.
  uint64_t max_bytes() const;
  /// Up to `bytes` bytes; fewer only at the end. Errors: IoError when the compressed data is
  /// damaged, its checksum is wrong or it ends early.
  size_t read(void* data, size_t bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `data` as one gzip member, without a time stamp, so equal data gives equal bytes.
std::string gzip_compress(std::string_view data);

}  // namespace danlu
