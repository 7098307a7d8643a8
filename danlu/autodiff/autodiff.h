#pragma once

#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/tree.h"

namespace danlu {

/// Reverse mode on the lazy graph: for each of `inputs`, Σ over outputs of output_gradᵀ · ∂output /
/// ∂input, as lazy Arrays (zeros where nothing depends on it). These are total derivatives: an
/// input that is computed from another one passes its gradient on. Derivatives of any order follow
/// by calling it on its own results.
/// Shapes: output_grads[i] as outputs[i]; an undefined one counts as 0.
/// Errors: UnsupportedError for an op without a derivative; StateError when an output was evaluated
/// before and its history is gone.
std::vector<Array> vjp(std::span<const Array> outputs, std::span<const Array> output_grads,
                       std::span<const Array> inputs);

/// Gradients of a scalar. Errors: ShapeError unless `loss` has one element; DTypeError unless it is
/// floating.
std::vector<Array> gradients(const Array& loss, std::span<const Array> inputs);

struct GradOptions {
  /// The function returns {loss, anything else}. Which it does is seen from its type; stating it
  /// documents the call.
  bool has_aux = false;
};

namespace internal {

/// A new handle on the same value whose history survives evaluation.
Array gradient_source(const Array& x);
/// `gradients` by Arrays of which none is computed from another.
std::vector<Array> source_gradients(const Array& loss, std::span<const Array> sources);

template <class Tree>
Tree gradient_sources(const Tree& tree) {
  Tree sources = tree;
  for_each_array(sources, [](Array& x) { x = gradient_source(x); });
  return sources;
}

template <class Tree>
Tree tree_gradients(const Array& loss, const Tree& sources) {
  const auto inputs = arrays_of(sources);
  return with_arrays(sources, source_gradients(loss, inputs));
}

template <class F>
class ValueAndGrad {
 public:
  explicit ValueAndGrad(F f) : f_(std::move(f)) {}

  /// {value, gradient}, or {loss, aux, gradient} when the function returns a pair.
  template <class First, class... Rest>
  auto operator()(const First& first, const Rest&... rest) const {
    const GradientScope scope;
    using Tree = std::conditional_t<std::is_arithmetic_v<First>, Array, First>;
    const Tree sources = gradient_sources<Tree>(first);
    auto result = f_(sources, rest...);
    if constexpr (std::is_convertible_v<decltype(result), Array>) {
      const Array loss = result;
      return std::pair{loss, tree_gradients(loss, sources)};
    } else {
      const Array loss = result.first;
      return std::tuple{loss, std::move(result.second), tree_gradients(loss, sources)};
    }
  }

 private:
  F f_;
};

}  // namespace internal

/// value_and_grad(f)(x, …) evaluates f and differentiates it by its first argument: an Array or any
/// tree of Arrays (see tree.h). If f returns `std::pair{loss, aux}`, so is the value.
template <class F>
auto value_and_grad(F f, GradOptions = {}) {
  return internal::ValueAndGrad<F>(std::move(f));
}

/// grad(f)(x, …): only the gradient; with a pair-returning f, {gradient, aux}.
template <class F>
auto grad(F f) {
  return [value_and_grad_f = value_and_grad(std::move(f))](const auto& first, const auto&... rest) {
    auto result = value_and_grad_f(first, rest...);
    if constexpr (std::tuple_size_v<decltype(result)> == 2) {
      return std::get<1>(result);
    } else {
      return std::pair{std::get<2>(result), std::get<1>(result)};
    }
  };
}

/// Hessian-vector product of a scalar function: d/dx (∇f(x) · v). Shapes: `v` as `x`.
template <class F>
Array hvp(F f, const Array& x, const Array& v) {
  const internal::GradientScope scope;
  const Array source = internal::gradient_source(x);
  const Array first = grad(f)(source);
  const std::vector<Array> outputs = {first}, seeds = {v}, inputs = {source};
  return vjp(outputs, seeds, inputs)[0];
}

/// What a custom derivative gets: the inputs, outputs and output gradients of one call; it returns
/// one gradient per input (undefined: 0), written in ops.
using CustomBackward = std::function<std::vector<Array>(
    std::span<const Array> inputs, std::span<const Array> outputs, std::span<const Array> grads)>;

/// A function with a derivative of its own: `forward` computes, `backward` replaces what automatic
/// differentiation would have made. Arrays that `forward` captures are constants: no gradient
/// reaches them, so what is to be differentiated must be among the inputs.
std::function<std::vector<Array>(std::span<const Array>)> custom_derivative(
    std::function<std::vector<Array>(std::span<const Array>)> forward, CustomBackward backward);

}  // namespace danlu
