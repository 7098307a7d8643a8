#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/array.h"

/// Nonsense of every kind for ops, and what may come of it: a result of a possible shape or a typed
/// error.
namespace danlu::fuzzing {

/// How many configurations each test tries of each op; DANLU_FUZZ_CONFIGS sets it.
inline int64_t tries() {
  const char* text = std::getenv("DANLU_FUZZ_CONFIGS");
  return text != nullptr ? std::atoll(text) : 3000;
}

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T, size_t n>
  T one_of(const T (&values)[n]) {
    return values[below(static_cast<int64_t>(n))];
  }

  /// Mostly something that makes sense.
  int64_t length() {
    constexpr int64_t kHuge[] = {0,         1,         255,       65'536,   INT32_MAX,
                                 1LL << 31, 1LL << 40, 1LL << 58, 1LL << 59};
    return chance(90) ? 1 + below(9) : one_of(kHuge);
  }
  int64_t number() {
    constexpr int64_t kOdd[] = {
        0,         -1,        -2,        INT32_MAX,     INT32_MIN,     1LL << 31,   1LL << 40,
        1LL << 62, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, -(1LL << 59)};
    return chance(90) ? 1 + below(3) : one_of(kOdd);
  }
  /// An axis or an index: negative ones count from the end.
  int64_t axis() { return chance(95) ? below(7) - 3 : number(); }
  std::array<int64_t, 2> pair() { return {number(), number()}; }
  std::vector<int64_t> numbers(int64_t n) {
    std::vector<int64_t> list;
    for (int64_t i = 0; i < n; ++i) list.push_back(number());
    return list;
  }
  Shape shape(int64_t rank) {
    for (;;) {
      std::vector<int64_t> dims;
      for (int64_t i = 0; i < rank; ++i) dims.push_back(length());
      try {
        return Shape(dims);
      } catch (const ShapeError&) {  // no Array has it
      }
    }
  }
  /// `shape` with some dimensions replaced, and seldom with one more or less.
  Shape changed(const Shape& shape) {
    for (;;) {
      std::vector<int64_t> dims = shape.to_vector();
      for (int64_t& n : dims) {
        if (chance(40)) n = length();
      }
      if (chance(15) && !dims.empty()) dims.erase(dims.begin() + below(int64_t(dims.size())));
      if (chance(15)) dims.insert(dims.begin() + below(int64_t(dims.size()) + 1), length());
      try {
        return Shape(dims);
      } catch (const ShapeError&) {  // no Array has it
      }
    }
  }
  int64_t rank(int64_t usual) { return chance(95) ? usual : below(Shape::kMaxRank + 1); }
  DType dtype() { return chance(90) ? DType::float32 : static_cast<DType>(below(kNumDTypes)); }
  Array array(const Shape& shape) { return make_placeholder({shape, dtype()}); }
  Array array(int64_t usual_rank) { return array(shape(rank(usual_rank))); }

 private:
  std::mt19937_64 engine_;
};

inline void expect_possible(const TensorSpec& spec, const std::string& what) {
  ASSERT_TRUE(spec.shape.is_known()) << what;
  ASSERT_EQ(Shape(spec.shape.to_vector()), spec.shape) << what;
  ASSERT_GE(spec.shape.num_elements(), 0) << what;
  ASSERT_LE(spec.shape.num_elements(), 1LL << 59) << what;
}

struct Outcomes {
  int64_t results = 0;
  std::map<std::string, int64_t> errors;
};

/// What does not make sense must be told by one of Danlu's errors, with a place and a reason.
inline void try_once(Outcomes& outcomes, const std::function<void()>& body) {
  try {
    body();
    ++outcomes.results;
  } catch (const Error& error) {
    EXPECT_FALSE(error.parts().where.empty()) << error.what();
    EXPECT_FALSE(error.parts().what.empty()) << error.what();
    ++outcomes.errors[error.parts().what];
  }
}

}  // namespace danlu::fuzzing
