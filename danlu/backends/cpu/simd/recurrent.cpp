#include "danlu/backends/cpu/simd/recurrent.h"

#include <algorithm>

#include "danlu/backends/cpu/recurrent_geometry.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

class RecurrentKernel : public Kernel {
 public:
  /// `kernel`: which input the recurrent kernel is. `first_gates`: of the first input.
  RecurrentKernel(const KernelQuery& q, int first_gates, int gates, int kernel, int optional)
      : g_(q, first_gates, optional),
        gates_(gates),
        kernel_(kernel),
        loops_(recurrent_loops(q.isa)),
        stride_((g_.units + loops_.lanes - 1) / loops_.lanes * loops_.lanes),
        threads_(static_cast<int>(std::clamp<int64_t>(g_.batch, 1, q.threads))) {}

  int threads() const override { return threads_; }
  int packed_input() const override { return kernel_; }
  size_t packed_bytes() const override {
    return sizeof(float) * static_cast<size_t>(stride_ * gates_ * g_.units);
  }
  size_t scratch_bytes() const override {
    return sizeof(float) * static_cast<size_t>(kStates * state_floats() * threads_);
  }

  void run(const KernelArgs& args) const override {
    if (g_.batch == 0) return;
    parallel_chunks(threads_, [&](int chunk) {
      const Range rows = chunk_range(g_.batch, threads_, chunk);
      run_rows(args, rows.begin, rows.end - rows.begin,
               reinterpret_cast<float*>(args.scratch) + chunk * kStates * state_floats());
    });
  }

 protected:
  static constexpr int64_t kStates = 3;

  virtual void run_rows(const KernelArgs& args, int64_t first, int64_t count,
                        float* states) const = 0;

  /// Of the states of a chunk's rows, in whole lines of the cache.
  int64_t state_floats() const {
    return ((g_.batch + threads_ - 1) / threads_ * stride_ + 15) / 16 * 16;
  }
  /// Rows of the batch into scratch; zeros behind the last unit.
  void load_states(const float* from, int64_t count, float* to) const {
    std::fill_n(to, count * stride_, 0.0f);
    for (int64_t r = 0; r < count; ++r) {
      std::copy_n(from + r * g_.units, g_.units, to + r * stride_);
    }
  }
  void store_states(const float* from, int64_t count, float* to) const {
    for (int64_t r = 0; r < count; ++r) {
      std::copy_n(from + r * stride_, g_.units, to + r * g_.units);
    }
  }
  const uint8_t* mask(const KernelArgs& args, int64_t row) const {
    return g_.mask < 0 ? nullptr : args.in<uint8_t>(g_.mask) + row;
  }

  RecurrentGeometry g_;
  int64_t gates_;
  int kernel_;
  RecurrentLoops loops_;
  int64_t stride_;
  int threads_;
};

/// lstm: projected inputs, states, cell states, kernel → states, cell states, gates.
/// gru: projected inputs, states, kernel, bias → states, gates.
template <bool kLstm>
class ForwardKernel final : public RecurrentKernel {
 public:
  explicit ForwardKernel(const KernelQuery& q)
      : RecurrentKernel(q, kLstm ? 4 : 3, kLstm ? 4 : 3, kLstm ? 3 : 2, 4) {}

  /// Each gate is read before its place is written.
  bool may_alias(int output, int input) const override {
    return kLstm && output == 2 && input == 0;
  }

  /// For each vector of units: by row of the kernel, a vector per gate.
  void pack(const void* input, std::byte* packed, std::byte*) const override {
    const auto* from = static_cast<const float*>(input);
    auto* to = reinterpret_cast<float*>(packed);
    for (int64_t unit = 0; unit < stride_; unit += loops_.lanes) {
      for (int64_t p = 0; p < g_.units; ++p) {
        for (int64_t gate = 0; gate < gates_; ++gate) {
          for (int64_t u = unit; u < unit + loops_.lanes; ++u) {
            *to++ = u < g_.units ? from[(p * gates_ + gate) * g_.units + u] : 0;
          }
        }
      }
    }
  }

 private:
  void run_rows(const KernelArgs& args, int64_t first, int64_t count,
                float* states) const override {
    float *before = states, *after = before + state_floats(), *cells = after + state_floats();
    load_states(args.in<float>(1) + first * g_.units, count, before);
    if (kLstm) load_states(args.in<float>(2) + first * g_.units, count, cells);
    for (int64_t t = 0; t < g_.time; ++t, std::swap(before, after)) {
      const int64_t row = g_.row(first, t);
      RecurrentStep s{.rows = count,
                      .units = g_.units,
                      .time = g_.time,
                      .stride = stride_,
                      .weights = reinterpret_cast<const float*>(args.packed),
                      .mask = mask(args, row),
                      .input = args.in<float>(0) + row * gates_ * g_.units,
                      .gates = args.out<float>(kLstm ? 2 : 1) + row * 4 * g_.units,
                      .before = before,
                      .after = after,
                      .cells = cells,
                      .states_out = args.out<float>(0) + row * g_.units};
      if constexpr (kLstm) {
        s.cells_out = args.out<float>(1) + row * g_.units;
        loops_.lstm(s);
      } else {
        s.bias = args.in<float>(3);
        loops_.gru(s);
      }
    }
  }
};

/// lstm: gates, cell states, initial cell states, kernel, gradient → gradients of the projected
/// inputs and of both initial states. gru: gates, states, initial states, kernel, gradient →
/// gradients of the projected inputs, the recurrent products and the initial states.
template <bool kLstm>
class BackwardKernel final : public RecurrentKernel {
 public:
  explicit BackwardKernel(const KernelQuery& q) : RecurrentKernel(q, 4, kLstm ? 4 : 3, 3, 5) {}

  /// Each gate is read before its place is written.
  bool may_alias(int output, int input) const override {
    return kLstm && output == 0 && input == 0;
  }

  /// For each few vectors of units: by column of the kernel, these vectors.
  void pack(const void* input, std::byte* packed, std::byte*) const override {
    const auto* from = static_cast<const float*>(input);
    auto* to = reinterpret_cast<float*>(packed);
    const int64_t width = kGradientVectors * loops_.lanes, depth = gates_ * g_.units;
    for (int64_t unit = 0; unit < stride_; unit += width) {
      const int64_t end = std::min(unit + width, stride_);
      for (int64_t p = 0; p < depth; ++p) {
        for (int64_t u = unit; u < end; ++u) *to++ = u < g_.units ? from[u * depth + p] : 0;
      }
    }
  }

 private:
  void run_rows(const KernelArgs& args, int64_t first, int64_t count,
                float* states) const override {
    float *carry = states, *cell_carry = carry + state_floats();
    std::fill_n(states, 2 * state_floats(), 0.0f);
    for (int64_t t = g_.time - 1; t >= 0; --t) {
      const int64_t row = g_.row(first, t), at = row * g_.units;
      RecurrentGradientStep s{.rows = count,
                              .units = g_.units,
                              .time = g_.time,
                              .stride = stride_,
                              .weights = reinterpret_cast<const float*>(args.packed),
                              .mask = mask(args, row),
                              .gates = args.in<float>(0) + row * 4 * g_.units,
                              .states = args.in<float>(1) + at,
                              .before = args.in<float>(1) + at - g_.units,
                              .before_row = g_.time * g_.units,
                              .grad = args.in<float>(4) + at,
                              .state_carry = carry,
                              .cell_carry = cell_carry,
                              .out = args.out<float>(0) + gates_ * at};
      if (t == 0) {
        s.before = args.in<float>(2) + first * g_.units;
        s.before_row = g_.units;
      }
      if constexpr (kLstm) {
        if (g_.carry_gradient >= 0) s.cell_grad = args.in<float>(g_.carry_gradient) + at;
        loops_.lstm_backward(s);
      } else {
        s.recurrent_out = args.out<float>(1) + gates_ * at;
        loops_.gru_backward(s);
      }
    }
    const int64_t at = first * g_.units;
    store_states(carry, count, args.out<float>(kLstm ? 1 : 2) + at);
    if (kLstm) store_states(cell_carry, count, args.out<float>(2) + at);
  }
};

std::string refusal(const KernelQuery& q) {
  return q.inputs[0].dtype == DType::float32 ? "" : "only float32";
}

template <class K>
std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  return std::make_unique<K>(q);
}

}  // namespace

KernelDef lstm() { return {"simd", refusal, prepare<ForwardKernel<true>>}; }
KernelDef lstm_backward() { return {"simd", refusal, prepare<BackwardKernel<true>>}; }
KernelDef gru() { return {"simd", refusal, prepare<ForwardKernel<false>>}; }
KernelDef gru_backward() { return {"simd", refusal, prepare<BackwardKernel<false>>}; }

}  // namespace danlu::cpu::simd
