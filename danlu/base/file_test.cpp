#include "danlu/base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "danlu/base/error.h"

namespace danlu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string pattern = testing::TempDir() + "/danlu_file_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  static int entries(const std::string& folder) {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
    return count;
  }
  static std::string io_error(const std::function<void()>& body) {
    try {
      body();
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  }

  std::string folder_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  std::string contents;
  for (int i = 0; i < 300000; ++i) contents += static_cast<char>(i * 31 >> 3);
  write_file(path("a"), contents);
  EXPECT_EQ(read_file(path("a")), contents);
  EXPECT_EQ(file_size(path("a")), contents.size());
  write_file(path("a"), "");
  EXPECT_EQ(read_file(path("a")), "");
  EXPECT_EQ(entries(folder_), 1);
  EXPECT_TRUE(file_exists(path("a")));
  EXPECT_FALSE(file_exists(folder_));
  EXPECT_TRUE(is_folder(folder_));
  remove_file(path("a"));
  remove_file(path("a"));
  EXPECT_FALSE(file_exists(path("a")));
}

TEST_F(FileTest, ReadsFilesWithoutSize) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string sent(10000, 'p');
  std::thread writer([&] {
    const int pipe = ::open(path("pipe").c_str(), O_WRONLY);
    EXPECT_EQ(::write(pipe, sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    ::close(pipe);
  });
  EXPECT_EQ(read_file(path("pipe")), sent);
  writer.join();
}

TEST_F(FileTest, ReadAtChecksTheEnd) {
  write_file(path("a"), "0123456789");
  InputFile file(path("a"));
  char text[4] = {};
  file.read_at(7, text, 3);
  EXPECT_STREQ(text, "789");
  EXPECT_THAT(io_error([&] { file.read_at(8, text, 3); }),
              HasSubstr("The file ends too early. Expected 1 more bytes at offset 10"));
}

TEST_F(FileTest, WithoutCommitTheOldFileStays) {
  write_file(path("a"), "old");
  {
    AtomicFile file(path("a"));
    file.write(std::string(100000, 'n'));
    EXPECT_EQ(entries(folder_), 2);
  }
  EXPECT_EQ(read_file(path("a")), "old");
  EXPECT_EQ(entries(folder_), 1);
}

TEST_F(FileTest, CommitsOnce) {
  AtomicFile file(path("a"));
  file.write("x");
  file.commit();
  EXPECT_THROW(file.commit(), StateError);
  EXPECT_THROW(file.write("y"), StateError);
  EXPECT_EQ(read_file(path("a")), "x");
}

TEST_F(FileTest, KeepsPermissionsAndFollowsLinks) {
  write_file(path("a"), "old");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_file(path("a")), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("missing", path("dangling"));
  write_file(path("dangling"), "made");
  EXPECT_EQ(read_file(path("missing")), "made");
}

TEST_F(FileTest, AcceptsTheLongestName) {
  const std::string name(255, 'n');
  write_file(path(name), "x");
  EXPECT_EQ(read_file(path(name)), "x");
}

TEST_F(FileTest, ReadErrorsNamePathReasonAndHint) {
  EXPECT_EQ(io_error([&] { read_file(path("none")); }),
            "[" + path("none") +
                "] The file cannot be read: No such file or directory. Hint: check the path.");
  EXPECT_EQ(io_error([&] { read_file(folder_); }),
            "[" + folder_ +
                "] The file cannot be read: Is a directory. Hint: name a file, not a folder.");
}

TEST_F(FileTest, CheckWritableFindsTheFaultsAndLeavesNothing) {
  check_writable(path("new"));
  write_file(path("old"), "old");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  check_writable(path("old"), 1);
  EXPECT_EQ(read_file(path("old")), "old");
  EXPECT_EQ(entries(folder_), 2);
  EXPECT_THAT(io_error([&] { check_writable(path("none/file")); }),
              HasSubstr("cannot be written: No such file or directory. Hint: create the folder"));
  EXPECT_THAT(io_error([&] { check_writable(folder_); }), HasSubstr("Is a directory"));
  EXPECT_THAT(io_error([&] { check_writable(folder_ + "/"); }),
              HasSubstr("Expected the name of a file"));
  EXPECT_THAT(io_error([&] { check_writable(path("pipe")); }),
              HasSubstr("Expected a regular file. Received a device, pipe or socket."));
  EXPECT_THAT(io_error([&] { check_writable(path("old/file")); }), HasSubstr("Not a directory"));
  EXPECT_THAT(io_error([&] { check_writable(path("new"), uint64_t{1} << 62); }),
              HasSubstr("There is not enough space on the disk. Expected 4611686018427387904"));
  EXPECT_EQ(entries(folder_), 2);
}

/// Lets no file grow beyond `bytes`: what a full disk does, without needing privileges.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(FileTest, AnExhaustedDiskLeavesTheOldFile) {
  write_file(path("weights"), "old");
  std::string text;
  {
    FileSizeLimit limit(100000);
    text = io_error([&] { write_file(path("weights"), std::string(1000000, 'n')); });
  }
  EXPECT_EQ(text, "[" + path("weights") +
                      "] The file cannot be written: File too large. Hint: the file would exceed "
                      "the size limit of the process or the file system.");
  EXPECT_EQ(read_file(path("weights")), "old");
  EXPECT_EQ(entries(folder_), 1);
}

TEST_F(FileTest, AFullFileSystemLeavesTheOldFile) {
  const std::string disk = path("disk");
  fs::create_directory(disk);
  const bool mounted = ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k") == 0;
  std::string text;
  write_file(disk + "/weights", "old");
  {
    // Where mounting is not allowed the size limit stands in for the small disk.
    FileSizeLimit limit(mounted ? RLIM_INFINITY : 200000);
    text = io_error([&] { write_file(disk + "/weights", std::string(1000000, 'n')); });
  }
  EXPECT_THAT(text, HasSubstr(mounted ? "The file cannot be written: No space left on device. "
                                        "Hint: free some space or write to another disk."
                                      : "The file cannot be written: File too large."));
  EXPECT_EQ(read_file(disk + "/weights"), "old");
  EXPECT_EQ(entries(disk), 1);
  if (mounted) {
    EXPECT_THAT(io_error([&] { check_writable(disk + "/weights", 1000000); }),
                HasSubstr("There is not enough space on the disk. Expected 1000000 free bytes."));
    EXPECT_EQ(::umount(disk.c_str()), 0);
  }
}

}  // namespace
}  // namespace danlu
