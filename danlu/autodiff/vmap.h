#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/tree.h"

namespace danlu {

/// An axis of a batch; `std::nullopt`: none, the same for all elements.
using BatchAxis = std::optional<int64_t>;

struct VmapOptions {
  /// Per argument, the axis along which its elements lie; one entry serves all arguments. A tree
  /// uses its entry for all of its Arrays.
  std::vector<BatchAxis> in_axes = {0};
  /// Per Array of the result, where the batch axis goes; one entry serves all.
  std::vector<BatchAxis> out_axes = {0};
  /// The size of the batch, where no argument tells it.
  std::optional<int64_t> axis_size;
};

namespace internal {

/// One call of a vmapped function: collects its arguments, then makes the batched results.
class VmapCall {
 public:
  explicit VmapCall(const VmapOptions& options, size_t arguments);
  /// What the function gets in place of `x`, an Array of argument `argument`.
  Array element(const Array& x, size_t argument);
  /// Errors: ValueError when nothing tells the size, or the axes of the results do not fit.
  std::vector<Array> batched(const std::vector<Array>& outputs) const;

 private:
  const VmapOptions& options_;
  std::optional<int64_t> size_;
  std::vector<Array> elements_, values_;
};

template <class F>
class Vmap {
 public:
  Vmap(F f, VmapOptions options) : f_(std::move(f)), options_(std::move(options)) {}

  template <class... Args>
  auto operator()(const Args&... args) const {
    using Arguments = std::tuple<std::conditional_t<std::is_arithmetic_v<Args>, Array, Args>...>;
    using Result = std::decay_t<decltype(std::apply(f_, std::declval<Arguments>()))>;
    VmapCall call(options_, sizeof...(Args));
    Arguments arguments(args...);
    size_t argument = 0;
    const auto replace = [&](auto& tree) {
      for_each_array(tree, [&](Array& x) { x = call.element(x, argument); });
      ++argument;
    };
    std::apply([&](auto&... trees) { (replace(trees), ...); }, arguments);
    const Result result = std::apply(f_, arguments);
    return with_arrays(result, call.batched(arrays_of(result)));
  }

 private:
  F f_;
  VmapOptions options_;
};

}  // namespace internal

/// vmap(f)(x, …): f of each element of a batch, as one computation for all of them; f itself is
/// written for, and sees, one element. Nests, and composes with grad, jvp and jit in any order.
/// Arguments and results are trees of Arrays (tree.h). What does not depend on a mapped argument is
/// computed once; so are random numbers, which each element has for itself only where their state
/// is mapped (one row {seed, counter} per element). Inside f nothing can be read (`item`) or
/// assigned to a Variable. Errors: ShapeError for an axis that an argument does not have and for
/// different batch sizes; ValueError when no argument is mapped and `axis_size` is missing;
/// StateError for a read.
template <class F>
auto vmap(F f, VmapOptions options = {}) {
  return internal::Vmap<F>(std::move(f), std::move(options));
}

/// f of each element along the first axis of the Arrays in `elements`, all at once, stacked.
template <class F, class Elements>
auto vectorized_map(const F& function, const Elements& elements) {
  return vmap(function)(elements);
}

}  // namespace danlu
