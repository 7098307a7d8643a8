#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/error.h"
#include "danlu/core/host_tensor.h"
#include "danlu/runtime/kernel.h"

/// For tests: one kernel, run by itself.
namespace danlu::cpu {

struct KernelResult {
  std::vector<HostTensor> outputs;
  std::optional<int64_t> fault;  ///< the value that the kernel complained about
};

/// Infers the outputs of `op`, prepares `kernel` and runs it. Outputs and scratch are full of NaN
/// patterns before, so that an element nobody writes is seen. With `alias_input`, output 0 takes
/// the memory of a copy of that input. Errors: UnsupportedError with the kernel's refusal.
inline KernelResult run_kernel(const KernelDef& kernel, const OpDef& op, const AttrsPtr& attrs,
                               const std::vector<HostTensor>& inputs, int threads = 1,
                               std::optional<int> alias_input = {}) {
  std::vector<TensorSpec> input_specs;
  for (const HostTensor& input : inputs) input_specs.push_back(input.spec());
  const auto output_specs =
      op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = input_specs});
  const KernelQuery query{.op = &op,
                          .attrs = attrs.get(),
                          .inputs = input_specs,
                          .outputs = output_specs,
                          .threads = threads,
                          .isa = cpu_isa()};
  if (const std::string refusal = kernel.refusal(query); !refusal.empty()) {
    throw UnsupportedError({.where = std::string(op.name), .what = refusal});
  }
  const std::unique_ptr<Kernel> prepared = kernel.prepare(query);

  KernelResult result;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const HostTensor& input : inputs) in.push_back(input.data());
  for (const TensorSpec& spec : output_specs) {
    HostTensor output = HostTensor::empty(spec.shape, spec.dtype);
    std::memset(output.data(), 0xff, output.bytes());
    result.outputs.push_back(output);
    out.push_back(output.data());
  }
  if (alias_input) {
    if (!prepared->may_alias(0, *alias_input)) {
      throw UnsupportedError({.where = std::string(op.name), .what = "The kernel may not alias"});
    }
    const HostTensor& input = inputs[static_cast<size_t>(*alias_input)];
    std::memcpy(out[0], input.data(), input.bytes());
    in[static_cast<size_t>(*alias_input)] = out[0];
  }
  const auto scratch = Buffer::allocate(prepared->scratch_bytes());
  std::memset(scratch->data(), 0xff, scratch->bytes());
  Status status;
  KernelArgs args{.inputs = in.data(),
                  .outputs = out.data(),
                  .scratch = static_cast<std::byte*>(scratch->data()),
                  .status = &status};
  const auto packed = testing::internal::pack(*prepared, args);
  prepared->run(args);
  if (!status.ok()) result.fault = status.value();
  return result;
}

/// `tensor` converted to another dtype, element by element.
inline HostTensor converted(const HostTensor& tensor, DType dtype) {
  HostTensor result = HostTensor::empty(tensor.shape(), dtype);
  convert_elements(tensor.data(), tensor.dtype(), result.data(), dtype,
                   static_cast<size_t>(tensor.num_elements()));
  return result;
}

/// The elements as double.
inline std::vector<double> as_doubles(const HostTensor& tensor) {
  return converted(tensor, DType::float64).to_vector<double>();
}

/// A tensor of `dtype` holding `values`.
inline HostTensor tensor_of(const std::vector<double>& values, const Shape& shape,
                            DType dtype = DType::float32) {
  return converted(HostTensor::from(values, shape), dtype);
}

}  // namespace danlu::cpu
