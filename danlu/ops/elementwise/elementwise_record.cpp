#include "danlu/ops/elementwise/elementwise_record.h"

#include <algorithm>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"

namespace danlu::elementwise {
namespace {

void require_number(const InferContext& context) {
  for (const TensorSpec& input : context.inputs) {
    if (input.dtype == DType::bool_) {
      throw DTypeError({.where = context.where(),
                        .what = "The op is not defined for bool",
                        .expected = "a floating or integer dtype",
                        .received = input.to_string(),
                        .hint = "use logical ops, or cast(x, DType::int32) first"});
    }
  }
}

void require_real(const InferContext& context) {
  for (const TensorSpec& input : context.inputs) {
    if (is_complex(input.dtype)) {
      throw DTypeError({.where = context.where(),
                        .what = "The op is not defined for complex numbers",
                        .expected = "a floating, integer or bool dtype",
                        .received = input.to_string(),
                        .hint = "take abs, real or imag first"});
    }
  }
}

void require_inexact(const InferContext& context) {
  for (const TensorSpec& input : context.inputs) {
    if (!is_inexact(input.dtype)) {
      throw DTypeError({.where = context.where(),
                        .what = "The op is defined for floating and complex dtypes only",
                        .expected = "float32, float64, float16, bfloat16 or complex64",
                        .received = input.to_string(),
                        .hint = "cast(x, DType::float32) first"});
    }
  }
}

void require_float(const InferContext& context) {
  for (const TensorSpec& input : context.inputs) {
    if (!is_floating(input.dtype)) {
      throw DTypeError({.where = context.where(),
                        .what = "The op is defined for floating dtypes only",
                        .expected = "float32, float64, float16 or bfloat16",
                        .received = input.to_string(),
                        .hint = "cast(x, DType::float32) first"});
    }
  }
}

Shape broadcast_all(const InferContext& context) {
  Shape shape = context.inputs[0].shape;
  for (const TensorSpec& input : context.inputs.subspan(1)) {
    shape = broadcast_shapes(shape, input.shape, context.where());
  }
  return shape;
}

void require_same_dtype(const InferContext& context) {
  for (const TensorSpec& input : context.inputs.subspan(1)) {
    if (input.dtype != context.inputs[0].dtype) {
      throw DTypeError({.where = context.where(),
                        .what = "The operands have different dtypes",
                        .expected = "one dtype",
                        .received = context.inputs[0].to_string() + " and " + input.to_string(),
                        .hint = "cast one of them to the dtype of the other"});
    }
  }
}

DType common_dtype(const Array& a, const Array& b) {
  if (a.is_weak() == b.is_weak()) return promote(a.dtype(), b.dtype());
  return a.is_weak() ? promote_number(b.dtype(), a.dtype()) : promote_number(a.dtype(), b.dtype());
}

OpSample sample(std::string label, std::vector<Shape> shapes, double low, double high,
                double tolerance, DType dtype = DType::float32) {
  OpSample s{.label = std::move(label), .low = low, .high = high, .tolerance = tolerance};
  for (const Shape& shape : shapes) s.inputs.push_back({shape, dtype});
  return s;
}

}  // namespace

std::vector<TensorSpec> same_as_input(const InferContext& context) { return {context.inputs[0]}; }

std::vector<TensorSpec> same_as_real_input(const InferContext& context) {
  require_real(context);
  return {context.inputs[0]};
}

std::vector<TensorSpec> same_as_number_input(const InferContext& context) {
  require_number(context);
  return same_as_real_input(context);
}

std::vector<TensorSpec> same_as_arithmetic_input(const InferContext& context) {
  require_number(context);
  return {context.inputs[0]};
}

std::vector<TensorSpec> same_as_inexact_input(const InferContext& context) {
  require_inexact(context);
  return {context.inputs[0]};
}

std::vector<TensorSpec> same_as_float_input(const InferContext& context) {
  require_float(context);
  return {context.inputs[0]};
}

std::vector<TensorSpec> bool_like_input(const InferContext& context) {
  return {{context.inputs[0].shape, DType::bool_}};
}

std::vector<TensorSpec> broadcast_same_dtype(const InferContext& context) {
  const Shape shape = broadcast_all(context);
  require_same_dtype(context);
  return {{shape, context.inputs[0].dtype}};
}

std::vector<TensorSpec> broadcast_same_real(const InferContext& context) {
  require_real(context);
  return broadcast_same_dtype(context);
}

std::vector<TensorSpec> broadcast_same_number(const InferContext& context) {
  require_number(context);
  return broadcast_same_real(context);
}

std::vector<TensorSpec> broadcast_same_arithmetic(const InferContext& context) {
  require_number(context);
  return broadcast_same_dtype(context);
}

std::vector<TensorSpec> broadcast_same_inexact(const InferContext& context) {
  require_inexact(context);
  return broadcast_same_dtype(context);
}

std::vector<TensorSpec> broadcast_same_float(const InferContext& context) {
  require_float(context);
  return broadcast_same_dtype(context);
}

std::vector<TensorSpec> broadcast_same_whole(const InferContext& context) {
  for (const TensorSpec& input : context.inputs) {
    if (is_inexact(input.dtype)) {
      throw DTypeError({.where = context.where(),
                        .what = "The op is defined for whole numbers only",
                        .expected = "an integer dtype or bool",
                        .received = input.to_string(),
                        .hint = "cast(x, DType::int32) first"});
    }
  }
  return broadcast_same_dtype(context);
}

std::vector<TensorSpec> broadcast_to_bool(const InferContext& context) {
  return {{broadcast_same_dtype(context)[0].shape, DType::bool_}};
}

std::vector<TensorSpec> broadcast_real_to_bool(const InferContext& context) {
  require_real(context);
  return broadcast_to_bool(context);
}

std::vector<OpSample> unary_samples(double low, double high, double tolerance) {
  return {sample("vector", {{37}}, low, high, tolerance),
          sample("matrix", {{5, 67}}, low, high, tolerance),
          sample("cube", {{2, 3, 5}}, low, high, tolerance),
          sample("scalar", {{}}, low, high, tolerance),
          sample("empty", {{0, 3}}, low, high, tolerance)};
}

std::vector<OpSample> binary_samples(double low, double high, double tolerance) {
  return {sample("same shape", {{7, 19}, {7, 19}}, low, high, tolerance),
          sample("row", {{5, 33}, {33}}, low, high, tolerance),
          sample("column", {{6, 21}, {6, 1}}, low, high, tolerance),
          sample("scalar right", {{4, 9}, {}}, low, high, tolerance),
          sample("scalar left", {{}, {35}}, low, high, tolerance),
          sample("middle", {{3, 1, 5}, {1, 4, 1}}, low, high, tolerance),
          sample("scalars", {{}, {}}, low, high, tolerance),
          sample("empty", {{0, 3}, {3}}, low, high, tolerance)};
}

std::vector<OpSample> with_integers(std::vector<OpSample> samples, double low, double high) {
  std::vector<Shape> shapes(samples[0].inputs.size(), Shape{5, 13});
  OpSample integers = sample("int32", shapes, low, high, 0, DType::int32);
  integers.differentiable = false;
  samples.push_back(std::move(integers));
  return samples;
}

std::vector<OpSample> with_complex(std::vector<OpSample> samples, double low, double high) {
  std::vector<Shape> shapes(samples[0].inputs.size(), Shape{4, 7});
  samples.push_back(sample("complex64", shapes, low, high, 1e-6, DType::complex64));
  return samples;
}

std::vector<OpSample> bool_samples(int num_inputs) {
  std::vector<Shape> shapes(static_cast<size_t>(num_inputs), Shape{3, 11});
  OpSample bools = sample("bool", shapes, 0, 2, 0, DType::bool_);
  bools.differentiable = false;
  return {bools};
}

std::function<double(const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec>)>
flops_per_element(double n) {
  return [n](const Attrs*, std::span<const TensorSpec>, std::span<const TensorSpec> out) {
    return n * static_cast<double>(out[0].shape.num_elements());
  };
}

std::pair<Array, Array> promoted(const Array& a, const Array& b) {
  const DType dtype = common_dtype(a, b);
  return {cast(a, dtype), cast(b, dtype)};
}

std::pair<Array, Array> promoted_number(const Array& a, const Array& b) {
  const DType dtype = common_dtype(a, b);
  const DType number = dtype == DType::bool_ ? DType::int32 : dtype;
  return {cast(a, number), cast(b, number)};
}

std::pair<Array, Array> promoted_float(const Array& a, const Array& b) {
  const DType dtype = common_dtype(a, b);
  const DType floating = is_inexact(dtype) ? dtype : DType::float32;
  return {cast(a, floating), cast(b, floating)};
}

Array as_float(const Array& x) { return is_inexact(x.dtype()) ? x : cast(x, DType::float32); }

std::pair<double, double> range_of(DType dtype) {
  if (dtype == DType::bfloat16) return {-0x1.fep127, 0x1.fep127};
  if (dtype == DType::float16) return {-65504, 65504};
  return dispatch_real(dtype, [](auto tag) -> std::pair<double, double> {
    using Limits = std::numeric_limits<decltype(tag)>;
    return {static_cast<double>(Limits::lowest()), static_cast<double>(Limits::max())};
  });
}

Array no_derivative(const GradContext&, int) { return {}; }

}  // namespace danlu::elementwise
