// Tile programs against the same formula as one loop that the compiler vectorizes for this CPU.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <random>

#include "bench/benchmarks.h"
#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/core/buffer.h"

#define DANLU_FASTEST                                                          \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), \
                 optimize("O3", "vect-cost-model=dynamic")))

namespace danlu::cpu::simd {
namespace {

using Space = TileAttrs::Space;
constexpr TileInput kFull{};
constexpr TileInput kScalar{.access = TileAccess::scalar};
constexpr TileInput kRow{.access = TileAccess::row};

/// A kernel with operands of random numbers.
class Setup {
 public:
  Setup(const TileProgram& program, const std::vector<Space>& spaces, int threads)
      : kernel_(make_tile_kernel(program, spaces, threads, cpu_isa(), TileCode::generated)),
        scratch_(Buffer::allocate(kernel_->scratch_bytes())) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(0.1f, 1.0f);
    for (const Space& space : spaces) {
      for (const TileInput& input : program.inputs) {
        const int64_t n = input.access == TileAccess::scalar ? 1
                          : input.access == TileAccess::row  ? space.inner
                                                             : space.outer * space.inner;
        float* data = allocate(n);
        for (int64_t i = 0; i < n; ++i) data[i] = uniform(random);
        in_.push_back(data);
      }
      for (size_t o = 0; o < program.outputs.size(); ++o) {
        out_.push_back(allocate(space.outer * space.inner));
      }
    }
  }

  void run() {
    kernel_->run({in_.data(), out_.data(), static_cast<std::byte*>(scratch_->data()), &status_, 0});
  }
  const float* in(size_t i) const { return static_cast<const float*>(in_[i]); }
  float* out(size_t i) const { return static_cast<float*>(out_[i]); }

 private:
  float* allocate(int64_t n) {
    buffers_.push_back(Buffer::allocate(static_cast<size_t>(n) * sizeof(float)));
    return static_cast<float*>(buffers_.back()->data());
  }

  std::unique_ptr<Kernel> kernel_;
  std::shared_ptr<Buffer> scratch_;
  std::vector<std::shared_ptr<Buffer>> buffers_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
  Status status_;
};

/// Adam with its bias correction in the learning rate. Inputs: parameter, gradient, two moments,
/// then β1, 1 − β1, β2, 1 − β2, learning rate, ε.
TileProgram adam() {
  TileProgram p;
  p.inputs = {kFull, kFull, kFull, kFull, kScalar, kScalar, kScalar, kScalar, kScalar, kScalar};
  p.code = {{TileOp::mul, 1, 5},  {TileOp::fma, 2, 4, 10},  // first moment: 11
            {TileOp::mul, 1, 1},  {TileOp::mul, 12, 7},    {TileOp::fma, 3, 6, 13},  // second: 14
            {TileOp::sqrt, 14},   {TileOp::add, 15, 9},    {TileOp::div, 11, 16},
            {TileOp::mul, 17, 8}, {TileOp::sub, 0, 18}};
  p.outputs = {{DType::float32, TileStore::full, 11},
               {DType::float32, TileStore::full, 14},
               {DType::float32, TileStore::full, 19}};
  return p;
}

// The parameters of a small convolutional network, 225,034 in all.
const std::vector<Space> kNetwork = {{1, 288},    {1, 32},  {1, 18432}, {1, 64},
                                     {1, 204800}, {1, 128}, {1, 1280},  {1, 10}};

DANLU_FASTEST void adam_loop(const float* __restrict p, const float* __restrict g,
                             const float* __restrict m, const float* __restrict v,
                             const float* const* s, float* __restrict m2, float* __restrict v2,
                             float* __restrict p2, int64_t n) {
  const float b1 = *s[0], c1 = *s[1], b2 = *s[2], c2 = *s[3], rate = *s[4], epsilon = *s[5];
  for (int64_t i = 0; i < n; ++i) {
    const float first = b1 * m[i] + c1 * g[i];
    const float second = b2 * v[i] + c2 * (g[i] * g[i]);
    m2[i] = first;
    v2[i] = second;
    p2[i] = p[i] - rate * (first / (std::sqrt(second) + epsilon));
  }
}

void Adam(benchmark::State& state) {
  Setup setup(adam(), kNetwork, static_cast<int>(state.range(0)));
  for (auto _ : state) setup.run();
  state.SetItemsProcessed(state.iterations() * 225034);
}

void AdamLoop(benchmark::State& state) {
  Setup setup(adam(), kNetwork, 1);
  for (auto _ : state) {
    for (size_t s = 0; s < kNetwork.size(); ++s) {
      const float* scalars[6];
      for (size_t i = 0; i < 6; ++i) scalars[i] = setup.in(10 * s + 4 + i);
      adam_loop(setup.in(10 * s), setup.in(10 * s + 1), setup.in(10 * s + 2), setup.in(10 * s + 3),
                scalars, setup.out(3 * s), setup.out(3 * s + 1), setup.out(3 * s + 2),
                kNetwork[s].inner);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * 225034);
}

TileProgram bias_relu() {
  TileProgram p;
  p.inputs = {kFull, kRow};
  p.code = {{TileOp::add, 0, 1}, {TileOp::relu, 2}};
  p.outputs = {{DType::float32, TileStore::full, 3}};
  return p;
}

DANLU_FASTEST void bias_relu_loop(const float* __restrict x, const float* __restrict b,
                                  float* __restrict y, int64_t rows, int64_t inner) {
  for (int64_t r = 0; r < rows; ++r, x += inner, y += inner) {
    for (int64_t j = 0; j < inner; ++j) {
      const float sum = x[j] + b[j];
      y[j] = sum < 0 ? 0 : sum;
    }
  }
}

void BiasRelu(benchmark::State& state) {
  Setup setup(bias_relu(), {{state.range(0), 32}}, 1);
  for (auto _ : state) setup.run();
  state.SetItemsProcessed(state.iterations() * state.range(0) * 32);
}

void BiasReluLoop(benchmark::State& state) {
  Setup setup(bias_relu(), {{state.range(0), 32}}, 1);
  for (auto _ : state) {
    bias_relu_loop(setup.in(0), setup.in(1), setup.out(0), state.range(0), 32);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 32);
}

/// g · s · (1 − s) with s = sigmoid(a·x + b).
TileProgram sigmoid_chain() {
  TileProgram p;
  p.inputs = {kFull, kFull, kScalar, kScalar, kScalar};
  p.code = {{TileOp::fma, 0, 2, 3},
            {TileOp::sigmoid, 5},
            {TileOp::sub, 4, 6},
            {TileOp::mul, 6, 7},
            {TileOp::mul, 1, 8}};
  p.outputs = {{DType::float32, TileStore::full, 9}};
  return p;
}

void SigmoidChain(benchmark::State& state) {
  Setup setup(sigmoid_chain(), {{1, state.range(0)}}, 1);
  for (auto _ : state) setup.run();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// The activation of a layer of the xor network: what a run costs apart from its arithmetic.
void TinyProgram(benchmark::State& state) {
  TileProgram p;
  p.inputs = {kFull, kRow, kScalar};
  p.code = {{TileOp::add, 0, 1},
            {TileOp::mul, 3, 2},
            {TileOp::mul, 4, 4},
            {TileOp::sub, 2, 5},
            {TileOp::mul, 6, 3}};
  p.outputs = {{DType::float32, TileStore::full, 7}};
  Setup setup(p, {{4, 8}}, 1);
  for (auto _ : state) setup.run();
}

}  // namespace
}  // namespace danlu::cpu::simd

namespace danlu::bench {

void register_tiles() {
  using namespace cpu::simd;
  benchmark::RegisterBenchmark("tile/adam_225034/threads", Adam)->Arg(1)->Arg(2)->UseRealTime();
  benchmark::RegisterBenchmark("tile/adam_225034/one_loop", AdamLoop)->UseRealTime();
  for (const int64_t rows : {64, 4096, 50176}) {
    benchmark::RegisterBenchmark("tile/bias_relu_x32", BiasRelu)->Arg(rows);
    benchmark::RegisterBenchmark("tile/bias_relu_x32/one_loop", BiasReluLoop)->Arg(rows);
  }
  for (const int64_t n : {8, 64, 4096, 262144}) {
    benchmark::RegisterBenchmark("tile/sigmoid_chain", SigmoidChain)->Arg(n);
  }
  benchmark::RegisterBenchmark("tile/five_instructions_32", TinyProgram);
}

}  // namespace danlu::bench
