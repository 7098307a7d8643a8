#include "danlu/backends/cpu/ref/reduction.h"

#include <algorithm>
#include <complex>
#include <limits>
#include <type_traits>
#include <vector>

#include "danlu/base/thread.h"
#include "danlu/ops/reduction/reduction_attrs.h"

namespace danlu::cpu {
namespace {

std::string no_refusal(const KernelQuery&) { return {}; }

/// An axis of the input after neighbours of one kind are merged.
struct Axis {
  int64_t length = 1;
  bool reduced = false;
  int64_t in_stride = 0;
  int64_t out_stride = 0;  ///< 0 for reduced axes
};

/// Outermost first, never empty.
std::vector<Axis> merged_axes(const Shape& shape, const std::vector<int64_t>& reduced) {
  std::vector<Axis> axes;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    const bool is_reduced = std::binary_search(reduced.begin(), reduced.end(), i);
    if (!axes.empty() && axes.back().reduced == is_reduced) {
      axes.back().length *= shape[i];
    } else {
      axes.push_back({.length = shape[i], .reduced = is_reduced});
    }
  }
  if (axes.empty()) axes.push_back({});
  int64_t in = 1, out = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    axes[i].in_stride = in;
    in *= axes[i].length;
    if (axes[i].reduced) continue;
    axes[i].out_stride = out;
    out *= axes[i].length;
  }
  return axes;
}

struct Sum {
  template <class Acc>
  static constexpr Acc start = 0;
  template <class Acc>
  static Acc join(Acc a, Acc b) {
    return a + b;
  }
  static int64_t join(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
struct Prod {
  template <class Acc>
  static constexpr Acc start = 1;
  template <class Acc>
  static Acc join(Acc a, Acc b) {
    return a * b;
  }
  static int64_t join(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
};
struct Max {
  template <class Acc>
  static constexpr Acc start = std::numeric_limits<Acc>::has_infinity
                                   ? -std::numeric_limits<Acc>::infinity()
                                   : std::numeric_limits<Acc>::min();
  template <class Acc>
  static Acc join(Acc a, Acc b) {
    return b > a || b != b ? b : a;
  }
};
struct Min {
  template <class Acc>
  static constexpr Acc start = std::numeric_limits<Acc>::has_infinity
                                   ? std::numeric_limits<Acc>::infinity()
                                   : std::numeric_limits<Acc>::max();
  template <class Acc>
  static Acc join(Acc a, Acc b) {
    return b < a || b != b ? b : a;
  }
};

template <class T>
struct AccumulatorOf {
  using Type = double;
};
template <class T>
requires std::is_integral_v<T>
struct AccumulatorOf<T> {
  using Type = std::conditional_t<std::is_same_v<T, uint64_t>, uint64_t, int64_t>;
};
template <>
struct AccumulatorOf<complex64> {
  using Type = std::complex<double>;
};
template <class T>
using Accumulator = typename AccumulatorOf<T>::Type;

/// Several partial results keep the additions independent of each other: faster, and the error
/// grows more slowly.
template <class Op, class T>
Accumulator<T> reduce_run(const T* x, int64_t n) {
  using Acc = Accumulator<T>;
  constexpr int kParts = 8;
  Acc parts[kParts];
  std::fill_n(parts, kParts, Op::template start<Acc>);
  int64_t i = 0;
  for (; i + kParts <= n; i += kParts) {
    for (int k = 0; k < kParts; ++k) parts[k] = Op::join(parts[k], static_cast<Acc>(x[i + k]));
  }
  for (; i < n; ++i) parts[0] = Op::join(parts[0], static_cast<Acc>(x[i]));
  for (int width = kParts / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) parts[k] = Op::join(parts[k], parts[k + width]);
  }
  return parts[0];
}

template <class Op, class T>
class ReductionKernel final : public Kernel {
 public:
  using Acc = Accumulator<T>;

  explicit ReductionKernel(const KernelQuery& query)
      : axes_(merged_axes(query.inputs[0].shape, query.attrs_as<ReductionAttrs>().axes)),
        in_size_(query.inputs[0].shape.num_elements()),
        out_size_(query.outputs[0].shape.num_elements()),
        out_dtype_(query.outputs[0].dtype) {
    // Threads share out an axis that is kept, so no result depends on how many there are.
    for (size_t i = 0; i < axes_.size() && i < 2; ++i) {
      if (axes_[i].reduced) continue;
      split_ = static_cast<int>(i);
      threads_ = static_cast<int>(std::clamp<int64_t>(axes_[i].length, 1, query.threads));
      break;
    }
  }

  void run(const KernelArgs& args) const override {
    Acc* results = reinterpret_cast<Acc*>(args.scratch);
    std::fill_n(results, out_size_, Op::template start<Acc>);
    if (in_size_ > 0) {
      parallel_chunks(threads_, [&](int chunk) { walk(0, args.in<T>(0), results, chunk); });
    }
    store(results, args.outputs[0]);
  }
  size_t scratch_bytes() const override { return static_cast<size_t>(out_size_) * sizeof(Acc); }
  int threads() const override { return threads_; }

 private:
  /// Totals of bool and narrow integers come out as int32 or uint32, everything else as it went in.
  void store(const Acc* results, void* out) const {
    const auto store_as = [&](auto tag) {
      using Out = decltype(tag);
      std::transform(results, results + out_size_, static_cast<Out*>(out),
                     convert_element<Out, Acc>);
    };
    if (out_dtype_ == dtype_of<T>) {
      store_as(T{});
    } else if (out_dtype_ == DType::uint32) {
      store_as(uint32_t{});
    } else {
      store_as(int32_t{});
    }
  }

  void walk(size_t level, const T* x, Acc* results, int chunk) const {
    const Axis& axis = axes_[level];
    Range range{0, axis.length};
    if (static_cast<int>(level) == split_) range = chunk_range(axis.length, threads_, chunk);
    if (level + 1 < axes_.size()) {
      for (int64_t i = range.begin; i < range.end; ++i) {
        walk(level + 1, x + i * axis.in_stride, results + i * axis.out_stride, chunk);
      }
    } else if (axis.reduced) {
      *results = Op::join(*results, reduce_run<Op>(x + range.begin, range.end - range.begin));
    } else {
      for (int64_t i = range.begin; i < range.end; ++i) {
        results[i] = Op::join(results[i], static_cast<Acc>(x[i]));
      }
    }
  }

  std::vector<Axis> axes_;
  int64_t in_size_;
  int64_t out_size_;
  DType out_dtype_;
  int split_ = -1;
  int threads_ = 1;
};

std::unique_ptr<Kernel> prepare_sum(const KernelQuery& query) {
  return dispatch(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ReductionKernel<Sum, decltype(tag)>>(query);
  });
}

template <class Op>
std::unique_ptr<Kernel> prepare_real(const KernelQuery& query) {
  return dispatch_real(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ReductionKernel<Op, decltype(tag)>>(query);
  });
}

/// Over (outer, length, inner). The first of equals wins; NaN beats every number.
template <class Op, class T>
class ArgKernel final : public Kernel {
 public:
  using Acc = Accumulator<T>;

  explicit ArgKernel(const KernelQuery& query) {
    const Shape& shape = query.inputs[0].shape;
    const auto axis = static_cast<int>(query.attrs_as<ReductionAttrs>().axes[0]);
    for (int i = 0; i < axis; ++i) outer_ *= shape[i];
    length_ = shape[axis];
    for (int i = axis + 1; i < shape.rank(); ++i) inner_ *= shape[i];
    threads_ = static_cast<int>(std::clamp<int64_t>(outer_, 1, query.threads));
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(outer_, threads_, chunk);
      for (int64_t o = range.begin; o < range.end; ++o) {
        const T* x = args.in<T>(0) + o * length_ * inner_;
        int64_t* winner = args.out<int64_t>(0) + o * inner_;
        std::fill_n(winner, inner_, 0);
        for (int64_t k = 1; k < length_; ++k) {
          for (int64_t i = 0; i < inner_; ++i) {
            const auto best = static_cast<Acc>(x[winner[i] * inner_ + i]);
            const auto other = static_cast<Acc>(x[k * inner_ + i]);
            if (best == best &&
                (other != other || (other != best && Op::join(best, other) == other))) {
              winner[i] = k;
            }
          }
        }
      }
    });
  }
  int threads() const override { return threads_; }

 private:
  int64_t outer_ = 1, length_ = 1, inner_ = 1;
  int threads_ = 1;
};

template <class Op>
std::unique_ptr<Kernel> prepare_arg(const KernelQuery& query) {
  return dispatch_real(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ArgKernel<Op, decltype(tag)>>(query);
  });
}

}  // namespace

KernelDef ref_sum() { return {"ref", no_refusal, prepare_sum}; }
KernelDef ref_prod() { return {"ref", no_refusal, prepare_real<Prod>}; }
KernelDef ref_max() { return {"ref", no_refusal, prepare_real<Max>}; }
KernelDef ref_min() { return {"ref", no_refusal, prepare_real<Min>}; }
KernelDef ref_argmax() { return {"ref", no_refusal, prepare_arg<Max>}; }
KernelDef ref_argmin() { return {"ref", no_refusal, prepare_arg<Min>}; }

}  // namespace danlu::cpu
