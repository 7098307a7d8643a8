// Every op record, from its samples: each kernel against the float64 reference, at special points
// too; derivatives of two orders against finite differences; planned against all passes off.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "danlu/autodiff/autodiff.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/compile/compile.h"
#include "danlu/ops/ops.h"
#include "danlu/ops/registry.h"
#include "tests/support/op_calls.h"

namespace danlu {
namespace {

using cpu::testing::Call;
using testing_support::arrays_of_call;
using testing_support::title;
using testing_support::weights;
using Values = std::vector<std::vector<double>>;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kAllPasses = "simplify,fuse,select,memory";

const std::vector<double> kSpecial = {
    0.0,  -0.0, 1e-45, -1e-45, 1e-40, -1e-40, 1e-30, -1e-30, 1e-8,  -1e-8, 1e-3, -1e-3,
    0.5,  -0.5, 0.75,  1,      -1,    1.5,    -1.5,  2,      -2,    2.5,   -2.5, 3,
    -3,   10,   -10,   17.5,   -17.5, 80,     -80,   95,     -95,   120,   -120, 1e4,
    -1e4, 1e12, -1e12, 1e30,   -1e30, 3e38,   -3e38, kInf,   -kInf, kNan};

double rounded(double value, DType dtype) {
  return dispatch_real(dtype, [value](auto tag) {
    return static_cast<double>(convert_element<decltype(tag)>(value));
  });
}

bool is_exact(DType dtype) { return !is_inexact(dtype); }

/// The call in float64 where the op can do that, else as it is.
Values reference(const Call& call) {
  const Call wide = call.with_float(DType::float64);
  try {
    const auto specs = wide.outputs();
    if (cpu::testing::refusal(wide, "ref").empty()) return cpu::testing::run(wide, "ref");
  } catch (const Error&) {
    // Attributes fix the dtype (fused programs).
  }
  return cpu::testing::run(call, "ref");
}

double tolerance_for(const OpSample& sample, DType dtype) {
  if (is_exact(dtype)) return 0;
  return dtype == DType::bfloat16 ? std::max(sample.tolerance, 2e-2) : sample.tolerance;
}

/// One kernel on 1 and 3 threads, as a processor with `isa` runs it. How many runs it took.
int check_kernel(const KernelDef& kernel, const Call& call, const OpSample& sample, Isa isa,
                 const Values& expected) {
  int runs = 0;
  const auto specs = call.outputs();
  for (const int threads : {1, 3}) {
    if (!cpu::testing::refusal(call, kernel.name, threads, isa).empty()) continue;
    ++runs;
    const Values actual = cpu::testing::run(call, kernel.name, threads, isa);
    for (size_t i = 0; i < specs.size(); ++i) {
      EXPECT_LE(cpu::testing::relative_error(actual[i], expected[i]),
                tolerance_for(sample, specs[i].dtype))
          << title(*call.op, sample) << ", kernel " << kernel.name << ", " << name(isa) << ", "
          << threads << " threads, output " << i;
    }
  }
  return runs;
}

TEST(OpSweep, EveryKernelAgreesWithTheFloat64Reference) {
  int runs = 0;
  for (const OpDef* op : all_ops()) {
    if (!has_cpu_kernels(*op)) continue;  // its decomposition is what runs
    for (const OpSample& sample : op->samples()) {
      const Call call = cpu::testing::make_call(*op, sample);
      const Values expected = reference(call);
      for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (isa > cpu_isa()) continue;
        int of_sample = 0;
        for (const KernelDef& kernel : cpu_kernels(*op)) {
          of_sample += check_kernel(kernel, call, sample, isa, expected);
        }
        EXPECT_GT(of_sample, 0) << title(*op, sample) << ", " << name(isa);
        runs += of_sample;
      }
    }
  }
  EXPECT_GT(runs, 500);
}

TEST(OpSweep, EveryKernelAgreesInBfloat16) {
  for (const OpDef* op : all_ops()) {
    if (!has_cpu_kernels(*op)) continue;  // its decomposition is what runs
    for (const OpSample& sample : op->samples()) {
      Call call = cpu::testing::make_call(*op, sample).with_float(DType::bfloat16);
      if (call.inputs == sample.inputs) continue;
      for (size_t i = 0; i < call.inputs.size(); ++i) {
        for (double& x : call.values[i]) x = rounded(x, call.inputs[i].dtype);
      }
      std::vector<TensorSpec> specs;
      try {
        specs = call.outputs();
      } catch (const Error&) {
        continue;  // attributes fix another dtype
      }
      Call wide = call;
      for (TensorSpec& spec : wide.inputs) {
        if (spec.dtype == DType::bfloat16) spec.dtype = DType::float64;
      }
      if (!cpu::testing::refusal(wide, "ref").empty()) continue;
      const Values expected = cpu::testing::run(wide, "ref");
      for (const KernelDef& kernel : cpu_kernels(*op)) {
        if (!cpu::testing::refusal(call, kernel.name).empty()) continue;
        const Values actual = cpu::testing::run(call, kernel.name);
        for (size_t i = 0; i < specs.size(); ++i) {
          EXPECT_LE(cpu::testing::relative_error(actual[i], expected[i]),
                    tolerance_for(sample, specs[i].dtype))
              << title(*op, sample) << ", kernel " << kernel.name;
        }
      }
    }
  }
}

/// Numbers as close as float32 asks: NaN and infinities must match, results below the normal range
/// may become 0.
void expect_close(double expected, double actual, DType dtype, double tolerance,
                  const std::string& context) {
  const double nearest = rounded(expected, dtype);
  if (std::isnan(nearest) || std::isinf(nearest) || is_exact(dtype)) {
    EXPECT_TRUE(std::isnan(nearest) ? std::isnan(actual) : nearest == actual)
        << context << ": expected " << nearest << ", got " << actual;
  } else {
    EXPECT_NEAR(actual, nearest, tolerance * std::fabs(nearest) + 1.2e-38) << context;
  }
}

/// Two operands meet in all pairs; the third of `where` is free of NaN.
Call special_call(const OpDef& op) {
  const auto n = static_cast<int64_t>(kSpecial.size());
  Call call{.op = &op};
  std::vector<double> left, right;
  for (double a : kSpecial) {
    for (double b : kSpecial) left.push_back(rounded(a, DType::float32)), right.push_back(b);
  }
  for (double& b : right) b = rounded(b, DType::float32);
  if (op.num_inputs == 1) {
    call.inputs = {{Shape{n}, DType::float32}};
    call.values = {std::vector<double>(right.begin(), right.begin() + n)};
  } else {
    call.inputs = {{Shape{n * n}, DType::float32}, {Shape{n * n}, DType::float32}};
    call.values = {left, right};
  }
  return call;
}

bool is_plain_elementwise(const OpDef& op) {
  return op.fusion == FusionKind::elementwise && op.derivative && op.num_inputs <= 2;
}

std::string point(const Call& call, size_t at) {
  std::string text = std::string(call.op->name) + " at " + std::to_string(call.values[0][at]);
  if (call.values.size() > 1) text += ", " + std::to_string(call.values[1][at]);
  return text;
}

TEST(OpSweep, SpecialPoints) {
  for (const OpDef* op : all_ops()) {
    if (!is_plain_elementwise(*op)) continue;
    const Call call = special_call(*op);
    const auto expected = reference(call)[0];
    const DType dtype = call.outputs()[0].dtype;
    const double tolerance = op->name == "power" ? 2e-5 : 2e-6;
    const auto check = [&](const std::vector<double>& actual, const std::string& who) {
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < actual.size(); ++i) {
        expect_close(expected[i], actual[i], dtype, tolerance, point(call, i) + " by " + who);
      }
    };
    for (const KernelDef& kernel : cpu_kernels(*op)) {
      if (!cpu::testing::refusal(call, kernel.name).empty()) continue;
      check(cpu::testing::run(call, kernel.name)[0], std::string(kernel.name));
    }
    // As the compiler runs it: alone, and as part of a chain.
    const auto inputs = arrays_of_call(call);
    check(make_op_outputs(*op, inputs)[0].to_vector<double>(), "the plan");
    const Array result = make_op_outputs(*op, inputs)[0];
    const Array chain = where(inputs[0] == 123.0, cast(inputs[0], dtype), result);
    check(chain.to_vector<double>(), "a fused plan");
  }
}

// --- derivatives ------------------------------------------------------------------------------

/// A scalar function of the floating inputs of one call, in float64.
class ScalarFunction {
 public:
  ScalarFunction(const OpDef& op, const OpSample& sample)
      : op_(op), call_(cpu::testing::make_call(op, sample, 3)) {}

  /// The floating inputs, and the function at them; of order 2, Σ weights · gradient.
  struct Point {
    std::vector<Array> variables;
    Array value;
    Array magnitude;  ///< of the terms that are added up, which bounds their rounding
  };
  Point at(const Values& values, int order) const {
    Call call = call_;
    call.values = values;
    const auto inputs = arrays_of_call(call, DType::float64);
    Point point{.value = Array::scalar(0, DType::float64),
                .magnitude = Array::scalar(0, DType::float64)};
    for (const Array& input : inputs) {
      if (is_floating(input.dtype())) point.variables.push_back(input);
    }
    const auto outputs = make_op_outputs(op_, inputs, call_.attrs);
    add_weighted(outputs, 0, point);
    if (order == 1) return point;
    const auto gradient = gradients(point.value, point.variables);
    point.value = Array::scalar(0, DType::float64);
    add_weighted(gradient, 7, point);
    return point;
  }
  const Call& call() const { return call_; }

 private:
  static void add_weighted(const std::vector<Array>& terms, int salt, Point& point) {
    for (size_t i = 0; i < terms.size(); ++i) {
      if (!is_floating(terms[i].dtype())) continue;
      const Array wide = cast(terms[i], DType::float64);
      const Array products = wide * weights(wide.shape(), salt + static_cast<int>(i));
      point.value = point.value + sum(products);
      point.magnitude = point.magnitude + sum(abs(products));
    }
  }

  const OpDef& op_;
  Call call_;
};

void check_derivative(const OpDef& op, const OpSample& sample, int order) {
  const ScalarFunction function(op, sample);
  const Call& call = function.call();
  const auto point = function.at(call.values, order);
  if (point.variables.empty() || call.outputs().empty()) return;
  auto gradient = gradients(point.value, point.variables);
  gradient.push_back(point.value);
  gradient.push_back(point.magnitude);
  eval(gradient);
  const double magnitude = point.magnitude.item<double>();
  size_t variable = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (!is_floating(call.inputs[i].dtype)) continue;
    const Array& array = gradient[variable++];
    ASSERT_EQ(array.shape(), call.inputs[i].shape) << title(op, sample);
    ASSERT_EQ(array.dtype(), DType::float64) << title(op, sample);
    const auto g = array.to_vector<double>();
    double largest = 0;
    for (double x : g) largest = std::max(largest, std::fabs(x));
    const size_t stride = std::max<size_t>(1, g.size() / 9);
    for (size_t k = 0; k < g.size(); k += stride) {
      Values values = call.values;
      const double x = values[i][k];
      const double h = 1e-5 * std::max(std::fabs(x), 0.05);
      values[i][k] = x + h;
      const double above = function.at(values, order).value.item<double>();
      values[i][k] = x - h;
      const double below = function.at(values, order).value.item<double>();
      const double difference = (above - below) / (2 * h);
      EXPECT_NEAR(g[k], difference, 1e-6 * largest + 1e-14 * magnitude / h + 1e-9)
          << title(op, sample) << ", order " << order << ", input " << i << ", element " << k;
    }
  }
}

TEST(OpSweep, DerivativesMatchFiniteDifferences) {
  int checked = 0;
  for (const OpDef* op : all_ops()) {
    if (!op->differentiable()) continue;
    for (const OpSample& sample : op->samples()) {
      if (!sample.differentiable) continue;
      check_derivative(*op, sample, 1);
      ++checked;
    }
  }
  EXPECT_GT(checked, 200);
}

TEST(OpSweep, SecondDerivativesMatchFiniteDifferences) {
  for (const OpDef* op : all_ops()) {
    if (!op->differentiable()) continue;
    for (const OpSample& sample : op->samples()) {
      if (sample.differentiable) check_derivative(*op, sample, 2);
    }
  }
}

// --- planned against passes off ---------------------------------------------------------------

class WithoutPasses {
 public:
  explicit WithoutPasses(const std::string& names) { set_disabled_passes(names); }
  ~WithoutPasses() { set_disabled_passes(""); }
};

/// The outputs of a call and, where there are any, the gradients of their sum of squares.
std::vector<Array> outputs_and_gradients(const OpDef& op, const Call& call, bool differentiable) {
  const auto inputs = arrays_of_call(call);
  std::vector<Array> variables;
  for (const Array& input : inputs) {
    if (is_floating(input.dtype())) variables.push_back(input);
  }
  auto results = make_op_outputs(op, inputs, call.attrs);
  if (!differentiable || variables.empty()) return results;
  Array loss = Array::scalar(0, DType::float32);
  for (const Array& output : results) {
    if (is_floating(output.dtype())) loss = loss + sum(square(cast(output, DType::float32)));
  }
  for (const Array& gradient : gradients(loss, variables)) results.push_back(gradient);
  return results;
}

Values evaluated(const std::vector<Array>& arrays) {
  eval(arrays);
  Values values;
  for (const Array& array : arrays) values.push_back(array.to_vector<double>());
  return values;
}

TEST(OpSweep, PlannedEqualsAllPassesOff) {
  for (const OpDef* op : all_ops()) {
    for (const OpSample& sample : op->samples()) {
      const Call call = cpu::testing::make_call(*op, sample, 5);
      const bool differentiable = op->differentiable() && sample.differentiable;
      const auto lazy = outputs_and_gradients(*op, call, differentiable);
      const Values planned = evaluated(lazy);
      for (const char* disabled : {kAllPasses, "fuse", "simplify,memory"}) {
        const WithoutPasses off(disabled);
        const Values plain = evaluated(outputs_and_gradients(*op, call, differentiable));
        ASSERT_EQ(planned.size(), plain.size());
        for (size_t i = 0; i < plain.size(); ++i) {
          const DType dtype = lazy[i].dtype();
          const double tolerance = is_exact(dtype)            ? 0
                                   : dtype == DType::bfloat16 ? 2e-2
                                                              : 4 * sample.tolerance + 1e-5;
          EXPECT_LE(cpu::testing::relative_error(planned[i], plain[i]), tolerance)
              << title(*op, sample) << ", without " << disabled << ", result " << i;
        }
      }
    }
  }
}

TEST(OpSweep, BadDataIsAValueErrorOfTheOp) {
  const auto text = [](const Array& x) -> std::string {
    try {
      x.eval();
    } catch (const ValueError& error) {
      return error.what();
    }
    return "no ValueError";
  };
  const Array x = reshape(arange(0, 10, 1, DType::float32), Shape{5, 2});
  EXPECT_EQ(text(take(x, Array({0, 7}), 0)),
            "[take] An index is out of range. Expected an index from -5 to 4. Received 7.");
  EXPECT_EQ(text(sum(exp(take(x, Array({-6}), 0)))),
            "[take] An index is out of range. Expected an index from -5 to 4. Received -6.");
  EXPECT_EQ(text(sparse_categorical_crossentropy(Array({3, 10}), ones({2, 10}))),
            "[one_hot] A class is out of range. Expected a class from 0 to 9. Received 10.");
  EXPECT_EQ(text(scatter_add(x, Array({0, 1, 2, 3, 9}), {5, 2})),
            "[scatter_add] An index is out of range. Expected an index from -5 to 4. Received 9.");
}

}  // namespace
}  // namespace danlu
