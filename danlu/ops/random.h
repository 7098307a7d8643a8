#pragma once

#include <optional>

#include "danlu/core/array.h"

/// Random numbers from Philox 4x32-10 (Salmon et al. 2011). The state is an int64 Array of shape
/// (2,): {seed, counter}; the same state gives the same numbers on every machine. Mapped over a
/// batch of states (`vmap`), every draw is that of its own state.
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
/// Integers of [minval, maxval). Errors: ValueError for an empty range or one beyond the dtype.
Array randint(const Array& state, const Shape& shape, int64_t minval, int64_t maxval,
              DType dtype = DType::int32);
/// Gamma variates with shape parameter `alpha`, which broadcasts to `shape`, and scale 1; NaN
/// unless alpha > 0. No gradient passes.
Array gamma(const Array& state, const Shape& shape, const Array& alpha,
            DType dtype = DType::float32);
/// Beta variates; NaN unless both parameters, which broadcast to `shape`, are positive. No gradient
/// passes.
Array beta(const Array& state, const Shape& shape, const Array& alpha, const Array& beta,
           DType dtype = DType::float32);
/// How many of `counts` trials succeed, each with its probability; both broadcast to `shape`. NaN
/// for a negative count or a probability outside [0, 1].
Array binomial(const Array& state, const Shape& shape, const Array& counts,
               const Array& probabilities, DType dtype = DType::float32);
/// Classes, drawn with probabilities softmax(logits). Shapes: (batch, classes) →
/// (batch, num_samples).
Array categorical(const Array& state, const Array& logits, int64_t num_samples,
                  DType dtype = DType::int32);
/// `inputs`/(1 − rate), of which each element is 0 with probability `rate`; one draw serves the
/// elements that `noise_shape` broadcasts to. Integers become float32.
Array dropout(const Array& state, const Array& inputs, double rate,
              const std::optional<Shape>& noise_shape = {});
/// `x` with the parts along `axis` in random order.
Array shuffle(const Array& state, const Array& x, int64_t axis = 0);

}  // namespace random
}  // namespace danlu
