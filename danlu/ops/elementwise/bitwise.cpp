#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

OpDef binary_record(std::string_view name, std::string_view doc, double high = 9) {
  return {
      .name = name,
      .num_inputs = 2,
      .infer = elementwise::broadcast_same_whole,
      .derivative = elementwise::no_derivative,
      .batch = batching::elementwise,
      .samples =
          [high] {
            std::vector<OpSample> samples;
            for (OpSample& sample : elementwise::binary_samples(0, high)) {
              for (TensorSpec& input : sample.inputs) input.dtype = DType::int32;
              sample.differentiable = false;
              samples.push_back(std::move(sample));
            }
            return samples;
          },
      .doc = doc,
  };
}

Array binary(const OpDef& op, const Array& a, const Array& b) {
  const auto [x, y] = elementwise::promoted(a, b);
  return make_op(op, {x, y});
}

}  // namespace

const OpDef& bitwise_and_op() {
  static const OpDef op = binary_record("bitwise_and", "The bits that both have.", 99);
  return op;
}
Array bitwise_and(const Array& x, const Array& y) { return binary(bitwise_and_op(), x, y); }

const OpDef& bitwise_or_op() {
  static const OpDef op = binary_record("bitwise_or", "The bits that either has.", 99);
  return op;
}
Array bitwise_or(const Array& x, const Array& y) { return binary(bitwise_or_op(), x, y); }

const OpDef& bitwise_xor_op() {
  static const OpDef op = binary_record("bitwise_xor", "The bits that only one has.", 99);
  return op;
}
Array bitwise_xor(const Array& x, const Array& y) { return binary(bitwise_xor_op(), x, y); }

Array bitwise_not(const Array& x) {
  const double greatest = elementwise::range_of(x.dtype()).second;
  const bool is_signed = is_integer(x.dtype()) && !is_unsigned(x.dtype());
  return bitwise_xor(x, Array::scalar(is_signed ? -1 : greatest, x.dtype()));
}

const OpDef& left_shift_op() {
  static const OpDef op = binary_record(
      "left_shift", "a · 2^b without the bits beyond the dtype; 0 for b outside [0, 64).");
  return op;
}
Array left_shift(const Array& x, const Array& y) { return binary(left_shift_op(), x, y); }

const OpDef& right_shift_op() {
  static const OpDef op =
      binary_record("right_shift", "a / 2^b, rounded down; for b outside [0, 64) as for 63.");
  return op;
}
Array right_shift(const Array& x, const Array& y) { return binary(right_shift_op(), x, y); }

const OpDef& gcd_op() {
  static const OpDef op = binary_record("gcd", "The greatest common divisor of |a| and |b|.", 60);
  return op;
}
Array gcd(const Array& x, const Array& y) { return binary(gcd_op(), x, y); }

Array lcm(const Array& x, const Array& y) {
  const auto [a, b] = elementwise::promoted(x, y);
  const Array divisor = gcd(a, b);
  return abs(floor_divide(a, maximum(divisor, 1)) * b);
}

}  // namespace danlu
