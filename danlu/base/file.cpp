#include "danlu/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "danlu/base/error.h"

namespace danlu {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPendingBytes = 1 << 16;
// The kernel moves at most 2^31 - 4096 bytes per call.
constexpr size_t kMaxTransfer = 1 << 30;

std::string hint_for(int reason, bool writing) {
  switch (reason) {
    case ENOSPC:
    case EDQUOT:
      return "free some space or write to another disk";
    case EFBIG:
      return "the file would exceed the size limit of the process or the file system";
    case EACCES:
    case EPERM:
      return writing ? "choose a folder you may write to, or change its permissions"
                     : "change the permissions of the file or its folder";
    case EROFS:
      return "the file system is mounted read-only; write elsewhere";
    case ENOENT:
    case ENOTDIR:
      return writing ? "create the folder first" : "check the path";
    case EISDIR:
      return "name a file, not a folder";
    case EMFILE:
    case ENFILE:
      return "too many files are open; raise the limit with `ulimit -n`";
    default:
      return "";
  }
}

[[noreturn]] void throw_io(const std::string& path, const std::string& what, int reason,
                           bool writing) {
  throw IoError({.where = path,
                 .what = what + ": " + std::system_category().message(reason),
                 .hint = hint_for(reason, writing)});
}

const char* const kCannotRead = "The file cannot be read";
const char* const kCannotWrite = "The file cannot be written";

template <class Call>
auto retry(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// The file that writing to `path` shall replace: links are followed.
std::string resolve(const std::string& path) {
  std::error_code ignored;
  fs::path target = path;
  for (int hops = 0; hops < 40 && fs::is_symlink(target, ignored); ++hops) {
    const fs::path next = fs::read_symlink(target, ignored);
    if (ignored) break;
    target = next.is_absolute() ? next : target.parent_path() / next;
  }
  return target.string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Refuses what a rename must not replace; returns whether there is a file already.
bool check_target(const std::string& path, const std::string& target, struct stat& info) {
  if (fs::path(target).filename().empty()) {
    throw IoError({.where = path,
                   .what = kCannotWrite,
                   .expected = "the name of a file",
                   .received = "'" + path + "'",
                   .hint = hint_for(EISDIR, true)});
  }
  if (::stat(target.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    throw_io(path, kCannotWrite, errno, true);
  }
  if (S_ISDIR(info.st_mode)) throw_io(path, kCannotWrite, EISDIR, true);
  if (!S_ISREG(info.st_mode)) {
    throw IoError({.where = path,
                   .what = kCannotWrite,
                   .expected = "a regular file",
                   .received = "a device, pipe or socket",
                   .hint = "name another file"});
  }
  return true;
}

std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  const fs::path path = target;
  // Names have at most 255 bytes.
  const std::string stem = path.filename().string().substr(0, 200);
  const std::string name =
      "." + stem + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  return (path.parent_path() / name).string();
}

int create_temporary(const std::string& path, const std::string& target, std::string& temporary) {
  for (int attempt = 0;; ++attempt) {
    temporary = temporary_name(target);
    const int descriptor = retry(
        [&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (descriptor >= 0) return descriptor;
    if (errno != EEXIST || attempt == 100) throw_io(path, kCannotWrite, errno, true);
  }
}

}  // namespace

bool file_exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

bool is_folder(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

uint64_t file_size(const std::string& path) { return InputFile(path).size(); }

std::string read_file(const std::string& path) {
  InputFile file(path);
  std::string contents(file.size(), '\0');
  size_t filled = 0;
  for (;;) {
    // A pipe has no size, and a file may grow while it is read.
    if (filled == contents.size()) {
      char probe[4096];
      const size_t got = file.read_some(probe, sizeof probe);
      if (got == 0) return contents;
      contents.append(probe, got);
      filled += got;
      continue;
    }
    const size_t got = file.read_some(contents.data() + filled, contents.size() - filled);
    if (got == 0) {
      contents.resize(filled);
      return contents;
    }
    filled += got;
  }
}

void write_file(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    throw_io(path, "The file cannot be removed", errno, true);
  }
}

void check_writable(const std::string& path, uint64_t bytes) {
  const std::string target = resolve(path);
  struct stat info;
  if (check_target(path, target, info) && ::access(target.c_str(), W_OK) != 0) {
    throw_io(path, kCannotWrite, errno, true);
  }
  std::string temporary;
  ::close(create_temporary(path, target, temporary));
  ::unlink(temporary.c_str());
  struct statvfs space;
  if (bytes > 0 && ::statvfs(folder_of(target).c_str(), &space) == 0) {
    const uint64_t available = uint64_t{space.f_bavail} * space.f_frsize;
    if (available < bytes) {
      throw IoError({.where = path,
                     .what = "There is not enough space on the disk",
                     .expected = std::to_string(bytes) + " free bytes",
                     .received = std::to_string(available),
                     .hint = hint_for(ENOSPC, true)});
    }
  }
}

InputFile::InputFile(const std::string& path) : path_(path) {
  descriptor_ = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (descriptor_ < 0) throw_io(path, kCannotRead, errno, false);
  struct stat info;
  if (::fstat(descriptor_, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int reason = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(descriptor_);
    throw_io(path, kCannotRead, reason, false);
  }
  size_ = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
}

InputFile::~InputFile() { ::close(descriptor_); }

size_t InputFile::read_some(void* data, size_t bytes) {
  const ssize_t got =
      retry([&] { return ::read(descriptor_, data, std::min(bytes, kMaxTransfer)); });
  if (got < 0) throw_io(path_, kCannotRead, errno, false);
  return static_cast<size_t>(got);
}

void InputFile::read_at(uint64_t offset, void* data, size_t bytes) const {
  auto* p = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = retry([&] {
      return ::pread(descriptor_, p, std::min(bytes, kMaxTransfer), static_cast<off_t>(offset));
    });
    if (got < 0) throw_io(path_, kCannotRead, errno, false);
    if (got == 0) {
      throw IoError(
          {.where = path_,
           .what = "The file ends too early",
           .expected = std::to_string(bytes) + " more bytes at offset " + std::to_string(offset),
           .received = "the end of the file",
           .hint = "the file is damaged or still being written"});
    }
    p += got;
    bytes -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(resolve(path)) {
  struct stat old;
  const bool replaces = check_target(path_, target_, old);
  pending_.reserve(kPendingBytes);
  descriptor_ = create_temporary(path_, target_, temporary_);
  if (replaces) {
    // Only a privileged process may give files away; elsewhere the owner is the same anyway.
    if (::fchown(descriptor_, old.st_uid, old.st_gid) != 0) errno = 0;
    if (::fchmod(descriptor_, old.st_mode & 07777) != 0) fail(errno);
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  descriptor_ = -1;
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail(int reason) {
  discard();
  throw_io(path_, kCannotWrite, reason, true);
}

void AtomicFile::check_open() const {
  if (descriptor_ >= 0) return;
  throw StateError({.where = path_,
                    .what = "The file is already closed",
                    .expected = "one commit, after the last write, and none after an error"});
}

void AtomicFile::flush() {
  const char* p = pending_.data();
  size_t left = pending_.size();
  while (left > 0) {
    const ssize_t put =
        retry([&] { return ::write(descriptor_, p, std::min(left, kMaxTransfer)); });
    if (put < 0) fail(errno);
    p += put;
    left -= static_cast<size_t>(put);
  }
  pending_.clear();
}

void AtomicFile::write(const void* data, size_t bytes) {
  check_open();
  const auto* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const size_t take = std::min(bytes, kPendingBytes - pending_.size());
    pending_.append(p, take);
    p += take;
    bytes -= take;
    if (pending_.size() == kPendingBytes) flush();
  }
}

void AtomicFile::commit() {
  check_open();
  flush();
  if (retry([&] { return ::fsync(descriptor_); }) != 0) fail(errno);
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0 && errno != EINTR) {
    const int reason = errno;
    ::unlink(temporary_.c_str());
    throw_io(path_, kCannotWrite, reason, true);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary_.c_str());
    throw_io(path_, kCannotWrite, reason, true);
  }
  const int folder =
      retry([&] { return ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder < 0) return;  // A folder that may be written but not read cannot be flushed.
  const int flushed = retry([&] { return ::fsync(folder); });
  const int reason = errno;
  ::close(folder);
  // Some file systems do not know how to flush folders and say EINVAL.
  if (flushed != 0 && reason == EIO) throw_io(path_, kCannotWrite, reason, true);
}

}  // namespace danlu
