// The fused steps of lstm and gru against the scans they stand for. tests/golden compares both with
// Keras.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/derivatives.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/philox.h"
#include "danlu/danlu.h"
#include "danlu/ops/registry.h"
#include "tests/support/mistakes.h"
#include "tests/support/op_calls.h"

namespace danlu {
namespace {

using cpu::testing::relative_error;

Array numbers(const Shape& shape, uint64_t seed, DType dtype) {
  PhiloxStream random(seed);
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (double& x : values) x = 2 * random.uniform() - 1;
  return cast(Array(values, shape), dtype);
}

constexpr int64_t kBatch = 6, kTime = 5, kFeatures = 3, kUnits = 21;

/// x, kernel, recurrent kernel, bias, states, for `gates`.
std::vector<Array> inputs(int64_t gates, DType dtype) {
  const int64_t width = gates * kUnits;
  std::vector<Array> all;
  for (const Shape& shape : {Shape{kBatch, kTime, kFeatures}, Shape{kFeatures, width},
                             Shape{kUnits, width}, gates == 4 ? Shape{width} : Shape{2, width},
                             Shape{kBatch, kUnits}, Shape{kBatch, kUnits}}) {
    all.push_back(numbers(shape, 7 + all.size(), dtype));
  }
  return all;
}

/// Whether by the fused op or, because an activation is given, by the scan.
using Function = std::function<std::vector<Array>(const std::vector<Array>&, bool fused)>;

RecurrentActivation given(bool fused, Array (*function)(const Array&)) {
  return fused ? RecurrentActivation() : RecurrentActivation(function);
}

Function lstm_function(bool masked, bool backwards) {
  return [=](const std::vector<Array>& x, bool fused) {
    LstmOptions options{.bias = x[3],
                        .initial_state_h = x[4],
                        .initial_state_c = x[5],
                        .activation = given(fused, tanh),
                        .recurrent_activation = given(fused, sigmoid),
                        .go_backwards = backwards};
    if (masked) options.mask = numbers({kBatch, kTime}, 3, DType::float32) > Array(-0.5);
    const auto [outputs, h, c] = lstm(x[0], x[1], x[2], options);
    return std::vector<Array>{outputs, h, c};
  };
}

Function gru_function(bool masked, bool backwards) {
  return [=](const std::vector<Array>& x, bool fused) {
    GruOptions options{.bias = x[3],
                       .initial_state = x[4],
                       .activation = given(fused, tanh),
                       .recurrent_activation = given(fused, sigmoid),
                       .go_backwards = backwards};
    if (masked) options.mask = numbers({kBatch, kTime}, 3, DType::float32) > Array(-0.5);
    const auto [outputs, h] = gru(x[0], x[1], x[2], options);
    return std::vector<Array>{outputs, h};
  };
}

/// The results and the gradients of a weighted sum of them.
std::vector<Array> with_gradients(const Function& f, const std::vector<Array>& x, bool fused) {
  std::vector<Array> all = f(x, fused);
  Array total = Array::scalar(0, x[0].dtype());
  for (size_t i = 0; i < all.size(); ++i) {
    total = total + sum(square(all[i]) *
                        cast(testing_support::weights(all[i].shape(), int(i)), x[0].dtype()));
  }
  for (const Array& gradient : gradients(total, x)) all.push_back(gradient);
  return all;
}

void expect_same(const std::vector<Array>& a, const std::vector<Array>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].spec(), b[i].spec()) << i;
    EXPECT_LE(relative_error(a[i].to_vector<double>(), b[i].to_vector<double>()), tolerance) << i;
  }
}

TEST(Recurrent, FusedStepsEqualTheScan) {
  for (const int64_t gates : {4, 3}) {
    for (const bool masked : {false, true}) {
      for (const bool backwards : {false, true}) {
        SCOPED_TRACE(std::to_string(gates) + " gates" + (masked ? ", masked" : "") +
                     (backwards ? ", backwards" : ""));
        const Function f =
            gates == 4 ? lstm_function(masked, backwards) : gru_function(masked, backwards);
        for (const auto& [dtype, tolerance] :
             {std::pair{DType::float64, 1e-13}, {DType::float32, 1e-5}, {DType::bfloat16, 3e-2}}) {
          const auto x = inputs(gates, dtype);
          expect_same(with_gradients(f, x, true), with_gradients(f, x, false), tolerance);
        }
      }
    }
  }
}

TEST(Recurrent, GradientsMatchFiniteDifferences) {
  for (const int64_t gates : {4, 3}) {
    const Function f = gates == 4 ? lstm_function(true, false) : gru_function(true, false);
    const auto total = [&](const std::vector<Array>& x) {
      Array sum_of_squares = Array::scalar(0, DType::float64);
      for (const Array& each : f(x, true)) sum_of_squares = sum_of_squares + sum(square(each));
      return sum_of_squares;
    };
    const auto x = inputs(gates, DType::float64);
    const auto grads = gradients(total(x), x);
    for (size_t i = 0; i < x.size(); ++i) {
      const Array direction = numbers(x[i].shape(), 50 + i, DType::float64);
      const auto moved = [&](double by) {
        auto y = x;
        y[i] = x[i] + direction * by;
        return total(y).item<double>();
      };
      const double difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      const double exact = sum(grads[i] * direction).item<double>();
      EXPECT_NEAR(exact, difference, 1e-7 * (1 + std::fabs(difference))) << gates << ", " << i;
    }
  }
}

TEST(Recurrent, SecondOrderForwardModeAndVmap) {
  for (const int64_t gates : {4, 3}) {
    const Function f = gates == 4 ? lstm_function(true, false) : gru_function(true, false);
    const auto all = inputs(gates, DType::float64);
    const auto through = [&](bool fused) {
      const auto loss = [&, fused](const Array& x) {
        auto y = all;
        y[0] = x;
        return sum(square(f(y, fused)[0]));
      };
      const Array ones = ones_like(all[0]);
      const Array examples = numbers({3, kBatch, kTime, kFeatures}, 4, DType::float64);
      return std::vector<Array>{hvp(loss, all[0], ones), jvp(loss, all[0], ones).second,
                                vmap(grad(loss))(examples)};
    };
    expect_same(through(true), through(false), 1e-11);
  }
}

TEST(Recurrent, EveryInstructionSetAgrees) {
  for (const OpDef* op : {&lstm_op(), &lstm_backward_op(), &gru_op(), &gru_backward_op()}) {
    for (const OpSample& sample : op->samples()) {
      const auto call = cpu::testing::make_call(*op, sample);
      const auto expected = cpu::testing::run(call.with_float(DType::float64), "ref");
      for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (isa > cpu_isa()) continue;
        const auto actual = cpu::testing::run(call, "simd", 2, isa);
        for (size_t i = 0; i < expected.size(); ++i) {
          EXPECT_LE(relative_error(actual[i], expected[i]), sample.tolerance)
              << testing_support::title(*op, sample) << ", " << name(isa) << ", output " << i;
        }
      }
    }
  }
}

TEST(Recurrent, RejectsWhatDoesNotFit) {
  const Array x = zeros({2, 3, 4}), kernel = zeros({4, 20}), recurrent = zeros({5, 20});
  using testing::mistake;
  testing::expect_each({
      mistake<ShapeError>(
          "no sequence",
          [&] {
            lstm(zeros({2, 4}), kernel, recurrent);
          },
          "[lstm] The inputs are no sequence. Expected (batch, time, features), "
          "with one step at least. Received (2, 4)."),
      mistake<ShapeError>(
          "no steps",
          [&] {
            lstm(zeros({2, 0, 4}), kernel, recurrent);
          },
          "[lstm] The inputs are no sequence. Expected (batch, time, features), "
          "with one step at least. Received (2, 0, 4)."),
      mistake<ShapeError>(
          "recurrent kernel",
          [&] {
            lstm(x, kernel, zeros({5, 15}));
          },
          "[lstm] The recurrent kernel has the wrong shape. Expected (5, 20). "
          "Received (5, 15)."),
      mistake<ShapeError>(
          "kernel",
          [&] {
            lstm(x, zeros({3, 20}), recurrent);
          },
          "[lstm] The kernel has the wrong shape. Expected (4, 20). Received (3, "
          "20)."),
      mistake<ShapeError>(
          "bias", [&] { lstm(x, kernel, recurrent, {.bias = zeros({5})}); },
          "[lstm] The bias has the wrong shape. Expected (20,). Received (5,)."),
      mistake<ShapeError>(
          "state",
          [&] {
            lstm(x, kernel, recurrent, {.initial_state_h = zeros({3, 5})});
          },
          "[lstm] The initial state has the wrong shape. Expected (2, 5). Received (3, 5)."),
      mistake<ShapeError>(
          "mask",
          [&] {
            lstm(x, kernel, recurrent, {.mask = zeros({3, 2}, DType::bool_)});
          },
          "[lstm] The mask has the wrong shape. Expected (2, 3). Received (3, 2)."),
      mistake<ShapeError>(
          "two biases",
          [&] {
            gru(x, zeros({4, 15}), zeros({5, 15}), {.bias = zeros({15})});
          },
          "[gru] The bias has the wrong shape. Expected (2, 3 units), because of reset_after. "
          "Received (15,)."),
  });
}

}  // namespace
}  // namespace danlu
