#pragma once

#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/variable.h"

/// Nested containers of Arrays as arguments and results of transformed functions. A user's struct
/// takes part with `template <class V> void tree(V&& visit) { visit(a), visit(b); }`, its members
/// in any nesting. Other values (numbers, strings) are passed through untouched.
namespace danlu {

template <class T>
concept ArrayTree = requires(T& t) {
  t.tree([](auto&) {});
};

/// Calls `f(Array&)` for every Array in `tree`, in a fixed order.
template <class T, class F>
void for_each_array(T& tree, F&& f) {
  if constexpr (std::is_same_v<std::remove_const_t<T>, Array>) {
    f(tree);
  } else if constexpr (ArrayTree<T>) {
    tree.tree([&](auto& member) { for_each_array(member, f); });
  } else if constexpr (requires { std::tuple_size<std::remove_const_t<T>>::value; }) {
    std::apply([&](auto&... members) { (for_each_array(members, f), ...); }, tree);
  } else if constexpr (requires { typename T::mapped_type; }) {
    for (auto& [key, member] : tree) for_each_array(member, f);
  } else if constexpr (requires {
                         typename T::value_type;
                         tree.begin();
                       } &&
                       !std::is_same_v<std::remove_const_t<T>, std::string>) {
    for (auto& member : tree) for_each_array(member, f);
  }
}

template <class T>
std::vector<Array> arrays_of(const T& tree) {
  std::vector<Array> arrays;
  for_each_array(const_cast<T&>(tree), [&](Array& array) { arrays.push_back(array); });
  return arrays;
}

/// `like` with its Arrays replaced, in order, by those from `arrays` on.
template <class T>
T with_arrays(T like, std::span<const Array> arrays) {
  size_t next = 0;
  for_each_array(like, [&](Array& array) { array = arrays[next++]; });
  return like;
}

}  // namespace danlu
