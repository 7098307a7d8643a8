#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace danlu {

/// File helpers. All errors are IoErrors that name the path, the system's reason and a hint.

bool file_exists(const std::string& path);
bool is_folder(const std::string& path);
/// Bytes of a regular file. Errors: IoError.
uint64_t file_size(const std::string& path);
/// The whole contents. Errors: IoError.
std::string read_file(const std::string& path);
/// Replaces the file atomically (see AtomicFile). Errors: IoError; the old file is then unchanged.
void write_file(const std::string& path, std::string_view contents);
/// Removes a file; a missing one is no error. Errors: IoError.
void remove_file(const std::string& path);

/// Fails now, instead of after hours of work, when `path` could not be written: the folder is
/// missing or refuses new files, `path` is a folder, a device or write-protected, or fewer than
/// `bytes` bytes are free. Leaves nothing behind. Errors: IoError.
void check_writable(const std::string& path, uint64_t bytes = 0);

/// A file open for reading.
class InputFile {
 public:
  /// Errors: IoError when it cannot be opened or is a folder.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// Bytes when it was opened; 0 for pipes and the like.
  uint64_t size() const { return size_; }
  /// Up to `bytes` bytes from the current position on; 0 only at the end. Errors: IoError.
  size_t read_some(void* data, size_t bytes);
  /// Exactly `bytes` bytes from `offset` on, whatever the current position. Errors: IoError, also
  /// when the file ends before.
  void read_at(uint64_t offset, void* data, size_t bytes) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

/// Writes a file so that a reader, or a power cut, sees either all of the new contents or the old
/// file: the bytes go to a temporary file in the same folder; `commit` flushes it to the disk,
/// renames it and flushes the folder. Without `commit` the temporary file is removed and the old
/// file stays. A symbolic link is followed; permissions of a replaced file are kept.
class AtomicFile {
 public:
  /// Errors: IoError when the temporary file cannot be made.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& path() const { return path_; }
  /// Appends. Errors: IoError; the temporary file is then gone, and nothing more can be written.
  void write(const void* data, size_t bytes);
  void write(std::string_view data) { write(data.data(), data.size()); }
  /// Errors: IoError; StateError when called twice or after an error.
  void commit();

 private:
  void flush();
  void discard();
  [[noreturn]] void fail(int reason);
  void check_open() const;

  std::string path_;
  std::string target_;
  std::string temporary_;
  std::string pending_;
  int descriptor_ = -1;
};

}  // namespace danlu
