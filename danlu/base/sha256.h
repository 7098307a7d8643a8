#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace danlu {

/// SHA-256 of a stream of bytes.
/// Source: FIPS 180-4.
class Sha256 {
 public:
  void update(const void* data, size_t bytes);
  void update(std::string_view data) { update(data.data(), data.size()); }
  /// The digest of everything so far as 64 lower-case hexadecimal digits. More may be added after.
  std::string hex() const;

 private:
  void compress(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending_{};
  uint64_t length_ = 0;
};

/// SHA-256 of `data` in hexadecimal.
std::string sha256_hex(std::string_view data);
/// SHA-256 of a file's contents in hexadecimal. Errors: IoError when it cannot be read.
std::string sha256_file(const std::string& path);

}  // namespace danlu
