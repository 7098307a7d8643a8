#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/tree.h"
#include "danlu/ops/control/control.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

/// Control flow as Keras and JAX have it: functions become subgraphs of one lazy op, which runs
/// inside any plan. Operands, carries and results are trees of Arrays (core/tree.h). Arrays that a
/// function captures become inputs of the op, so gradients reach them. Inside such a function no
/// value can be read and no Variable assigned.
///
/// Derivatives of every order: `cond`, `switch_`, `scan`, `map`, `associative_scan` and `fori_loop`
/// with numbers as bounds in both modes; `while_loop`, and `fori_loop` with Arrays as bounds, in
/// forward mode only. Under `vmap` a condition per element becomes a selection, and a loop runs
/// until all elements are done.
namespace danlu {
namespace internal {

template <class T>
using Operand = std::conditional_t<std::is_arithmetic_v<T>, Array, T>;
/// What a function returns, with a number for an Array.
template <class T>
using AsTree = std::conditional_t<std::is_convertible_v<T, Array>, Array, T>;

template <class F, class Tree>
decltype(auto) apply_tree(const F& f, const Tree& tree) {
  if constexpr (requires { std::tuple_size<Tree>::value; }) {
    return std::apply(f, tree);  // Keras passes the members of a tuple one by one
  } else {
    return f(tree);
  }
}

/// A scalar truth value. Errors: ShapeError.
Array as_condition(const std::string& where, const Array& x);
/// A scalar int32. Errors: ShapeError, DTypeError.
Array as_index(const std::string& where, const Array& x);
/// The common length of sequences. Errors: ShapeError, ValueError.
int64_t scan_length(const std::string& where, const std::vector<Array>& sequences,
                    std::optional<int64_t> length);

/// Calls every branch with placeholders for `operands`.
template <class Branches, class Operands>
auto run_branches(const Array& index, const Branches& branches, const Operands& operands) {
  const std::vector<Array> values = arrays_of(operands);
  std::vector<Array> arguments;
  for (const Array& value : values) arguments.push_back(make_placeholder(value.spec()));
  const Operands traced = with_arrays(operands, arguments);
  using Result = AsTree<std::decay_t<decltype(std::apply(*std::begin(branches), traced))>>;
  std::vector<Result> results;
  const TraceScope scope;
  for (const auto& branch : branches) results.push_back(std::apply(branch, traced));
  if (results.empty()) {
    throw ValueError({.where = "switch", .what = "There is no branch", .expected = "at least one"});
  }
  std::vector<std::vector<Array>> outputs;
  for (const Result& result : results) outputs.push_back(arrays_of(result));
  return with_arrays(results[0], control::switch_traced(index, arguments, outputs, values, scope));
}

}  // namespace internal

/// true_fn(operands…) where `pred` (a scalar; anything but 0 is true) holds, else false_fn's; only
/// the one that is taken runs. Both return the same tree of Arrays.
/// Errors: ShapeError or DTypeError when the results differ or `pred` is no scalar.
template <class True, class False, class... Operands>
auto cond(const Array& pred, const True& true_fn, const False& false_fn,
          const Operands&... operands) {
  using Arguments = std::tuple<internal::Operand<Operands>...>;
  using Result = internal::AsTree<
      std::decay_t<decltype(true_fn(std::declval<internal::Operand<Operands>>()...))>>;
  using Branch = std::function<Result(const internal::Operand<Operands>&...)>;
  const Array chosen = cast(internal::as_condition("cond", pred), DType::int32);
  return internal::run_branches(chosen, std::vector<Branch>{false_fn, true_fn},
                                Arguments(operands...));
}

/// branches[index](operands…), a list of functions of one type; an index out of range is the first
/// or the last. Only the branch that is taken runs. (Keras's `switch`.)
/// Errors: ShapeError or DTypeError when the results differ or `index` is no integer scalar;
/// ValueError without branches.
template <class Branches, class... Operands>
auto switch_(const Array& index, const Branches& branches, const Operands&... operands) {
  return internal::run_branches(internal::as_index("switch", index), branches,
                                std::tuple<internal::Operand<Operands>...>(operands...));
}

/// Calls `body` on its own results as long as `cond` holds, at most `maximum_iterations` times. The
/// members of a std::tuple are passed one by one.
/// Errors: ShapeError or DTypeError when the body returns another spec than it got.
template <class Cond, class BodyFn, class Vars>
auto while_loop(const Cond& cond, const BodyFn& body, const Vars& loop_vars,
                std::optional<int64_t> maximum_iterations = {}) {
  const internal::Operand<Vars> carry = loop_vars;
  const auto results = control::while_call(
      [&](std::span<const Array> now) {
        const Array proceed = internal::apply_tree(cond, with_arrays(carry, now));
        return std::vector{internal::as_condition("while_loop", proceed)};
      },
      [&](std::span<const Array> now) {
        const internal::Operand<Vars> next = internal::apply_tree(body, with_arrays(carry, now));
        return arrays_of(next);
      },
      arrays_of(carry), maximum_iterations.value_or(-1));
  return with_arrays(carry, results);
}

struct ScanOptions {
  std::optional<int64_t> length;  ///< needed where no sequence tells it
  bool reverse = false;           ///< from the last element to the first
  /// Reverse mode keeps the carries of all steps only and computes everything else anew: less
  /// memory, more work.
  bool rematerialize = false;
  /// So many steps make one turn of the loop: fewer turns, and more that can be fused in each. As
  /// many as there are elements or more: no loop is left.
  int64_t unroll = 1;
};

/// f(carry, x) → std::pair{carry, y} for each x along the first axis of the Arrays in `xs`: {the
/// last carry, the ys stacked}.
/// Errors: ShapeError for sequences of different lengths and for a carry that changes; ValueError
/// when nothing tells the length.
template <class F, class Init, class Xs>
auto scan(const F& f, const Init& init, const Xs& xs, const ScanOptions& options = {}) {
  using Carry = internal::Operand<Init>;
  using Step = std::decay_t<decltype(f(std::declval<Carry>(), xs))>;
  using Result = internal::AsTree<typename Step::second_type>;
  const Carry carry = init;
  const std::vector<Array> first = arrays_of(carry), sequences = arrays_of(xs);
  const int64_t length = internal::scan_length("scan", sequences, options.length);
  std::optional<Result> prototype;
  const auto outputs = control::scan_call(
      [&](std::span<const Array> now) {
        auto [next, y] = f(with_arrays(carry, now), with_arrays(xs, now.subspan(first.size())));
        const Carry next_carry = next;
        prototype = Result(y);
        std::vector<Array> all = arrays_of(next_carry);
        const std::vector<Array> ys = arrays_of(*prototype);
        all.insert(all.end(), ys.begin(), ys.end());
        return all;
      },
      first, sequences, {length, options.reverse, options.rematerialize, options.unroll});
  return std::pair{with_arrays(carry, outputs),
                   with_arrays(*prototype, std::span(outputs).subspan(first.size()))};
}

/// body_fun(i, value) for i = lower … upper − 1. With numbers as bounds it is a scan, and has
/// derivatives in both modes; with Arrays it is a while_loop.
template <class BodyFn, class Init>
auto fori_loop(int64_t lower, int64_t upper, const BodyFn& body_fun, const Init& init_val) {
  const int64_t count = upper > lower ? upper - lower : 0;
  return scan(
             [&](const internal::Operand<Init>& value, const Array& i) {
               const internal::Operand<Init> next = body_fun(i, value);
               return std::pair{next, std::tuple<>()};
             },
             init_val, arange(lower, lower + count, 1, DType::int32))
      .first;
}
template <class BodyFn, class Init>
auto fori_loop(const Array& lower, const Array& upper, const BodyFn& body_fun,
               const Init& init_val) {
  using Carry = std::pair<Array, internal::Operand<Init>>;
  const Array end = internal::as_index("fori_loop", upper);
  return while_loop([&](const Array& i, const internal::Operand<Init>&) { return i < end; },
                    [&](const Array& i, const internal::Operand<Init>& value) {
                      return Carry{i + 1, body_fun(i, value)};
                    },
                    Carry{internal::as_index("fori_loop", lower), init_val})
      .second;
}

/// f of each element along the first axis of the Arrays in `xs`, one after another, stacked
/// (`vmap` computes all at once).
template <class F, class Xs>
auto map(const F& f, const Xs& xs) {
  return scan(
             [&](const std::tuple<>&, const Xs& x) {
               return std::pair{std::tuple<>(),
                                internal::AsTree<std::decay_t<decltype(f(x))>>(f(x))};
             },
             std::tuple<>(), xs)
      .second;
}

namespace internal {

Array axis_slice(const Array& x, int64_t axis, int64_t start, int64_t stop, int64_t step = 1);
/// a[0], b[0], a[1], b[1], … along `axis`; a may be one longer.
Array interleave(const Array& a, const Array& b, int64_t axis);

template <class F>
std::vector<Array> associative_scan_lists(const F& combine, const std::vector<Array>& elems,
                                          int64_t axis) {
  const int64_t count = elems[0].shape()[static_cast<int>(axis)];
  if (count < 2) return elems;
  const auto slices = [&](const std::vector<Array>& xs, int64_t start, int64_t stop, int64_t step) {
    std::vector<Array> parts;
    for (const Array& x : xs) parts.push_back(axis_slice(x, axis, start, stop, step));
    return parts;
  };
  const auto pairs = combine(slices(elems, 0, count - 1, 2), slices(elems, 1, count, 2));
  const auto odd = associative_scan_lists(combine, pairs, axis);
  const int64_t pairs_count = count / 2;
  const auto before = slices(odd, 0, count % 2 == 0 ? pairs_count - 1 : pairs_count, 1);
  const auto even = combine(before, slices(elems, 2, count, 2));
  std::vector<Array> results;
  for (size_t i = 0; i < elems.size(); ++i) {
    const Array all_even = concatenate({axis_slice(elems[i], axis, 0, 1), even[i]}, axis);
    results.push_back(interleave(all_even, odd[i], axis));
  }
  return results;
}

}  // namespace internal

/// All sums f(…f(f(x0, x1), x2)…) of an associative f along `axis`, in logarithmic depth: f works
/// on whole slices of the trees at once. With `reverse`, from the last element on. Errors:
/// ShapeError for Arrays of different lengths along the axis.
template <class F, class Elems>
auto associative_scan(const F& f, const Elems& elems, bool reverse = false, int64_t axis = 0) {
  std::vector<Array> xs = arrays_of(elems);
  std::vector<Array> moved;
  int64_t at = 0;
  for (Array& x : xs) {
    at = normalize_axis(axis, x.rank(), "associative_scan");
    if (x.shape()[static_cast<int>(at)] != xs[0].shape()[static_cast<int>(at)]) {
      throw ShapeError(
          {.where = "associative_scan",
           .what = "The Arrays have different lengths along axis " + std::to_string(at),
           .expected = xs[0].shape().to_string(),
           .received = x.shape().to_string()});
    }
    const int64_t length = x.shape()[static_cast<int>(at)];
    moved.push_back(reverse ? internal::axis_slice(x, at, length - 1, -length - 1, -1) : x);
  }
  const auto combine = [&](const std::vector<Array>& a, const std::vector<Array>& b) {
    const Elems combined = f(with_arrays(elems, a), with_arrays(elems, b));
    return arrays_of(combined);
  };
  auto results = internal::associative_scan_lists(combine, moved, at);
  for (Array& x : results) {
    const int64_t length = x.shape()[static_cast<int>(at)];
    if (reverse) x = internal::axis_slice(x, at, length - 1, -length - 1, -1);
  }
  return with_arrays(elems, results);
}

}  // namespace danlu
