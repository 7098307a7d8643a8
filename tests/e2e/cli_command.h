#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/io/json.h"

/// Runs the built command, as a user would.
namespace danlu::cli_test {

/// A folder that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "danlu-cli-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Outcome {
  int status = -1;  ///< exit status; 128 + the signal that ended it
  std::string out, err;

  /// The last line of stdout as JSON.
  Json json() const {
    const std::string text = out.substr(0, out.find_last_not_of('\n') + 1);
    const size_t line = text.rfind('\n');
    return Json::parse(line == std::string::npos ? text : text.substr(line + 1));
  }
};

inline std::string command_path() {
  const char* path = std::getenv("DANLU_COMMAND");
  return path == nullptr ? "build/release/bin/danlu" : path;
}

/// Runs a line for the shell.
inline Outcome run_line(const std::string& command) {
  const TemporaryFolder folder;
  const std::string line =
      command + " >'" + (folder / "out") + "' 2>'" + (folder / "err") + "' </dev/null";
  const int status = std::system(line.c_str());
  Outcome outcome{.out = read_file(folder / "out"), .err = read_file(folder / "err")};
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

/// Runs `danlu arguments`.
inline Outcome danlu(const std::string& arguments, const std::string& environment = "") {
  return run_line(environment + " '" + command_path() + "' " + arguments);
}

/// Runs a command that must succeed.
inline Outcome danlu_ok(const std::string& arguments, const std::string& environment = "") {
  Outcome outcome = danlu(arguments, environment);
  EXPECT_EQ(outcome.status, 0) << "danlu " << arguments << "\n" << outcome.err;
  return outcome;
}

/// A folder with 320 + 80 made-up images of 28 x 28 pixels in ten classes: a bright square whose
/// place tells the class, over noise.
class ImageFolder : public TemporaryFolder {
 public:
  ImageFolder() {
    write("train", 320);
    write("t10k", 80);
  }
  static constexpr int64_t kTrain = 320, kTest = 80;

 private:
  static void append_big_endian(std::string& bytes, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  }
  void write(const std::string& part, uint32_t count) {
    std::string images, labels;
    for (uint32_t word : {0x00000803u, count, 28u, 28u}) append_big_endian(images, word);
    for (uint32_t word : {0x00000801u, count}) append_big_endian(labels, word);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t label = i * 7 % 10, left = label % 5 * 5, top = label / 5 * 12;
      for (uint32_t pixel = 0; pixel < 784; ++pixel) {
        noise_ = noise_ * 1664525 + 1013904223;
        const uint32_t x = pixel % 28, y = pixel / 28;
        const bool square = x >= left && x < left + 6 && y >= top && y < top + 8;
        images += static_cast<char>((noise_ >> 26) + (square ? 180 : 0));
      }
      labels += static_cast<char>(label);
    }
    write_file(*this / (part + "-images-idx3-ubyte"), images);
    write_file(*this / (part + "-labels-idx1-ubyte"), labels);
  }

  uint32_t noise_ = 1;
};

}  // namespace danlu::cli_test
