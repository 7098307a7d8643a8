#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/core/tree.h"

/// Forward mode, pullbacks, and whole matrices of derivatives. Functions take one argument, an
/// Array or a tree of Arrays (several: a std::tuple), and are called once.
namespace danlu {
namespace internal {

/// Tangents of `outputs` (zeros where there is none), for those of `sources`.
std::vector<Array> push_forward(std::span<const Array> outputs, std::span<const Array> sources,
                                std::span<const Array> tangents);

/// What leads from sources to outputs, kept whatever is evaluated later.
class Pullback {
 public:
  Pullback(std::vector<Array> outputs, std::vector<Array> sources);
  /// Errors: ValueError unless there is one gradient per output; ShapeError.
  std::vector<Array> operator()(std::span<const Array> output_grads) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

enum class JacobianMode { forward, reverse, smaller };
/// ∂output/∂source for each source: shape output.shape + source.shape.
std::vector<Array> jacobians(const Array& output, std::span<const Array> sources,
                             JacobianMode mode);

template <class F, class Tree>
auto jacobian_of(const F& f, const Tree& x, JacobianMode mode) {
  const GradientScope scope;
  const Tree sources = gradient_sources(x);
  const Array output = f(sources);
  return with_arrays(sources, jacobians(output, arrays_of(sources), mode));
}

}  // namespace internal

/// {f(x), the derivative of f at x in the direction `tangent`}. Shapes: `tangent` as `x`, leaf by
/// leaf; the derivative as f(x), zeros where it does not depend on x or is not floating.
/// Errors: ShapeError; UnsupportedError for an op without a derivative.
template <class F, class Tree>
auto jvp(F f, const Tree& x, const Tree& tangent) {
  const internal::GradientScope scope;
  const Tree sources = internal::gradient_sources(x);
  auto value = f(sources);
  using Value =
      std::conditional_t<std::is_convertible_v<decltype(value), Array>, Array, decltype(value)>;
  const Value outputs = value;
  const auto tangents =
      internal::push_forward(arrays_of(outputs), arrays_of(sources), arrays_of(tangent));
  return std::pair{outputs, with_arrays(outputs, tangents)};
}

/// {f(x), pullback}: pullback(g) is gᵀ · ∂f/∂x, a tree like `x`, for a `g` like f(x). It may be
/// called any number of times, whatever was evaluated meanwhile; it keeps every intermediate value.
/// Errors: ShapeError when `g` does not fit; UnsupportedError for an op without a derivative.
template <class F, class Tree>
auto vjp(F f, const Tree& x) {
  const internal::GradientScope scope;
  const Tree sources = internal::gradient_sources(x);
  auto value = f(sources);
  using Value =
      std::conditional_t<std::is_convertible_v<decltype(value), Array>, Array, decltype(value)>;
  const Value outputs = value;
  return std::pair{outputs, [pullback = internal::Pullback(arrays_of(outputs), arrays_of(sources)),
                             sources](const Value& output_grads) {
                     return with_arrays(sources, pullback(arrays_of(output_grads)));
                   }};
}

/// jacobian(f)(x): ∂f/∂x of a function that returns one Array, for each Array of `x`; shape f(x)'s
/// followed by x's. One pass forward per element of x, or one backward per element of f(x),
/// whichever are fewer, all of them at once (`vmap`).
template <class F>
auto jacobian(F f) {
  return [f = std::move(f)](const auto& x) {
    return internal::jacobian_of(f, x, internal::JacobianMode::smaller);
  };
}
/// The same by forward mode.
template <class F>
auto jacfwd(F f) {
  return [f = std::move(f)](const auto& x) {
    return internal::jacobian_of(f, x, internal::JacobianMode::forward);
  };
}
/// The same by reverse mode.
template <class F>
auto jacrev(F f) {
  return [f = std::move(f)](const auto& x) {
    return internal::jacobian_of(f, x, internal::JacobianMode::reverse);
  };
}

/// hessian(f)(x): the second derivatives of a scalar function: forward over reverse mode. For an
/// Array `x`, shape x's twice; for a tree with Arrays x_0 … x_n, blocks[i][j] of shape x_i's
/// followed by x_j's.
/// Errors: ShapeError unless f returns one element.
template <class F>
auto hessian(F f) {
  return [f = std::move(f)](const auto& x) {
    const internal::GradientScope scope;
    const auto sources = internal::gradient_sources(x);
    const std::vector<Array> inputs = arrays_of(sources);
    const auto gradients = arrays_of(grad(f)(sources));
    if constexpr (std::is_same_v<std::decay_t<decltype(x)>, Array>) {
      return internal::jacobians(gradients[0], inputs, internal::JacobianMode::forward)[0];
    } else {
      std::vector<std::vector<Array>> blocks;
      for (const Array& gradient : gradients) {
        blocks.push_back(internal::jacobians(gradient, inputs, internal::JacobianMode::forward));
      }
      return blocks;
    }
  };
}

}  // namespace danlu
