#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/core/tree.h"
#include "danlu/ops/control/control.h"

namespace danlu {

/// remat(f)(x, …): f, whose intermediate values are not kept for the derivative but computed anew
/// from its arguments and captures when the derivative needs them: less memory, about a third more
/// work. Arguments and results are trees of Arrays (tree.h). Inside f nothing can be read or
/// assigned to a Variable. (`keras.remat`, `jax.checkpoint`.)
template <class F>
auto remat(F f) {
  return [f = std::move(f)](const auto&... args) {
    using Arguments =
        std::tuple<std::conditional_t<std::is_arithmetic_v<std::decay_t<decltype(args)>>, Array,
                                      std::decay_t<decltype(args)>>...>;
    using Result = std::decay_t<decltype(std::apply(f, std::declval<Arguments>()))>;
    const Arguments arguments(args...);
    std::optional<Result> prototype;
    const auto outputs = control::remat_call(
        [&](std::span<const Array> x) {
          prototype = Result(std::apply(f, with_arrays(arguments, x)));
          return arrays_of(*prototype);
        },
        arrays_of(arguments));
    return with_arrays(*prototype, outputs);
  };
}

}  // namespace danlu
