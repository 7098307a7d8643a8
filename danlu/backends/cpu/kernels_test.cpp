// Every kernel of the ops of this family against the float64 reference.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/thread.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::refusal;
using testing::relative_error;
using testing::run;

const std::vector<const OpDef*>& ops() {
  static const std::vector<const OpDef*> list = {
      &matmul_op(),
      &fused_matmul_op(),
      &conv2d_op(),
      &fused_conv2d_op(),
      &conv2d_backward_input_op(),
      &conv2d_backward_kernel_op(),
      &max_pool2d_op(),
      &max_pool2d_backward_op(),
      &max_pool2d_gather_op(),
      &average_pool2d_op(),
      &average_pool2d_backward_op(),
      &conv2d_pool_op(),
      &conv2d_pool_backward_kernel_op(),
      &conv2d_pool_backward_input_op(),
  };
  return list;
}

// The outputs of a kernel must be those of ref, also where they are NaN.
void compare(const Call& call, std::string_view kernel, int threads, double tolerance) {
  SCOPED_TRACE(std::string(kernel) + " on " + std::to_string(threads) + " threads");
  const auto expected = run(call.with_float(DType::float64), "ref");
  const auto received = run(call, kernel, threads);
  ASSERT_EQ(received.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LE(relative_error(received[i], expected[i]), std::max(tolerance, 1e-7))
        << "output " << i;
  }
}

// Kernels may multiply what is not finite with the zeros around an image; the reference leaves
// these products out. Nothing may get lost, though.
void compare_around_padding(const Call& call, std::string_view kernel, int threads) {
  const auto expected = run(call.with_float(DType::float64), "ref")[0];
  const auto received = run(call, kernel, threads)[0];
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(std::isfinite(expected[i]) || !std::isfinite(received[i])) << kernel << ", " << i;
  }
}

template <class Body>
void for_each_kernel(Body body) {
  for (const OpDef* op : ops()) {
    for (const OpSample& sample : op->samples()) {
      SCOPED_TRACE(std::string(op->name) + ", " + sample.label);
      for (const KernelDef& kernel : cpu_kernels(*op)) {
        const Call call = make_call(*op, sample);
        for (const int threads : {1, 2}) {
          if (refusal(call, kernel.name, threads).empty()) {
            body(call, kernel.name, threads, sample);
          }
        }
      }
    }
  }
}

TEST(Kernels, AgreeWithTheReference) {
  for_each_kernel([](const Call& call, std::string_view kernel, int threads,
                     const OpSample& sample) { compare(call, kernel, threads, sample.tolerance); });
}

// Also where a product with 0 is NaN: in the gradients of pooled images, most of which are 0.
TEST(Kernels, KeepNaNsAndInfinitiesWhereTheReferenceHasThem) {
  for_each_kernel([](Call call, std::string_view kernel, int threads, const OpSample& sample) {
    // Saturated activations are equal in float32 and differ in float64, so positions differ.
    const bool saturates = sample.label == "tanh";
    const bool pads = sample.label.find("same") != std::string::npos;
    // Before AVX2 oneDNN fills blocks of channels up with zeros, which meet what is not finite.
    const bool fills_up = kernel == "onednn" && cpu_isa() == Isa::baseline;
    if (kernel == "ref" || saturates) return;
    for (size_t i = 0; i < call.values.size(); ++i) {
      auto& values = call.values[i];
      if (!is_floating(call.inputs[i].dtype) || values.empty()) continue;
      for (const size_t at : {size_t{0}, values.size() / 2, values.size() - 1}) {
        for (const double special : {std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity(), 0.0}) {
          const double saved = std::exchange(values[at], special);
          if ((pads && i > 0) || fills_up) {
            compare_around_padding(call, kernel, threads);
          } else {
            compare(call, kernel, threads, sample.tolerance);
          }
          values[at] = saved;
        }
      }
    }
  });
}

// A primitive that was made for more threads than it gets would leave parts unwritten, NaN here.
TEST(Kernels, AreWholeInsideAParallelRegionAndOnOtherThreads) {
  for_each_kernel([](const Call& call, std::string_view kernel, int threads, const OpSample&) {
    if (threads != 2) return;
    const auto expected = run(call, kernel, threads);
    std::array<std::vector<std::vector<double>>, 2> received;
    parallel_chunks(2,
                    [&](int i) { received[static_cast<size_t>(i)] = run(call, kernel, threads); });
    EXPECT_EQ(received[0], expected) << kernel;
    EXPECT_EQ(received[1], expected) << kernel;
    std::thread other([&] { received[0] = run(call, kernel, threads); });
    received[1] = run(call, kernel, threads);
    other.join();
    EXPECT_EQ(received[0], expected) << kernel;
    EXPECT_EQ(received[1], expected) << kernel;
  });
}

TEST(Kernels, RepeatBitForBit) {
  for_each_kernel([](const Call& call, std::string_view kernel, int threads, const OpSample&) {
    EXPECT_EQ(run(call, kernel, threads), run(call, kernel, threads)) << kernel;
  });
}

}  // namespace
}  // namespace danlu::cpu
