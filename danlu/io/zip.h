#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace danlu {

/// The entries of a zip archive in memory. Nothing in the archive is trusted: names that would
/// leave a folder, two entries of one name, entries that share bytes, links, encryption and sizes
/// that the compressed bytes cannot justify are refused.
/// Source: APPNOTE.TXT, the specification of the format, with its 64-bit extension.
class ZipReader {
 public:
  struct Entry {
    std::string name;
    uint64_t size = 0;        ///< bytes once unpacked
    uint64_t compressed = 0;  ///< bytes in the archive
    bool deflated = false;    ///< else stored
    uint32_t crc = 0;
    uint64_t data_offset = 0;
  };

  /// Reads the directory; `bytes` must outlive the reader. `where` is the path in errors.
  /// Errors: IoError for everything that is refused.
  explicit ZipReader(std::string_view bytes, std::string where = "zip");

  const std::vector<Entry>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Unpacks an entry. Errors: IoError, which lists the entries, when there is none of this name;
  /// IoError when the data is damaged or its checksum is wrong.
  std::string read(std::string_view name) const;

 private:
  const Entry* find(std::string_view name) const;
  [[noreturn]] void fail(const std::string& what, const std::string& expected = "",
                         const std::string& received = "") const;
  void read_directory();
  void check_overlap(uint64_t directory_offset) const;

  std::string_view bytes_;
  std::string where_;
  std::vector<Entry> entries_;
};

/// A zip archive of these entries, names and contents, stored uncompressed and without time
/// stamps, so equal entries give equal bytes.
/// Errors: ValueError for a name that stands twice or would leave a folder; UnsupportedError for
/// 4 GiB and more.
std::string to_zip(const std::vector<std::pair<std::string, std::string_view>>& entries);

}  // namespace danlu
