#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"
#include "danlu/ops/reduction.h"

namespace danlu::random {

Array categorical(const Array& state, const Array& logits, int64_t num_samples, DType dtype) {
  const Array x = elementwise::as_float(logits);
  if (x.rank() != 2 || num_samples < 0) {
    throw ShapeError(
        {.where = "categorical",
         .what = "The logits are no matrix, or the number of samples is negative",
         .expected = "logits (batch, classes) and 0 samples or more",
         .received = logits.shape().to_string() + " and " + std::to_string(num_samples)});
  }
  const int64_t batch = x.shape()[0], classes = x.shape()[1];
  if (classes == 0) {
    throw ShapeError({.where = "categorical",
                      .what = "There is no class to draw",
                      .expected = "one class or more",
                      .received = logits.shape().to_string()});
  }
  // The greatest of logits with Gumbel noise: Gumbel, "Statistical theory of extreme values"
  // (1954).
  const Array unit = uniform(state, Shape{batch, num_samples, classes}, 0, 1, DType::float64);
  const Array noise = -log(-log(maximum(unit, 1e-300)));
  const Array noisy = cast(expand_dims(x, 1), DType::float64) + noise;
  return cast(argmax(stop_gradient(noisy), -1), dtype);
}

Array dropout(const Array& state, const Array& inputs, double rate,
              const std::optional<Shape>& noise_shape) {
  if (!(rate >= 0 && rate <= 1)) {
    throw ValueError({.where = "dropout",
                      .what = "The rate is out of range",
                      .expected = "a number in [0, 1]",
                      .received = number_text(rate)});
  }
  if (rate == 0) return inputs;
  const Array x = elementwise::as_float(inputs);
  const Shape noise = noise_shape.value_or(x.shape());
  if (broadcast_shapes(noise, x.shape(), "dropout") != x.shape()) {
    throw ShapeError({.where = "dropout",
                      .what = "The noise does not fit the inputs",
                      .expected = "a shape that broadcasts to " + x.shape().to_string(),
                      .received = noise.to_string()});
  }
  const Array zero = Array::scalar(0, x.dtype());
  if (rate == 1) return x * zero;
  return where(bernoulli(state, noise, 1 - rate), x * (1 / (1 - rate)), zero);
}

Array shuffle(const Array& state, const Array& x, int64_t axis) {
  const int at = normalize_axis(axis, x.rank(), "shuffle");
  return take(x, permutation(state, x.shape()[at]), at);
}

}  // namespace danlu::random
