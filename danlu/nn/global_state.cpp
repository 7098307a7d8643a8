#include "danlu/nn/global_state.h"

#include <atomic>
#include <cctype>
#include <map>
#include <mutex>
#include <optional>
#include <random>

#include "danlu/base/error.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

std::atomic<DType> default_dtype{DType::float32};

std::mutex mutex;
std::optional<PhiloxStream> seeds;

std::map<std::string, int>& name_counts() {
  static std::map<std::string, int> counts;
  return counts;
}

}  // namespace

DType floatx() { return default_dtype; }

void set_floatx(std::string_view dtype) {
  if (dtype != "float32" && dtype != "float64") {
    throw ValueError({.where = "set_floatx",
                      .what = "Layers cannot compute in this dtype",
                      .expected = "\"float32\" or \"float64\"",
                      .received = "\"" + std::string(dtype) + "\""});
  }
  default_dtype = dtype_from_name(dtype);
}

void set_random_seed(int64_t seed) {
  const std::lock_guard lock(mutex);
  seeds.emplace(static_cast<uint64_t>(seed));
}

int64_t next_random_seed() {
  const std::lock_guard lock(mutex);
  if (!seeds) {
    std::random_device entropy;
    seeds.emplace(uint64_t{entropy()} << 32 | entropy());
  }
  return static_cast<int64_t>(seeds->next_u64() >> 2);
}

std::string to_snake_case(std::string_view text) {
  const auto upper = [&](size_t i) { return std::isupper(static_cast<unsigned char>(text[i])); };
  const auto lower = [&](size_t i) { return std::islower(static_cast<unsigned char>(text[i])); };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_word = i > 0 && upper(i) && i + 1 < text.size() && lower(i + 1);
    if (begins_word || (i > 0 && lower(i - 1) && upper(i))) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
  }
  return out;
}

std::string automatic_name(std::string_view class_name) {
  const std::string base = to_snake_case(class_name);
  const std::lock_guard lock(mutex);
  const int count = name_counts()[base]++;
  return count == 0 ? base : base + "_" + std::to_string(count);
}

void clear_session() {
  const std::lock_guard lock(mutex);
  name_counts().clear();
}

}  // namespace danlu
