#include "danlu/backends/cpu/ref/cumulative.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/reduction/cumulative_attrs.h"

namespace danlu::cpu {
namespace {

/// An array as (outer, length, inner) around one axis, walked along it from either end. Threads
/// share out the outer part; each keeps the running values of one row of `inner` elements.
struct Walk {
  int64_t outer = 1, length = 1, inner = 1;
  bool reverse = false;
  int threads = 1;

  Walk(const KernelQuery& query, int64_t axis, bool reverse) : reverse(reverse) {
    const Shape& shape = query.outputs[0].shape;
    const auto at = static_cast<int>(axis);
    for (int i = 0; i < at; ++i) outer *= shape[i];
    length = shape[at];
    for (int i = at + 1; i < shape.rank(); ++i) inner *= shape[i];
    threads = static_cast<int>(std::clamp<int64_t>(outer, 1, query.threads));
  }

  template <class Acc>
  size_t scratch() const {
    return static_cast<size_t>(threads) * static_cast<size_t>(inner) * sizeof(Acc);
  }

  /// step(running, at) for each element: its running value and its place.
  template <class Acc, class Step>
  void run(std::byte* scratch, Acc start, Step&& step) const {
    parallel_chunks(threads, [&](int chunk) {
      const Range range = chunk_range(outer, threads, chunk);
      Acc* running = reinterpret_cast<Acc*>(scratch) + chunk * inner;
      for (int64_t o = range.begin; o < range.end; ++o) {
        std::fill_n(running, inner, start);
        for (int64_t k = 0; k < length; ++k) {
          const int64_t row = (o * length + (reverse ? length - 1 - k : k)) * inner;
          for (int64_t i = 0; i < inner; ++i) step(running[i], row + i);
        }
      }
    });
  }
};

struct Sum {
  static constexpr double kStart = 0;
  static double join(double a, double b) { return a + b; }
  static int64_t join(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
struct Prod {
  static constexpr double kStart = 1;
  static double join(double a, double b) { return a * b; }
  static int64_t join(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
};
struct LogSumExp {
  static constexpr double kStart = -std::numeric_limits<double>::infinity();
  static double join(double a, double b) {
    if (a == b && std::isinf(a)) return a;
    return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
  }
  static int64_t join(int64_t a, int64_t) { return a; }
};

template <class Op, class T>
std::unique_ptr<Kernel> prepare_kind(const KernelQuery& query) {
  using Acc = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
  const auto& attrs = query.attrs_as<CumulativeAttrs>();
  const Walk walk(query, attrs.axis, attrs.reverse);
  const Acc start =
      std::is_integral_v<T> && std::isinf(Op::kStart) ? 0 : static_cast<Acc>(Op::kStart);
  const bool exclusive = attrs.exclusive;
  return simple_kernel(
      [walk, start, exclusive](const KernelArgs& args) {
        const T* x = args.in<T>(0);
        T* y = args.out<T>(0);
        walk.run(args.scratch, start, [&](Acc& running, int64_t at) {
          const Acc before = running;
          running = Op::join(running, static_cast<Acc>(x[at]));
          y[at] = convert_element<T>(exclusive ? before : running);
        });
      },
      walk.scratch<Acc>(), walk.threads);
}

std::unique_ptr<Kernel> prepare_cumulative(const KernelQuery& query) {
  return dispatch_real(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    switch (query.attrs_as<CumulativeAttrs>().kind) {
      case CumulativeKind::prod:
        return prepare_kind<Prod, T>(query);
      case CumulativeKind::logsumexp:
        return prepare_kind<LogSumExp, T>(query);
      case CumulativeKind::sum:
        break;
    }
    return prepare_kind<Sum, T>(query);
  });
}

std::unique_ptr<Kernel> prepare_recurrence(const KernelQuery& query) {
  const auto& attrs = query.attrs_as<RecurrenceAttrs>();
  const Walk walk(query, attrs.axis, attrs.reverse);
  return dispatch_float(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [walk](const KernelArgs& args) {
          const T *a = args.in<T>(0), *b = args.in<T>(1);
          T* y = args.out<T>(0);
          walk.run(args.scratch, 0.0, [&](double& running, int64_t at) {
            running = static_cast<double>(a[at]) * running + static_cast<double>(b[at]);
            y[at] = static_cast<T>(running);
          });
        },
        walk.scratch<double>(), walk.threads);
  });
}

}  // namespace

KernelDef ref_cumulative() { return {"ref", takes_everything, prepare_cumulative}; }
KernelDef ref_linear_recurrence() { return {"ref", takes_everything, prepare_recurrence}; }

}  // namespace danlu::cpu
