#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/philox.h"
#include "danlu/runtime/kernel.h"

/// For tests and benchmarks of kernels: prepare and run one without a compiler.
namespace danlu::cpu::testing {

/// One call of an op with numbers for its inputs.
struct Call {
  const OpDef* op = nullptr;
  AttrsPtr attrs;
  std::vector<TensorSpec> inputs;
  /// One per input; of complex numbers the real and the imaginary parts in turn.
  std::vector<std::vector<double>> values;

  std::vector<TensorSpec> outputs() const;
  KernelQuery query(std::span<const TensorSpec> output_specs, int threads) const;
  /// The same call with float32 replaced by `dtype`.
  Call with_float(DType dtype) const;
};

namespace internal {

inline std::shared_ptr<Buffer> poisoned(size_t bytes) {
  auto buffer = Buffer::allocate(bytes);
  std::memset(buffer->data(), 0xff, bytes);
  return buffer;
}

/// Numbers that say what `spec` holds: one per element, two if it is complex.
inline size_t count_numbers(const TensorSpec& spec) {
  return static_cast<size_t>(spec.shape.num_elements()) * (is_complex(spec.dtype) ? 2 : 1);
}

inline std::shared_ptr<Buffer> encode(const std::vector<double>& values, DType dtype) {
  const DType part = is_complex(dtype) ? DType::float32 : dtype;
  auto buffer = Buffer::allocate(values.size() * size_of(part));
  convert_elements(values.data(), DType::float64, buffer->data(), part, values.size());
  return buffer;
}

/// Makes the packed input that the kernel wants, if it wants one; the caller keeps the memory.
inline std::shared_ptr<Buffer> pack(const Kernel& kernel, KernelArgs& args) {
  const int input = kernel.packed_input();
  if (input < 0) return nullptr;
  auto packed = poisoned(kernel.packed_bytes());
  auto* bytes = static_cast<std::byte*>(packed->data());
  kernel.pack(args.inputs[input], bytes, args.scratch);
  args.packed = bytes;
  return packed;
}

inline std::vector<double> decode(const Buffer& buffer, const TensorSpec& spec) {
  std::vector<double> values(count_numbers(spec));
  const DType part = is_complex(spec.dtype) ? DType::float32 : spec.dtype;
  convert_elements(buffer.data(), part, values.data(), DType::float64, values.size());
  return values;
}

}  // namespace internal

inline std::vector<TensorSpec> Call::outputs() const {
  return op->infer({.op_name = op->name, .attrs = attrs.get(), .inputs = inputs});
}

inline KernelQuery Call::query(std::span<const TensorSpec> output_specs, int threads) const {
  return {.op = op,
          .attrs = attrs.get(),
          .inputs = inputs,
          .outputs = output_specs,
          .threads = threads,
          .isa = cpu_isa()};
}

inline Call Call::with_float(DType dtype) const {
  Call call = *this;
  for (TensorSpec& spec : call.inputs) {
    if (spec.dtype == DType::float32) spec.dtype = dtype;
  }
  return call;
}

/// The call of `sample`, with numbers drawn from its range by `seed`.
inline Call make_call(const OpDef& op, const OpSample& sample, uint64_t seed = 1) {
  Call call{.op = &op, .attrs = sample.attrs, .inputs = sample.inputs};
  PhiloxStream random(seed);
  for (size_t i = 0; i < sample.inputs.size(); ++i) {
    const TensorSpec& spec = sample.inputs[i];
    std::vector<double> values(internal::count_numbers(spec));
    for (double& x : values) {
      x = sample.low + (sample.high - sample.low) * random.uniform();
      // What float32 holds, so that kernels of any precision see the same numbers.
      x = is_inexact(spec.dtype) ? static_cast<double>(static_cast<float>(x)) : std::floor(x);
    }
    if (sample.fill) sample.fill(static_cast<int>(i), values);
    call.values.push_back(std::move(values));
  }
  return call;
}

inline const KernelDef& find_kernel(const OpDef& op, std::string_view name) {
  for (const KernelDef& kernel : cpu_kernels(op)) {
    if (kernel.name == name) return kernel;
  }
  throw ValueError({.where = std::string(op.name),
                    .what = "The op has no kernel of this name",
                    .received = "'" + std::string(name) + "'"});
}

/// Why the kernel called `name` refuses, or "".
inline std::string refusal(const Call& call, std::string_view name, int threads = 1,
                           Isa isa = cpu_isa()) {
  const auto outputs = call.outputs();
  KernelQuery query = call.query(outputs, threads);
  query.isa = isa;
  return find_kernel(*call.op, name).refusal(query);
}

/// Outputs of the kernel called `name`, as numbers. Outputs and scratch are full of NaN before.
/// Errors: StateError if the kernel writes behind its scratch.
inline std::vector<std::vector<double>> run(const Call& call, std::string_view name,
                                            int threads = 1, Isa isa = cpu_isa()) {
  const auto specs = call.outputs();
  KernelQuery query = call.query(specs, threads);
  query.isa = isa;
  const auto kernel = find_kernel(*call.op, name).prepare(query);
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    buffers.push_back(internal::encode(call.values[i], call.inputs[i].dtype));
    inputs.push_back(buffers.back()->data());
  }
  for (const TensorSpec& spec : specs) {
    buffers.push_back(internal::poisoned(spec.bytes()));
    outputs.push_back(buffers.back()->data());
  }
  constexpr size_t kGuardBytes = 4096;
  const auto scratch = internal::poisoned(kernel->scratch_bytes() + kGuardBytes);
  Status status;
  KernelArgs args{.inputs = inputs.data(),
                  .outputs = outputs.data(),
                  .scratch = static_cast<std::byte*>(scratch->data()),
                  .status = &status};
  const auto packed = internal::pack(*kernel, args);
  kernel->run(args);
  const std::byte* guard = args.scratch + kernel->scratch_bytes();
  if (std::count(guard, guard + kGuardBytes, std::byte{0xff}) != kGuardBytes) {
    throw StateError({.where = std::string(call.op->name),
                      .what = "The kernel '" + std::string(name) + "' writes behind its scratch",
                      .expected = std::to_string(kernel->scratch_bytes()) + " bytes to be enough"});
  }
  std::vector<std::vector<double>> results;
  for (size_t i = 0; i < specs.size(); ++i) {
    results.push_back(internal::decode(*buffers[call.inputs.size() + i], specs[i]));
  }
  return results;
}

/// ‖a − b‖ / ‖b‖; 0 when both are empty or equal element by element (NaN equals NaN); infinity
/// when one has a NaN or an infinity where the other has not.
inline double relative_error(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) {
      if (std::isfinite(b[i])) norm += b[i] * b[i];
      continue;
    }
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      return std::numeric_limits<double>::infinity();
    }
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  if (difference == 0) return 0;
  return norm == 0 ? std::numeric_limits<double>::infinity() : std::sqrt(difference / norm);
}

/// Σ a·b.
inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace danlu::cpu::testing
