#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/random.h"
#include "danlu/ops/random/random_more_attrs.h"
#include "danlu/ops/random/random_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

/// Whether an integer dtype holds `value`.
bool holds(DType dtype, int64_t value) {
  return dispatch_real(dtype, [value](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(static_cast<T>(value)) == value &&
             (value < 0) == (static_cast<T>(value) < T{0});
    } else {
      return false;
    }
  });
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& [shape, dtype, low, high] = c.attrs_as<RandintAttrs>();
  if (!shape.is_known() || !is_integer(dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "Random integers need a known shape and an integer dtype",
                      .expected = "int32, say",
                      .received = shape.to_string() + " of " + std::string(name(dtype))});
  }
  if (low >= high || !holds(dtype, low) || !holds(dtype, high - 1)) {
    throw ValueError({.where = c.where(),
                      .what = "The range has no integers of this dtype",
                      .expected = "minval < maxval, both within " + std::string(name(dtype)),
                      .received = std::to_string(low) + " and " + std::to_string(high)});
  }
  return {{random_record::drawn_shape(c, shape), dtype}};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, DType dtype, int64_t low, int64_t high) {
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{2}, DType::int64}},
                    .attrs = make_attrs(RandintAttrs{shape, dtype, low, high}),
                    .differentiable = false,
                    .fill = random_record::fill_state};
  };
  return {sample("matrix", {5, 7}, DType::int32, -3, 9),
          sample("uint8", {100}, DType::uint8, 0, 256),
          sample("int64", {1023}, DType::int64, -5'000'000'000, 5'000'000'000),
          sample("one value", {6}, DType::int32, 4, 5),
          sample("none", {0}, DType::int32, 0, 2),
          random_record::with_states(sample("matrix", {5, 7}, DType::int32, -3, 9))};
}

}  // namespace

const OpDef& random_randint_op() {
  static const OpDef op{
      .name = "random_randint",
      .infer = infer,
      .batch = batching::leading_axes,
      .flops =
          [](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
            return 20.0 * static_cast<double>(out[0].shape.num_elements());
          },
      .random = true,
      .samples = samples,
      .doc =
          "Integers of [low, high), each with the same probability to within 2^-64 (high − low).",
  };
  return op;
}

Array random::randint(const Array& state, const Shape& shape, int64_t minval, int64_t maxval,
                      DType dtype) {
  return make_op(random_randint_op(), {state},
                 make_attrs(RandintAttrs{shape, dtype, minval, maxval}));
}

}  // namespace danlu
