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

/// Calls `f` for every Array in `tree` and every other value (number, string, map key, length of a
/// container), in a fixed order.
template <class T, class F>
void for_each_leaf(T& tree, F&& f) {
  using Plain = std::remove_const_t<T>;
  if constexpr (ArrayTree<T>) {
    tree.tree([&](auto& member) { for_each_leaf(member, f); });
  } else if constexpr (requires { std::tuple_size<Plain>::value; }) {
    std::apply([&](auto&... members) { (for_each_leaf(members, f), ...); }, tree);
  } else if constexpr (requires { typename Plain::mapped_type; }) {
    const size_t size = tree.size();
    f(size);
    for (auto& [key, member] : tree) f(key), for_each_leaf(member, f);
  } else if constexpr (requires {
                         typename Plain::value_type;
                         tree.begin();
                         tree.size();
                       } &&
                       !std::is_same_v<Plain, std::string>) {
    const size_t size = tree.size();
    f(size);
    for (auto& member : tree) for_each_leaf(member, f);
  } else {
    f(tree);
  }
}

/// Calls `f(Array&)` for every Array in `tree`, in a fixed order.
template <class T, class F>
void for_each_array(T& tree, F&& f) {
  for_each_leaf(tree, [&](auto& leaf) {
    if constexpr (std::is_same_v<std::decay_t<decltype(leaf)>, Array>) f(leaf);
  });
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
