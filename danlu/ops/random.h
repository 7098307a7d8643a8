#pragma once

#include "danlu/core/array.h"

/// Random numbers from Philox 4x32-10 (Salmon et al. 2011). The state is an int64 Array of shape
/// (2,): {seed, counter}; the same state gives the same numbers on every machine.
namespace danlu {

/// Where random ops take their states from. Each draw moves the counter on; inside a trace the
/// counter is a Variable of the step, so that a compiled step never repeats a draw.
class SeedGenerator {
 public:
  explicit SeedGenerator(int64_t seed = 0);
  /// {seed, counter}; moves the counter by one draw.
  Array next();
  const Array& state() const { return state_; }
  void set_state(Array state) { state_ = std::move(state); }

 private:
  Array state_;
};

namespace random {

Array uniform(const Array& state, const Shape& shape, double minval = 0, double maxval = 1,
              DType dtype = DType::float32);
Array normal(const Array& state, const Shape& shape, double mean = 0, double stddev = 1,
             DType dtype = DType::float32);
/// Normal, redrawn outside two standard deviations.
Array truncated_normal(const Array& state, const Shape& shape, double mean = 0, double stddev = 1,
                       DType dtype = DType::float32);
/// True with probability `p`.
Array bernoulli(const Array& state, const Shape& shape, double p);
/// A random order of 0 … n−1, int64.
Array permutation(const Array& state, int64_t n);

}  // namespace random
}  // namespace danlu
