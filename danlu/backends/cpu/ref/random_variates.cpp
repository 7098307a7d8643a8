#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/ref/random.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/philox.h"
#include "danlu/base/thread.h"
#include "danlu/ops/random/random_more_attrs.h"

namespace danlu::cpu::ref {
namespace {

constexpr double kTwoPi = 6.283185307179586476925;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The numbers of one element, as many as it takes: blocks element + 2^48 (first + 0, 1, …).
class ElementStream {
 public:
  ElementStream(const int64_t* state, int64_t element, uint64_t first)
      : seed_(static_cast<uint64_t>(state[0])),
        counter_(static_cast<uint64_t>(state[1])),
        element_(static_cast<uint64_t>(element)),
        number_(first) {}

  /// In (0, 1).
  double uniform() {
    if (used_ == 4) {
      block_ = Philox4x32::block(seed_, element_ | number_++ << 48, counter_);
      used_ = 0;
    }
    const double unit = unit_double(block_[used_], block_[used_ + 1]);
    used_ += 2;
    return unit + 0x1p-54;
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(kTwoPi * uniform());
  }

 private:
  uint64_t seed_, counter_, element_, number_;
  Philox4x32::Block block_{};
  size_t used_ = 4;
};

double log_gamma_variate(double alpha, ElementStream& random) {
  if (!(alpha > 0) || std::isinf(alpha)) return alpha > 0 ? alpha : kNan;
  // Below 1: a variate of alpha + 1 times U^(1/alpha).
  const double boost = alpha < 1 ? std::log(random.uniform()) / alpha : 0;
  const double d = (alpha < 1 ? alpha + 1 : alpha) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = random.uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + boost;
  }
}

/// log k! − Stirling's main part: what Hörmann calls fc.
double stirling_rest(double k) {
  return std::lgamma(k + 1) - (k + 0.5) * std::log(k + 1) + (k + 1);
}

/// Counting by inversion, for few expected successes.
double small_binomial(double n, double p, ElementStream& random) {
  const double ratio = p / (1 - p);
  const double start = std::exp(n * std::log1p(-p));
  for (;;) {
    double u = random.uniform(), chance = start;
    for (double k = 0; k <= n; ++k) {
      if (u <= chance) return k;
      u -= chance;
      chance *= ratio * (n - k) / (k + 1);
    }
    // Rounding has eaten the rest of the probability: another try.
  }
}

/// Hörmann's BTRS: transformed rejection with squeeze, for n p ≥ 10 and p ≤ ½.
double large_binomial(double n, double p, ElementStream& random) {
  const double spread = std::sqrt(n * p * (1 - p));
  const double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = n * p + 0.5, v_r = 0.92 - 4.2 / b, odds = p / (1 - p);
  const double alpha = (2.83 + 5.1 / b) * spread, mode = std::floor((n + 1) * p);
  for (;;) {
    const double u = random.uniform() - 0.5, v = random.uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || k > n) continue;
    const double left = std::log(v * alpha / (a / (us * us) + b));
    const double right = (mode + 0.5) * std::log((mode + 1) / (odds * (n - mode + 1))) +
                         (n + 1) * std::log((n - mode + 1) / (n - k + 1)) +
                         (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) + stirling_rest(mode) +
                         stirling_rest(n - mode) - stirling_rest(k) - stirling_rest(n - k);
    if (left <= right) return k;
  }
}

double binomial_variate(double n, double p, ElementStream& random) {
  if (!(n >= 0) || std::isinf(n) || !(p >= 0 && p <= 1)) return kNan;
  n = std::floor(n);
  if (p > 0.5) return n - binomial_variate(n, 1 - p, random);
  if (n == 0 || p == 0) return 0;
  return n * p < 10 ? small_binomial(n, p, random) : large_binomial(n, p, random);
}

/// `one(args, state, i, at)` for each element in parallel: element i of the draw from `state`, at
/// place `at` of the output.
template <class T, class One>
std::unique_ptr<Kernel> element_kernel(const KernelQuery& q, One one) {
  const int64_t total = q.outputs[0].shape.num_elements();
  const int64_t count = total / std::max<int64_t>(1, q.inputs[0].shape.num_elements() / 2);
  const int threads = q.threads;
  return simple_kernel(
      [=](const KernelArgs& args) {
        T* out = args.out<T>(0);
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(total, threads, chunk);
          for (int64_t at = range.begin; at < range.end; ++at) {
            out[at] = one(args, args.in<int64_t>(0) + at / count * 2, at % count, at);
          }
        });
      },
      0, threads);
}

/// The range of `wide` that 128 random bits times it, cut, give.
std::unique_ptr<Kernel> prepare_randint(const KernelQuery& q) {
  const auto& attrs = q.attrs_as<RandintAttrs>();
  const auto low = static_cast<uint64_t>(attrs.low);
  const uint64_t range = static_cast<uint64_t>(attrs.high) - low;
  return dispatch_integer(q.outputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return element_kernel<T>(q, [=](const KernelArgs&, const int64_t* state, int64_t i, int64_t) {
      const auto w = Philox4x32::block(static_cast<uint64_t>(state[0]), static_cast<uint64_t>(i),
                                       static_cast<uint64_t>(state[1]));
      const uint64_t bits = w[0] | uint64_t{w[1]} << 32;
      const auto product = static_cast<unsigned __int128>(bits) * range;
      return static_cast<T>(static_cast<int64_t>(low + static_cast<uint64_t>(product >> 64)));
    });
  });
}

std::unique_ptr<Kernel> prepare_gamma(const KernelQuery& q) {
  // Streams lie 2^14 blocks apart, more than any element takes.
  const uint64_t first = static_cast<uint64_t>(q.attrs_as<RandomGammaAttrs>().stream) << 14;
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return element_kernel<T>(
        q, [first](const KernelArgs& args, const int64_t* state, int64_t i, int64_t at) {
          ElementStream random(state, i, first);
          return static_cast<T>(log_gamma_variate(static_cast<double>(args.in<T>(1)[at]), random));
        });
  });
}

std::unique_ptr<Kernel> prepare_binomial(const KernelQuery& q) {
  return dispatch_float(q.outputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return element_kernel<T>(
        q, [](const KernelArgs& args, const int64_t* state, int64_t i, int64_t at) {
          ElementStream random(state, i, 0);
          return static_cast<T>(binomial_variate(static_cast<double>(args.in<T>(1)[at]),
                                                 static_cast<double>(args.in<T>(2)[at]), random));
        });
  });
}

}  // namespace

KernelDef random_randint() { return {"ref", takes_everything, prepare_randint}; }
KernelDef random_gamma() { return {"ref", takes_everything, prepare_gamma}; }
KernelDef random_binomial() { return {"ref", takes_everything, prepare_binomial}; }

}  // namespace danlu::cpu::ref
