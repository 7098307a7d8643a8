#pragma once

#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/io/json.h"
#include "tests/fuzz/dice.h"

/// What may happen to a file on its way, and what somebody who means harm writes into it.
namespace danlu::fuzzing {

/// How many damaged files each test reads: `usual`, or what DANLU_FUZZ_FILES says.
inline int64_t files(int64_t usual) {
  const char* text = std::getenv("DANLU_FUZZ_FILES");
  return text != nullptr ? std::atoll(text) : usual;
}

class Damage {
 public:
  explicit Damage(uint64_t seed) : dice(seed) {}

  Dice dice;

  /// `bytes` with one to four things wrong.
  std::string damaged(std::string bytes) {
    for (int64_t n = 1 + (dice.chance(50) ? 0 : dice.below(4)); n > 0 && !bytes.empty(); --n) {
      damage(bytes);
    }
    return bytes;
  }

  /// `json` with some value, name or member replaced by one that makes no sense there.
  Json damaged(const Json& json) {
    Json result = json;
    for (int64_t n = 1 + (dice.chance(60) ? 0 : dice.below(3)); n > 0; --n) {
      int64_t target = dice.below(count(result));
      int64_t other = dice.below(count(result));
      const Json moved = pick(result, other);
      result = replaced(result, target, moved);
    }
    return result;
  }

 private:
  size_t below(size_t n) { return static_cast<size_t>(dice.below(static_cast<int64_t>(n))); }

  /// Mostly where something stands: near a signature, or at a byte that is not 0.
  size_t place(const std::string& bytes) {
    constexpr std::string_view kMarks[] = {"\x89HDF", "TREE", "SNOD", "HEAP",     "GCOL",
                                           "OHDR",    "OCHK", "FRHP", "BTHD",     "PK",
                                           "IHDR",    "PLTE", "IDAT", "\x93NUMPY"};
    size_t at = below(bytes.size());
    if (dice.chance(40)) {
      const size_t found = bytes.find(dice.one_of(kMarks), at);
      if (found != bytes.npos) return std::min(found + below(64), bytes.size() - 1);
    }
    if (dice.chance(60)) at = std::min(bytes.find_first_not_of('\0', at), bytes.size() - 1);
    return at;
  }

  void damage(std::string& bytes) {
    const size_t at = place(bytes), rest = bytes.size() - at;
    const size_t run = 1 + below(std::min<size_t>(rest, dice.chance(70) ? 16 : 4096));
    switch (dice.below(9)) {
      case 0:
        bytes[at] ^= static_cast<char>(1 << dice.below(8));
        break;
      case 1: {
        constexpr char kOdd[] = {0, 1, 2, 127, '\x80', '\xff', '"', '{'};
        bytes[at] = dice.one_of(kOdd);
        break;
      }
      case 2:
        bytes.resize(dice.chance(50) ? at : bytes.size() - std::min(run, bytes.size()));
        break;
      case 3:
        bytes.insert(below(bytes.size()), bytes.substr(at, run));
        break;
      case 4:
        bytes.erase(at, run);
        break;
      case 5:
        bytes.replace(at, run, bytes.substr(below(bytes.size()), run));
        break;
      case 6:
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), run, '\0');
        break;
      default:
        put_number(bytes, at);
    }
  }

  /// A size, an offset or a count of 1, 2, 4 or 8 bytes, in either order.
  void put_number(std::string& bytes, size_t at) {
    constexpr uint64_t kOdd[] = {0,          1,          7,          0x7f,       0xff,
                                 0x7fff,     0xffff,     0x10000,    0x7fffffff, 0x80000000,
                                 0xfffffff0, 0xffffffff, 1ull << 40, ~0ull >> 1, ~0ull};
    uint64_t value =
        dice.chance(60) ? dice.one_of(kOdd) : static_cast<uint64_t>(below(bytes.size()));
    if (dice.chance(25)) value = __builtin_bswap64(value);
    const size_t width = std::min<size_t>(bytes.size() - at, size_t{1} << dice.below(4));
    std::memcpy(bytes.data() + at, &value, width);
  }

  static int64_t count(const Json& json) {
    int64_t n = 1;
    if (json.is_array()) {
      for (const Json& item : json.items()) n += count(item);
    } else if (json.is_object()) {
      for (const auto& [key, value] : json.members()) n += count(value);
    }
    return n;
  }

  /// Value number `at` of the tree, of which `at` becomes what is left to count.
  static Json pick(const Json& json, int64_t& at) {
    if (at-- == 0) return json;
    if (json.is_array()) {
      for (const Json& item : json.items()) {
        const Json found = pick(item, at);
        if (at < 0) return found;
      }
    } else if (json.is_object()) {
      for (const auto& [key, value] : json.members()) {
        const Json found = pick(value, at);
        if (at < 0) return found;
      }
    }
    return {};
  }

  Json replaced(const Json& json, int64_t& target, const Json& moved) {
    if (target-- == 0) return odd(json, moved);
    if (json.is_array()) {
      Json result = Json::array();
      for (const Json& item : json.items()) {
        result.push_back(target < 0 ? item : replaced(item, target, moved));
      }
      return result;
    }
    if (!json.is_object()) return json;
    Json result = Json::object();
    for (const auto& [key, value] : json.members()) {
      if (target != 0) {
        result.set(key, target < 0 ? value : replaced(value, target, moved));
        continue;
      }
      --target;
      switch (dice.below(8)) {
        case 0:
          break;  // the member is missing
        case 1:
          result.set(key + "_", value);
          break;
        default:
          result.set(key, odd(value, moved));
      }
    }
    return result;
  }

  Json odd(const Json& json, const Json& moved) {
    switch (dice.below(16)) {
      case 0:
        return nullptr;
      case 1:
        return dice.chance(50);
      case 2:
        return dice.number();
      case 3:
        return -1;
      case 4:
        return 0;
      case 5:
        return 1e308;
      case 6:
        return -0.5;
      case 7:
        return "";
      case 8:
        return "relu";
      case 9:
        return Json::array();
      case 10:
        return Json::object();
      case 11:
        return Json::array({json});
      case 12:
        return Json::array({json, json});
      case 13:
        return json.is_array() && json.size() > 0 ? json[below(json.size())] : Json(2);
      default:
        return moved;
    }
  }
};

/// The bytes of a file in the folder of temporary files, written over and over.
class Scratch {
 public:
  explicit Scratch(const std::string& name) : path_(testing::TempDir() + "/" + name) {}
  ~Scratch() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }
  const std::string& with(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), std::ssize(bytes));
    return path_;
  }

 private:
  std::string path_;
};

/// Reads `tries` damaged files: each is read or refused with one of Danlu's errors. `read` must
/// take the good ones. With DANLU_FUZZ_KEEP=FILE each is written there first, to be found after a
/// crash.
inline void expect_read_or_refused(const std::vector<std::string>& good, int64_t tries,
                                   const std::function<void(const std::string&)>& read,
                                   const std::function<std::string(const std::string&)>& damaged) {
  for (const std::string& bytes : good) ASSERT_NO_THROW(read(bytes));
  const char* keep = std::getenv("DANLU_FUZZ_KEEP");
  Outcomes outcomes;
  for (int64_t i = 0; i < tries; ++i) {
    const std::string bytes = damaged(good[static_cast<size_t>(i) % good.size()]);
    if (keep != nullptr) std::ofstream(keep, std::ios::binary) << bytes;
    try_once(outcomes, [&] { read(bytes); });
    if (testing::Test::HasFailure()) return;
  }
  int64_t refused = 0;
  for (const auto& [what, n] : outcomes.errors) refused += n;
  EXPECT_GT(refused, tries / 20);
  testing::Test::RecordProperty("read", static_cast<int>(outcomes.results));
  testing::Test::RecordProperty("refused", static_cast<int>(refused));
}

inline void expect_read_or_refused(uint64_t seed, const std::vector<std::string>& good,
                                   int64_t tries,
                                   const std::function<void(const std::string&)>& read) {
  Damage damage(seed);
  expect_read_or_refused(good, tries, read,
                         [&](const std::string& bytes) { return damage.damaged(bytes); });
}

}  // namespace danlu::fuzzing
