#include "danlu/ops/control_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/autodiff/jit.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/compile/compile.h"
#include "danlu/core/buffer.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Array f64(const std::vector<double>& values) {
  return Array(values, Shape{static_cast<int64_t>(values.size())});
}
Array f64(double value) { return Array::scalar(value, DType::float64); }
std::vector<double> numbers(const Array& x) { return x.to_vector<double>(); }

template <class E, class F>
std::string error_text(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

/// Central differences of a scalar function of a vector.
template <class F>
std::vector<double> differences(const F& f, const Array& x) {
  std::vector<double> result;
  for (size_t i = 0; i < numbers(x).size(); ++i) {
    const auto at = [&](double by) {
      auto values = numbers(x);
      values[i] += by;
      return f(Array(values, x.shape())).template item<double>();
    };
    result.push_back((at(1e-5) - at(-1e-5)) / 2e-5);
  }
  return result;
}

TEST(Cond, TakesOneBranch) {
  const auto choose = [](const Array& p, const Array& x) {
    return cond(
        p, [](const Array& y) { return y * 2; }, [](const Array& y) { return y - 1; }, x);
  };
  const Array x({1.f, 5.f});
  EXPECT_THAT(choose(true, x).to_vector(), ElementsAre(2, 10));
  EXPECT_THAT(choose(Array(0.f), x).to_vector(), ElementsAre(0, 4));
  EXPECT_THAT(choose(sum(x) > 3, x).to_vector(), ElementsAre(2, 10));
}

TEST(Cond, CapturesAreInputsAndGradientsReachThem) {
  const Array x = f64({2, -3});
  const auto f = [&](const Array& w) {
    return sum(cond(
        sum(w * x) > 0, [&] { return w * w * x; }, [&] { return sin(w) + x; }));
  };
  for (const Array& w : {f64({1, 0.2}), f64({-1, 0.5})}) {
    EXPECT_THAT(numbers(grad(f)(w)), Pointwise(DoubleNear(1e-9), differences(f, w)));
    EXPECT_THAT(numbers(jit(grad(f))(w)), Pointwise(DoubleNear(1e-9), differences(f, w)));
    const Array direction = f64({1, 2});
    EXPECT_NEAR(jvp(f, w, direction).second.item<double>(),
                sum(grad(f)(w) * direction).item<double>(), 1e-13);
  }
}

TEST(Cond, OnlyTheTakenBranchRuns) {
  // An index out of range is found by the branch that is taken, and by no other.
  const Array x({1.f, 2.f});
  const auto f = [&](const Array& i) {
    return cond(
        i < 2, [&] { return take(x, i, 0); }, [&] { return sum(x); });
  };
  EXPECT_EQ(f(Array(1)).item(), 2.f);
  EXPECT_EQ(f(Array(7)).item(), 3.f);
  EXPECT_EQ(error_text<ValueError>([&] { f(Array(-5)).eval(); }),
            "[take] An index is out of range. Expected an index from -2 to 1. Received -5.");
}

TEST(Cond, PerElementIsASelection) {
  const auto f = [](const Array& x) {
    return cond(
        x > 0, [&] { return sqrt(x); }, [&] { return x * x; });
  };
  const Array xs = f64({4, -3, 9, -1});
  EXPECT_THAT(numbers(vmap(f)(xs)), ElementsAre(2, 9, 3, 1));
  EXPECT_THAT(numbers(vmap(grad(f))(xs)), ElementsAre(0.25, -6, 1.0 / 6, -2));
  const Array shared = true;
  const auto g = [&](const Array& x) {
    return cond(
        shared, [&] { return x + 1; }, [&] { return x; });
  };
  EXPECT_THAT(numbers(vmap(g)(xs)), ElementsAre(5, -2, 10, 0));
}

TEST(Cond, ErrorsSayWhatDiffers) {
  const Array x({1.f, 2.f});
  EXPECT_EQ(error_text<ShapeError>([&] {
              cond(
                  true, [&] { return x; }, [&] { return sum(x); });
            }),
            "[switch] The branches return different Arrays. Expected float32(). Received "
            "float32(2,).");
  EXPECT_EQ(error_text<ShapeError>([&] {
              cond(
                  x > 0, [&] { return x; }, [&] { return x; });
            }),
            "[cond] The condition is no scalar. Expected shape (). Received (2,).");
}

TEST(Switch, ClampsTheIndex) {
  using Branch = std::function<Array(const Array&)>;
  const std::vector<Branch> branches = {[](const Array& x) { return x; },
                                        [](const Array& x) { return x * 10; },
                                        [](const Array& x) { return x * 100; }};
  for (const auto& [index, expected] :
       {std::pair{0, 3.f}, {1, 30.f}, {2, 300.f}, {9, 300.f}, {-4, 3.f}}) {
    EXPECT_EQ(switch_(Array(index), branches, Array(3.f)).item(), expected);
  }
  EXPECT_EQ(error_text<DTypeError>([&] { switch_(Array(1.5f), branches, Array(3.f)); }),
            "[switch] The index is no integer. Expected an integer dtype. Received float32().");
}

TEST(WhileLoop, CountsAndStops) {
  const auto collatz = [](int start) {
    const auto [steps, last] =
        while_loop([](const Array&, const Array& n) { return n != 1; },
                   [](const Array& steps, const Array& n) {
                     const Array half = cast(floor(cast(n, DType::float64) / 2), DType::int32);
                     return std::tuple{steps + 1, where(half * 2 == n, half, 3 * n + 1)};
                   },
                   std::tuple{Array(0), Array(start)});
    EXPECT_EQ(last.item<int>(), 1);
    return steps.item<int>();
  };
  EXPECT_EQ(collatz(1), 0);
  EXPECT_EQ(collatz(27), 111);
  const Array capped = while_loop([](const Array&) { return Array(true); },
                                  [](const Array& x) { return x * 2; }, Array(1.f), 10);
  EXPECT_EQ(capped.item(), 1024.f);
}

TEST(WhileLoop, HasForwardModeOnly) {
  const Array x = f64({1.5, 2});
  const auto newton = [](const Array& a) {  // the square root, by Newton's method
    return while_loop([&](const Array& y) { return max(abs(y * y - a)) > 1e-13; },
                      [&](const Array& y) { return 0.5 * (y + a / y); }, a);
  };
  EXPECT_THAT(numbers(newton(x)), Pointwise(DoubleNear(1e-13), {std::sqrt(1.5), std::sqrt(2.0)}));
  const auto [root, slope] = jvp(newton, x, f64({1, 1}));
  EXPECT_THAT(numbers(slope),
              Pointwise(DoubleNear(1e-7), {0.5 / std::sqrt(1.5), 0.5 / std::sqrt(2.0)}));
  EXPECT_EQ(error_text<UnsupportedError>(
                [&] { grad([&](const Array& a) { return sum(newton(a)); })(x); }),
            "[while_loop] A loop whose number of turns depends on data has no reverse-mode "
            "derivative. Expected a loop with a fixed number of turns. Hint: use fori_loop with "
            "numbers as bounds, or scan; jvp goes through while_loop.");
}

TEST(WhileLoop, PerElementRunsUntilAllAreDone) {
  const auto doublings = [](const Array& limit) {
    return while_loop([&](const Array&, const Array& x) { return x < limit; },
                      [](const Array& n, const Array& x) {
                        return std::tuple{n + 1, x * 2};
                      },
                      std::tuple{Array(0), Array(1.f)});
  };
  const auto [counts, values] = vmap(doublings)(Array({1.f, 5.f, 100.f, 0.5f}));
  EXPECT_THAT(counts.to_vector<int>(), ElementsAre(0, 3, 7, 0));
  EXPECT_THAT(values.to_vector(), ElementsAre(1, 8, 128, 1));
}

TEST(WhileLoop, AFaultEndsIt) {
  const Array x({1.f, 2.f});
  const auto endless = [&] {
    return while_loop([](const Array& i, const Array&) { return i >= 0; },
                      [&](const Array& i, const Array& s) {
                        return std::tuple{i + 1, s + take(x, i, 0)};
                      },
                      std::tuple{Array(0), Array(0.f)});
  };
  EXPECT_THAT(error_text<ValueError>([&] { std::get<1>(endless()).eval(); }),
              HasSubstr("[take] An index is out of range. Expected an index from -2 to 1. "
                        "Received 2."));
}

TEST(ForiLoop, WithNumbersAndWithArrays) {
  const auto body = [](const Array& i, const Array& x) { return x * 2 + cast(i, DType::float64); };
  const Array x = f64(1);
  double expected = 1;
  for (int i = 2; i < 7; ++i) expected = expected * 2 + i;
  EXPECT_EQ(fori_loop(2, 7, body, x).item<double>(), expected);
  EXPECT_EQ(fori_loop(Array(2), Array(7), body, x).item<double>(), expected);
  EXPECT_EQ(fori_loop(7, 2, body, x).item<double>(), 1);
  const auto f = [&](const Array& z) { return fori_loop(2, 7, body, z); };
  EXPECT_EQ(grad(f)(x).item<double>(), 32);
}

TEST(Scan, CumulativeSumsForwardsAndBackwards) {
  const auto step = [](const Array& sum, const Array& x) { return std::pair{sum + x, sum + x}; };
  const Array xs({1.f, 2.f, 3.f, 4.f});
  const auto [total, sums] = scan(step, Array(0.f), xs);
  EXPECT_EQ(total.item(), 10.f);
  EXPECT_THAT(sums.to_vector(), ElementsAre(1, 3, 6, 10));
  EXPECT_THAT(scan(step, Array(0.f), xs, {.reverse = true}).second.to_vector(),
              ElementsAre(10, 9, 7, 4));
}

/// A recurrent layer and its loss.
Array recurrent_loss(const Array& w, const Array& u, const Array& xs, bool rematerialize = false) {
  const auto step = [&](const Array& h, const Array& x) {
    const Array next = tanh(matmul(x, w) + matmul(h, u));
    return std::pair{next, next * sigmoid(next)};
  };
  const auto [last, ys] =
      scan(step, zeros({3}, DType::float64), xs, {.rematerialize = rematerialize});
  return sum(last * last) + sum(ys);
}

/// The same without scan.
Array unrolled_loss(const Array& w, const Array& u, const Array& xs) {
  Array h = zeros({3}, DType::float64), total = f64(0);
  for (int64_t t = 0; t < xs.shape()[0]; ++t) {
    h = tanh(matmul(squeeze(slice(xs, {t}, {t + 1}), 0), w) + matmul(h, u));
    total = total + sum(h * sigmoid(h));
  }
  return sum(h * h) + total;
}

Array values(const Shape& shape, double scale) {
  std::vector<double> v(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < v.size(); ++i) v[i] = scale * (double(i * 7 % 11) - 5) / 5;
  return Array(v, shape);
}

TEST(Scan, DerivativesOfARecurrentLayerAreThoseOfTheUnrolledOne) {
  const Array u = values({3, 3}, 0.7), xs = values({6, 2}, 1);
  const Array w = values({2, 3}, 0.5);
  using Three = std::tuple<Array, Array, Array>;
  const Three at{w, u, xs};
  const auto expect_same = [&](const auto& f) {
    const auto unrolled = [](const Three& p) {
      return unrolled_loss(std::get<0>(p), std::get<1>(p), std::get<2>(p));
    };
    const auto expected = arrays_of(grad(unrolled)(at)), actual = arrays_of(grad(f)(at));
    const auto compiled = arrays_of(jit(grad(f))(at));
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_THAT(numbers(actual[i]), Pointwise(DoubleNear(1e-13), numbers(expected[i])));
      EXPECT_THAT(numbers(compiled[i]), Pointwise(DoubleNear(1e-13), numbers(expected[i])));
    }
    const Three directions{values({2, 3}, 1), values({3, 3}, -1), values({6, 2}, 0.3)};
    EXPECT_NEAR(jvp(f, at, directions).second.template item<double>(),
                jvp(unrolled, at, directions).second.template item<double>(), 1e-12);
  };
  expect_same([](const Three& p) {
    return recurrent_loss(std::get<0>(p), std::get<1>(p), std::get<2>(p));
  });
  expect_same([](const Three& p) {
    return recurrent_loss(std::get<0>(p), std::get<1>(p), std::get<2>(p), true);
  });
}

TEST(Scan, SecondDerivativesInEveryOrderOfModes) {
  const Array u = values({3, 3}, 0.7), xs = values({5, 2}, 1), w = values({2, 3}, 0.5);
  const auto f = [&](const Array& z) { return recurrent_loss(w, z, xs); };
  const auto g = [&](const Array& z) { return unrolled_loss(w, z, xs); };
  const auto expected = numbers(jacrev(grad(g))(u));
  EXPECT_THAT(numbers(hessian(f)(u)), Pointwise(DoubleNear(1e-11), expected));
  EXPECT_THAT(numbers(jacrev(grad(f))(u)), Pointwise(DoubleNear(1e-11), expected));
  EXPECT_THAT(numbers(jacfwd(jacfwd(f))(u)), Pointwise(DoubleNear(1e-11), expected));
}

TEST(Scan, TheForwardPassRunsOnceInATrainingStep) {
  const Array u = values({3, 3}, 0.7), w = values({2, 3}, 0.5), xs = values({6, 2}, 1);
  const internal::GradientScope scope;
  const auto [loss, gradient] =
      value_and_grad([&](const Array& z) { return recurrent_loss(w, z, xs); })(u);
  const std::vector<Array> both = {loss, gradient};
  const auto trace = trace_graph({}, both);
  const auto program = compile_graph(trace.graph, current_options());
  int scans = 0;
  for (const Instruction& i : program->instructions) scans += i.op->name == "scan";
  EXPECT_EQ(scans, 2) << program->to_string();
}

TEST(Scan, UnderVmapWithAnyPartMapped) {
  const Array w = values({2, 3}, 0.5), u = values({3, 3}, 0.7), xs = values({4, 5, 2}, 1);
  const auto f = [](const Array& a, const Array& b, const Array& c) {
    return recurrent_loss(a, b, c);
  };
  const auto g = [](const Array& a, const Array& b, const Array& c) {
    return unrolled_loss(a, b, c);
  };
  const VmapOptions data{.in_axes = {std::nullopt, std::nullopt, 0}};
  EXPECT_THAT(numbers(vmap(grad(f), data)(w, u, xs)),
              Pointwise(DoubleNear(1e-12), numbers(vmap(grad(g), data)(w, u, xs))));
  const Array us = stack({u, 2 * u, -1 * u});
  const VmapOptions weights{.in_axes = {std::nullopt, 0, std::nullopt}};
  const Array one = squeeze(slice(xs, {1}, {2}), 0);
  EXPECT_THAT(numbers(jit(vmap(grad(f), weights))(w, us, one)),
              Pointwise(DoubleNear(1e-12), numbers(vmap(grad(g), weights)(w, us, one))));
}

TEST(Scan, ErrorsNameTheCarry) {
  const auto grows = [](const Array& c, const Array& x) {
    return std::pair{concatenate({c, c}), x};
  };
  EXPECT_EQ(error_text<ShapeError>([&] { scan(grows, zeros({2}), zeros({3})); }),
            "[scan] The body changes what is carried. Expected float32(2,). Received float32(4,).");
  const auto keep = [](const Array& c, const std::pair<Array, Array>&) { return std::pair{c, c}; };
  EXPECT_EQ(error_text<ShapeError>([&] {
              scan(keep, zeros({2}), std::pair{zeros({3}), zeros({4})});
            }),
            "[scan] The sequences differ in length. Expected 3 elements along the first axis. "
            "Received (4,).");
}

TEST(Map, StacksResults) {
  const auto f = [](const Array& row) { return std::pair{sum(row), row * row}; };
  const auto [sums, squares] = map(f, reshape(arange(0, 6, 1, DType::float32), Shape{2, 3}));
  EXPECT_THAT(sums.to_vector(), ElementsAre(3, 12));
  EXPECT_THAT(squares.to_vector(), ElementsAre(0, 1, 4, 9, 16, 25));
}

TEST(AssociativeScan, IsASequentialScanForEveryLength) {
  // Products of 2 by 2 matrices: associative, not commutative.
  const auto product = [](const Array& a, const Array& b) { return matmul(a, b); };
  for (int64_t n : {1, 2, 3, 4, 5, 8, 13}) {
    const Array ms = values({n, 2, 2}, 0.9);
    std::vector<Array> expected;
    for (int64_t i = 0; i < n; ++i) {
      const Array m = squeeze(slice(ms, {i}, {i + 1}), 0);
      expected.push_back(i == 0 ? m : matmul(expected.back(), m));
    }
    EXPECT_THAT(numbers(associative_scan(product, ms)),
                Pointwise(DoubleNear(1e-13), numbers(stack(expected))));
  }
  const auto plus = [](const Array& a, const Array& b) { return a + b; };
  const Array m(std::vector<float>{1, 2, 3, 10, 20, 30}, Shape{2, 3});
  EXPECT_THAT(associative_scan(plus, m, true, -1).to_vector(), ElementsAre(6, 5, 3, 60, 50, 30));
}

TEST(ControlFlow, NestsAndRunsInThreadsUnderPoison) {
  Buffer::set_poison(true);
  // Rows are added while positive elements are left; a cond within a scan within a while.
  const auto f = [](const Array& x) {
    return while_loop([](const Array& v) { return sum(v) < 100; },
                      [](const Array& v) {
                        const auto step = [](const Array& c, const Array& e) {
                          const Array next = cond(
                              e > 2, [&] { return c + e; }, [&] { return c * 2; });
                          return std::pair{next, next};
                        };
                        return scan(step, Array::scalar(1, DType::float64), v).second + v;
                      },
                      x);
  };
  const auto compiled = jit(f);
  const Array x = f64({1, 2, 3, 0.5, 2.5});
  std::vector<double> v = numbers(x);
  for (double total = 0; (total = v[0] + v[1] + v[2] + v[3] + v[4]) < 100;) {
    double c = 1;
    for (double& e : v) {
      c = e > 2 ? c + e : c * 2;
      e += c;
    }
  }
  std::vector<std::thread> threads;
  std::vector<std::vector<double>> results(4);
  for (auto& result : results) threads.emplace_back([&] { result = numbers(compiled(x)); });
  for (auto& thread : threads) thread.join();
  Buffer::set_poison(false);
  for (const auto& result : results) EXPECT_EQ(result, v);
  EXPECT_EQ(numbers(f(x)), v);
}

TEST(ControlFlow, RunsAllocateNothing) {
  const auto f = jit([](const Array& x) {
    return scan(
               [](const Array& c, const Array& e) {
                 return std::pair{c + e, c * e};
               },
               Array::scalar(0, DType::float64), x)
        .second;
  });
  const Array x = values({50}, 1);
  f(x), f(x);
  const int64_t before = Buffer::allocations();
  const Array y = f(x);
  EXPECT_EQ(Buffer::allocations() - before, 1);  // the result
}

TEST(ControlFlow, PlansPrintTheirPrograms) {
  const Array y = map([](const Array& x) { return exp(x) * x; }, Array({1.f, 2.f}));
  const auto trace = trace_graph({}, std::vector<Array>{y});
  const std::string text = compile_graph(trace.graph, current_options())->to_string();
  EXPECT_THAT(text, HasSubstr("scan [ref"));
  EXPECT_THAT(text, HasSubstr("\n    program of 1 instructions\n    0 tile ["));
}

}  // namespace
}  // namespace danlu
