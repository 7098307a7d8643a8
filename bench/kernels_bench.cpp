// The kernels of the course's CNN, one at a time: batch 64, float32, on as many threads as plans
// may use. Each line gives the time of a run and its rate.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/benchmarks.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/thread.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using testing::Call;

constexpr int64_t kBatch = 64;

/// A prepared kernel with its memory.
class Bound {
 public:
  Bound(const OpDef& op, AttrsPtr attrs, std::vector<TensorSpec> inputs, std::string_view kernel,
        int threads) {
    const OpSample sample{.label = "bench",
                          .inputs = std::move(inputs),
                          .attrs = std::move(attrs),
                          .fill = [](int, std::span<double>) {}};
    call_ = testing::make_call(op, sample);
    outputs_ = call_.outputs();
    for (size_t i = 0; i < call_.inputs.size(); ++i) {
      if (call_.inputs[i].dtype == DType::uint8) {
        for (size_t j = 0; j < call_.values[i].size(); ++j) {
          call_.values[i][j] = static_cast<double>((j * 2654435761u >> 7) % 4);
        }
      }
      buffers_.push_back(testing::internal::encode(call_.values[i], call_.inputs[i].dtype));
      in_.push_back(buffers_.back()->data());
    }
    for (const TensorSpec& spec : outputs_) {
      buffers_.push_back(testing::internal::poisoned(spec.bytes()));
      out_.push_back(buffers_.back()->data());
    }
    const auto query = call_.query(outputs_, threads);
    for (const KernelDef& def : cpu_kernels(op)) {
      if ((kernel.empty() && def.refusal(query).empty()) || def.name == kernel) {
        kernel_ = def.prepare(query);
        name_ = def.name;
        break;
      }
    }
    scratch_ = testing::internal::poisoned(kernel_->scratch_bytes());
    args_ = {.inputs = in_.data(),
             .outputs = out_.data(),
             .scratch = static_cast<std::byte*>(scratch_->data()),
             .status = &status_};
    packed_ = testing::internal::pack(*kernel_, args_);
    flops_ = op.flops ? op.flops(call_.attrs.get(), call_.inputs, outputs_)
                      : static_cast<double>(outputs_[0].shape.num_elements());
  }

  void run() const { kernel_->run(args_); }
  double flops() const { return flops_; }
  std::string_view name() const { return name_; }

 private:
  Call call_;
  std::vector<TensorSpec> outputs_;
  std::vector<std::shared_ptr<Buffer>> buffers_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
  std::unique_ptr<Kernel> kernel_;
  std::shared_ptr<Buffer> scratch_, packed_;
  std::string_view name_;
  Status status_;
  KernelArgs args_;
  double flops_ = 0;
};

void measure(benchmark::State& state, const Bound& bound) {
  for (auto _ : state) bound.run();
  state.SetLabel(std::string(bound.name()));
  state.counters["GFLOPS"] =
      benchmark::Counter(bound.flops() * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void add(const std::string& name, const OpDef& op, AttrsPtr attrs, std::vector<TensorSpec> inputs,
         int threads) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [&op, attrs, inputs, threads](benchmark::State& state) {
                                 const Bound bound(op, attrs, inputs, "", threads);
                                 measure(state, bound);
                               })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

/// A convolution with 3 × 3 kernel, ReLU and 2 × 2 pooling, forward and backward, fused and not.
void add_convolution(const std::string& name, int64_t side, int64_t channels, int64_t filters,
                     int threads) {
  const DType f = DType::float32;
  const TensorSpec x{{kBatch, side, side, channels}, f}, kernel{{3, 3, channels, filters}, f};
  const TensorSpec bias{Shape{filters}, f}, y{{kBatch, side - 2, side - 2, filters}, f};
  const TensorSpec pooled{{kBatch, (side - 2) / 2, (side - 2) / 2, filters}, f};
  const TensorSpec index{pooled.shape, DType::uint8};
  const auto activation = FusedActivation::relu;
  const Pool2DAttrs to_image{.result = y.shape};
  add(name + "/forward", fused_conv2d_op(), make_attrs(FusedConv2DAttrs{{}, activation}),
      {x, kernel, bias}, threads);
  add(name + "/backward_input", conv2d_backward_input_op(),
      make_attrs(Conv2DAttrs{.result = x.shape}), {y, kernel}, threads);
  add(name + "/backward_kernel", conv2d_backward_kernel_op(),
      make_attrs(Conv2DAttrs{.result = kernel.shape}), {x, y}, threads);
  add(name + "/pool", max_pool2d_op(), make_attrs(Pool2DAttrs{}), {y}, threads);
  add(name + "/pool_backward", max_pool2d_backward_op(), make_attrs(to_image), {pooled, index},
      threads);
  add(name + "/fused_forward", conv2d_pool_op(), make_attrs(Conv2DPoolAttrs{{}, {}, activation}),
      {x, kernel, bias}, threads);
  add(name + "/fused_backward_input", conv2d_pool_backward_input_op(),
      make_attrs(Conv2DPoolAttrs{{.result = x.shape}, to_image, activation}),
      {pooled, index, kernel}, threads);
  add(name + "/fused_backward_kernel", conv2d_pool_backward_kernel_op(),
      make_attrs(Conv2DPoolAttrs{{.result = kernel.shape}, to_image, activation}),
      {x, pooled, index}, threads);
}

void add_matmul(const std::string& name, Shape a, Shape b, MatmulAttrs attrs, int threads) {
  add(name, matmul_op(), make_attrs(attrs), {{a, DType::float32}, {b, DType::float32}}, threads);
}

void add_all() {
  for (const int threads : {1, effective_threads()}) {
    const std::string suffix = "/threads:" + std::to_string(threads);
    add_convolution("conv1" + suffix, 28, 1, 32, threads);
    add_convolution("conv2" + suffix, 13, 32, 64, threads);
    add_matmul("dense" + suffix + "/forward", {kBatch, 1600}, {1600, 10}, {}, threads);
    add_matmul("dense" + suffix + "/backward_input", {kBatch, 10}, {1600, 10}, {false, true},
               threads);
    add_matmul("dense" + suffix + "/backward_kernel", {kBatch, 1600}, {kBatch, 10}, {true, false},
               threads);
    if (effective_threads() == 1) break;
  }
  add_matmul("xor/forward", {4, 2}, {2, 8}, {}, 1);
  add_matmul("square512", {512, 512}, {512, 512}, {}, effective_threads());
}

}  // namespace
}  // namespace danlu::cpu

void danlu::bench::register_kernels() { cpu::add_all(); }
