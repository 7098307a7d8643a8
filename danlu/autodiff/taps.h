#pragma once

#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/core/tree.h"
#include "danlu/ops/tap.h"

namespace danlu {

/// with_taps(f)(x, …): {f(x, …), what `tap` named on the way to its results}, as
/// std::map<std::string, Array>. Compiles like any function: `jit(with_taps(f))` keeps the tapped
/// values readable, `jit(f)` pays nothing for them.
template <class F>
auto with_taps(F f) {
  return [f = std::move(f)](const auto&... args) {
    auto result = f(args...);
    using Result =
        std::conditional_t<std::is_convertible_v<decltype(result), Array>, Array, decltype(result)>;
    const Result tree = result;
    return std::pair{tree, collect_taps(arrays_of(tree))};
  };
}

}  // namespace danlu
