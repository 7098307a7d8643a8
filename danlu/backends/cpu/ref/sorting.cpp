#include "danlu/backends/cpu/ref/sorting.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "danlu/backends/cpu/rows.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/sorting/sorting_attrs.h"

namespace danlu::cpu::ref {
namespace {

/// NaN is greater than every number.
template <class T>
bool before(T a, T b) {
  return a < b || (a == a && b != b);
}

/// The same, and −0 before +0.
template <class T>
bool before_by_sign(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a == b) {
      return std::signbit(static_cast<double>(a)) && !std::signbit(static_cast<double>(b));
    }
  }
  return before(a, b);
}

std::unique_ptr<Kernel> prepare_sort(const KernelQuery& q) {
  const Rows rows(q.inputs[0].shape, q.attrs_as<AxisAttrs>().axis);
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel(
        [rows](const KernelArgs& args) {
          T* row = reinterpret_cast<T*>(args.scratch);
          for_each_row(rows, 1, [&](int64_t r, int) {
            const T* from = args.in<T>(0) + rows.begin(r);
            T* to = args.out<T>(0) + rows.begin(r);
            for (int64_t i = 0; i < rows.length; ++i) row[i] = from[i * rows.stride];
            std::sort(row, row + rows.length, before_by_sign<T>);
            for (int64_t i = 0; i < rows.length; ++i) to[i * rows.stride] = row[i];
          });
        },
        static_cast<size_t>(rows.length) * sizeof(T));
  });
}

std::unique_ptr<Kernel> prepare_argsort(const KernelQuery& q) {
  const Rows rows(q.inputs[0].shape, q.attrs_as<AxisAttrs>().axis);
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel(
        [rows](const KernelArgs& args) {
          auto* order = reinterpret_cast<int32_t*>(args.scratch);
          for_each_row(rows, 1, [&](int64_t r, int) {
            const T* from = args.in<T>(0) + rows.begin(r);
            auto* to = args.out<int32_t>(0) + rows.begin(r);
            std::iota(order, order + rows.length, 0);
            std::stable_sort(order, order + rows.length, [&](int32_t a, int32_t b) {
              return before(from[a * rows.stride], from[b * rows.stride]);
            });
            for (int64_t i = 0; i < rows.length; ++i) to[i * rows.stride] = order[i];
          });
        },
        static_cast<size_t>(rows.length) * sizeof(int32_t));
  });
}

std::unique_ptr<Kernel> prepare_top_k(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1], k = q.attrs_as<TopKAttrs>().k;
  const int64_t count = n == 0 ? 0 : q.inputs[0].shape.num_elements() / n;
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel(
        [=](const KernelArgs& args) {
          auto* order = reinterpret_cast<int32_t*>(args.scratch);
          for (int64_t row = 0; row < count; ++row) {
            const T* from = args.in<T>(0) + row * n;
            std::iota(order, order + n, 0);
            std::partial_sort(order, order + k, order + n, [&](int32_t a, int32_t b) {
              if (before(from[b], from[a])) return true;
              return !before(from[a], from[b]) && a < b;
            });
            for (int64_t i = 0; i < k; ++i) {
              args.out<T>(0)[row * k + i] = from[order[i]];
              args.out<int32_t>(1)[row * k + i] = order[i];
            }
          }
        },
        static_cast<size_t>(n) * sizeof(int32_t));
  });
}

std::unique_ptr<Kernel> prepare_searchsorted(const KernelQuery& q) {
  const Shape& vectors = q.inputs[0].shape;
  const int64_t n = vectors[-1], count = q.inputs[1].shape.num_elements();
  const int64_t sequences = vectors.without_axis(-1).num_elements();
  const int64_t per_sequence = std::max<int64_t>(1, count / std::max<int64_t>(1, sequences));
  const bool right = q.attrs_as<SearchSortedAttrs>().right;
  const int threads = q.threads;
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return simple_kernel(
        [=](const KernelArgs& args) {
          const T* values = args.in<T>(1);
          auto* out = args.out<int32_t>(0);
          parallel_chunks(threads, [&](int chunk) {
            const Range range = chunk_range(count, threads, chunk);
            for (int64_t i = range.begin; i < range.end; ++i) {
              const T value = values[i];
              const T* sequence = args.in<T>(0) + i / per_sequence * n;
              const T* first = sequence;
              // Halving without a branch that could be guessed wrong.
              for (int64_t length = n; length > 0;) {
                const int64_t half = (length + 1) / 2;
                const bool below =
                    right ? !before(value, first[half - 1]) : before(first[half - 1], value);
                first = below ? first + half : first;
                length = below ? length - half : half - 1;
              }
              out[i] = static_cast<int32_t>(first - sequence);
            }
          });
        },
        0, threads);
  });
}

}  // namespace

KernelDef sort() { return {"ref", takes_everything, prepare_sort}; }
KernelDef argsort() { return {"ref", takes_everything, prepare_argsort}; }
KernelDef top_k() { return {"ref", takes_everything, prepare_top_k}; }
KernelDef searchsorted() { return {"ref", takes_everything, prepare_searchsorted}; }

}  // namespace danlu::cpu::ref
