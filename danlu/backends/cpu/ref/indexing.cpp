#include "danlu/backends/cpu/ref/indexing.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "danlu/backends/cpu/ref/broadcast_loop.h"
#include "danlu/backends/cpu/ref/index_reader.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/indexing/indexing_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu::cpu::ref {
namespace {

int64_t product(const Shape& shape, int begin, int end) {
  int64_t n = 1;
  for (int i = begin; i < end; ++i) n *= shape[i];
  return n;
}

/// Calls `f(T{})` with an unsigned integer as wide as the elements.
template <class F>
void dispatch_width(DType dtype, F&& f) {
  switch (size_of(dtype)) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

/// One operand at a time as `a = combine(a, b)`; NaN wins in max and min.
template <class T>
T combined(ScatterMode mode, T a, T b) {
  if constexpr (is_complex_type<T>) {
    if (mode == ScatterMode::add) return a + b;
    if (mode == ScatterMode::mul) return a * b;
  } else if constexpr (!std::is_same_v<T, bool>) {
    switch (mode) {
      case ScatterMode::add:
        return static_cast<T>(a + b);
      case ScatterMode::mul:
        return static_cast<T>(a * b);
      case ScatterMode::max:
        return a != a || a > b ? a : b;
      case ScatterMode::min:
        return a != a || a < b ? a : b;
      case ScatterMode::set:
        break;
    }
  }
  return b;
}

/// Sums and products of integers wrap.
template <class T>
auto wrapping(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<uint64_t>(x);
  } else {
    return x;
  }
}

/// (outer, size, inner) changed at indices (count) by updates (outer, count, inner).
struct ScatterGeometry {
  int64_t outer, size, inner, count;
  ScatterMode mode;

  template <class T>
  void run(T* out, const T* updates, const int64_t* indices) const {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t k = 0; k < count; ++k, updates += inner) {
        T* row = out + (o * size + indices[k]) * inner;
        if (mode == ScatterMode::set) {
          std::copy_n(updates, inner, row);
        } else if (mode == ScatterMode::add || mode == ScatterMode::mul) {
          for (int64_t i = 0; i < inner; ++i) {
            row[i] = static_cast<T>(combined(mode, wrapping(row[i]), wrapping(updates[i])));
          }
        } else {
          for (int64_t i = 0; i < inner; ++i) row[i] = combined<T>(mode, row[i], updates[i]);
        }
      }
    }
  }
};

class ScatterKernel final : public Kernel {
 public:
  explicit ScatterKernel(const KernelQuery& query)
      : spec_(query.outputs[0]),
        geometry_{.size = query.attrs_as<ScatterAttrs>().size,
                  .mode = query.attrs_as<ScatterAttrs>().mode},
        reader_(query.inputs[1], geometry_.size) {
    const auto axis = static_cast<int>(query.attrs_as<ScatterAttrs>().axis);
    geometry_.outer = product(spec_.shape, 0, axis);
    geometry_.inner = product(spec_.shape, axis + 1, spec_.shape.rank());
    geometry_.count = reader_.count();
  }

  void run(const KernelArgs& args) const override {
    if (args.inputs[0] != args.outputs[0] && spec_.bytes() > 0) {
      std::memcpy(args.outputs[0], args.inputs[0], spec_.bytes());
    }
    auto* indices = reinterpret_cast<int64_t*>(args.scratch);
    if (!reader_.read(args, 1, indices)) return;
    if (is_half() && geometry_.mode != ScatterMode::set) {
      return spec_.dtype == DType::bfloat16 ? run_widened<bfloat16>(args, indices)
                                            : run_widened<float16>(args, indices);
    }
    dispatch(spec_.dtype, [&](auto tag) {
      using T = decltype(tag);
      if constexpr (!std::is_same_v<T, bfloat16> && !std::is_same_v<T, float16>) {
        geometry_.run<T>(args.out<T>(0), args.in<T>(2), indices);
      } else {
        geometry_.run<uint16_t>(args.out<uint16_t>(0), args.in<uint16_t>(2), indices);
      }
    });
  }
  size_t scratch_bytes() const override {
    const size_t wide = is_half() ? sizeof(float) : 0;
    return reader_.bytes() +
           wide * static_cast<size_t>(spec_.shape.num_elements() +
                                      geometry_.outer * geometry_.count * geometry_.inner);
  }
  bool may_alias(int output, int input) const override { return output == 0 && input == 0; }

 private:
  bool is_half() const { return is_floating(spec_.dtype) && size_of(spec_.dtype) == 2; }

  /// Sums of many narrow numbers are rounded once.
  template <class T>
  void run_widened(const KernelArgs& args, const int64_t* indices) const {
    auto* sums = reinterpret_cast<float*>(args.scratch + reader_.bytes());
    const int64_t size = spec_.shape.num_elements();
    float* updates = sums + size;
    T* out = args.out<T>(0);
    std::transform(out, out + size, sums, [](T x) { return static_cast<float>(x); });
    std::transform(args.in<T>(2),
                   args.in<T>(2) + geometry_.outer * geometry_.count * geometry_.inner, updates,
                   [](T x) { return static_cast<float>(x); });
    geometry_.run<float>(sums, updates, indices);
    std::transform(sums, sums + size, out, [](float x) { return static_cast<T>(x); });
  }

  TensorSpec spec_;
  ScatterGeometry geometry_;
  IndexReader reader_;
};

/// (outer, size, inner) at indices (outer, count, inner).
std::unique_ptr<Kernel> prepare_take_along_axis(const KernelQuery& q) {
  const auto [attr_axis, size] = q.attrs_as<TakeAttrs>();
  const auto axis = static_cast<int>(attr_axis);
  const Shape& shape = q.outputs[0].shape;
  const int64_t rows = product(shape, 0, axis) * shape[axis];
  const int64_t inner = product(shape, axis + 1, shape.rank());
  const int64_t count = shape[axis];
  const int threads = q.threads;
  const TensorSpec x = q.inputs[0], indices = q.inputs[1];
  return simple_kernel(
      [=, size = size](const KernelArgs& args) {
        dispatch_integer(indices.dtype, [&](auto index_tag) {
          const auto* index = args.in<decltype(index_tag)>(1);
          dispatch_width(x.dtype, [&](auto tag) {
            using T = decltype(tag);
            const T* from = args.in<T>(0);
            T* to = args.out<T>(0);
            parallel_chunks(threads, [&](int chunk) {
              const Range range = chunk_range(rows, threads, chunk);
              for (int64_t row = range.begin; row < range.end; ++row) {
                const T* base = from + row / count * size * inner;
                for (int64_t i = 0; i < inner; ++i) {
                  const int64_t at = row * inner + i;
                  auto k = as_index(index[at]);
                  if (k < 0) k += size;
                  if (k < 0 || k >= size) {
                    args.fault(as_index(index[at]));
                    to[at] = T{};
                  } else {
                    to[at] = base[k * inner + i];
                  }
                }
              }
            });
          });
        });
      },
      0, threads);
}

/// Σ index · stride, axis by axis over the broadcast output.
std::unique_ptr<Kernel> prepare_ravel(const KernelQuery& q) {
  const Shape shape = q.attrs_as<RavelIndexAttrs>().shape;
  std::vector<BroadcastLoop> loops;
  std::vector<DType> dtypes;
  for (const TensorSpec& input : q.inputs) {
    loops.emplace_back(q.outputs[0].shape, std::span(&input, 1));
    dtypes.push_back(input.dtype);
  }
  const int64_t count = q.outputs[0].shape.num_elements();
  const int threads = q.threads;
  return simple_kernel(
      [=](const KernelArgs& args) {
        auto* out = args.out<int64_t>(0);
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(count, threads, chunk);
          std::fill(out + range.begin, out + range.end, int64_t{0});
          int64_t stride = 1;
          for (int axis = shape.rank() - 1; axis >= 0; stride *= shape[axis], --axis) {
            const auto a = static_cast<size_t>(axis);
            const int64_t size = shape[axis];
            dispatch_integer(dtypes[a], [&](auto tag) {
              const auto* from = args.in<decltype(tag)>(axis);
              const int64_t step = loops[a].strides()[0];
              loops[a].for_each_run(range.begin, range.end,
                                    [&](const auto& offsets, int64_t first, int64_t n) {
                                      for (int64_t i = 0; i < n; ++i) {
                                        const int64_t given = as_index(from[offsets[0] + i * step]);
                                        const int64_t index = given < 0 ? given + size : given;
                                        if (index < 0 || index >= size) {
                                          args.fault(given);
                                        } else {
                                          out[first + i] += index * stride;
                                        }
                                      }
                                    });
            });
          }
        });
      },
      0, threads);
}

}  // namespace

KernelDef take_along_axis() { return {"ref", takes_everything, prepare_take_along_axis}; }
KernelDef scatter_along() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<ScatterKernel>(q);
          }};
}
KernelDef ravel_multi_index() { return {"ref", takes_everything, prepare_ravel}; }

}  // namespace danlu::cpu::ref
