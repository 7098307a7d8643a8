#include "danlu/nn/global_state.h"

#include <atomic>
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
