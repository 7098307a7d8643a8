#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/io/config.h"
#include "danlu/nn/operation.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/reduction.h"

/// The functions of keras.ops on tensors of functional graphs, with the names and defaults that
/// they have on Arrays: `relu(x + y)`, `concatenate({a, b}, -1)`, `1.0 - x`, `x[{Slice{}, 0}]`.
/// Each notes an operation in the graph, which files keep as Keras does. `==` and `!=` compare
/// handles, as Python's `is`; `equal` and `not_equal` compare elements. Numbers take the dtype of
/// the tensor; Arrays become part of the model, as constants. Errors: those of the function on
/// Arrays. Source: keras.ops of Keras 3.15.
namespace danlu {

template <class T>
concept KerasOperand =
    std::same_as<T, KerasTensor> || std::same_as<T, Array> || std::is_arithmetic_v<T>;
/// Two operands of which at least one is a KerasTensor.
template <class A, class B>
concept KerasOperands = KerasOperand<A> && KerasOperand<B> &&
    (std::same_as<A, KerasTensor> || std::same_as<B, KerasTensor>);

template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator+(const A& a, const B& b) {
  return call_operation("Add", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator-(const A& a, const B& b) {
  return call_operation("Subtract", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator*(const A& a, const B& b) {
  return call_operation("Multiply", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator/(const A& a, const B& b) {
  return call_operation("TrueDivide", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator<(const A& a, const B& b) {
  return call_operation("Less", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator<=(const A& a, const B& b) {
  return call_operation("LessEqual", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator>(const A& a, const B& b) {
  return call_operation("Greater", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator>=(const A& a, const B& b) {
  return call_operation("GreaterEqual", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator&&(const A& a, const B& b) {
  return call_operation("LogicalAnd", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor operator||(const A& a, const B& b) {
  return call_operation("LogicalOr", {Operand(a), Operand(b)})[0];
}

template <class A, class B>
requires KerasOperands<A, B> KerasTensor add(const A& a, const B& b) {
  return call_operation("Add", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor subtract(const A& a, const B& b) {
  return call_operation("Subtract", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor multiply(const A& a, const B& b) {
  return call_operation("Multiply", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor divide(const A& a, const B& b) {
  return call_operation("Divide", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor divide_no_nan(const A& a, const B& b) {
  return call_operation("DivideNoNan", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor power(const A& a, const B& b) {
  return call_operation("Power", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor floor_divide(const A& a, const B& b) {
  return call_operation("FloorDivide", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor mod(const A& a, const B& b) {
  return call_operation("Mod", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor maximum(const A& a, const B& b) {
  return call_operation("Maximum", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor minimum(const A& a, const B& b) {
  return call_operation("Minimum", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor arctan2(const A& a, const B& b) {
  return call_operation("Arctan2", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor equal(const A& a, const B& b) {
  return call_operation("Equal", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor not_equal(const A& a, const B& b) {
  return call_operation("NotEqual", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor less(const A& a, const B& b) {
  return call_operation("Less", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor less_equal(const A& a, const B& b) {
  return call_operation("LessEqual", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor greater(const A& a, const B& b) {
  return call_operation("Greater", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor greater_equal(const A& a, const B& b) {
  return call_operation("GreaterEqual", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor logical_and(const A& a, const B& b) {
  return call_operation("LogicalAnd", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor logical_or(const A& a, const B& b) {
  return call_operation("LogicalOr", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor logical_xor(const A& a, const B& b) {
  return call_operation("LogicalXor", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor matmul(const A& a, const B& b) {
  return call_operation("Matmul", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor dot(const A& a, const B& b) {
  return call_operation("Dot", {Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires KerasOperands<A, B> KerasTensor outer(const A& a, const B& b) {
  return call_operation("Outer", {Operand(a), Operand(b)})[0];
}
/// Of `a` where `condition` holds, else of `b`.
template <class A, class B>
requires KerasOperand<A> && KerasOperand<B> KerasTensor where(const KerasTensor& condition,
                                                              const A& a, const B& b) {
  return call_operation("Where", {condition, Operand(a), Operand(b)})[0];
}
template <class A, class B>
requires std::is_arithmetic_v<A> && std::is_arithmetic_v<B> KerasTensor clip(const KerasTensor& x,
                                                                             A low, B high) {
  return call_operation("Clip", {x}, Json::object({{"x_min", low}, {"x_max", high}}))[0];
}

KerasTensor negative(const KerasTensor& x);
KerasTensor abs(const KerasTensor& x);
KerasTensor sign(const KerasTensor& x);
KerasTensor exp(const KerasTensor& x);
KerasTensor exp2(const KerasTensor& x);
KerasTensor expm1(const KerasTensor& x);
KerasTensor log(const KerasTensor& x);
KerasTensor log2(const KerasTensor& x);
KerasTensor log10(const KerasTensor& x);
KerasTensor log1p(const KerasTensor& x);
KerasTensor sqrt(const KerasTensor& x);
KerasTensor square(const KerasTensor& x);
KerasTensor reciprocal(const KerasTensor& x);
KerasTensor sin(const KerasTensor& x);
KerasTensor cos(const KerasTensor& x);
KerasTensor tan(const KerasTensor& x);
KerasTensor arcsin(const KerasTensor& x);
KerasTensor arccos(const KerasTensor& x);
KerasTensor arctan(const KerasTensor& x);
KerasTensor sinh(const KerasTensor& x);
KerasTensor cosh(const KerasTensor& x);
KerasTensor tanh(const KerasTensor& x);
KerasTensor arcsinh(const KerasTensor& x);
KerasTensor arccosh(const KerasTensor& x);
KerasTensor arctanh(const KerasTensor& x);
KerasTensor floor(const KerasTensor& x);
KerasTensor ceil(const KerasTensor& x);
KerasTensor trunc(const KerasTensor& x);
KerasTensor isnan(const KerasTensor& x);
KerasTensor isfinite(const KerasTensor& x);
KerasTensor isinf(const KerasTensor& x);
KerasTensor logical_not(const KerasTensor& x);
KerasTensor ravel(const KerasTensor& x);
KerasTensor rsqrt(const KerasTensor& x);
KerasTensor erf(const KerasTensor& x);
KerasTensor stop_gradient(const KerasTensor& x);
KerasTensor relu(const KerasTensor& x);
KerasTensor relu6(const KerasTensor& x);
KerasTensor sigmoid(const KerasTensor& x);
KerasTensor softplus(const KerasTensor& x);
KerasTensor softsign(const KerasTensor& x);
KerasTensor silu(const KerasTensor& x);
KerasTensor log_sigmoid(const KerasTensor& x);
KerasTensor hard_sigmoid(const KerasTensor& x);
KerasTensor hard_silu(const KerasTensor& x);
KerasTensor selu(const KerasTensor& x);
KerasTensor hard_tanh(const KerasTensor& x);
KerasTensor tanh_shrink(const KerasTensor& x);
inline KerasTensor operator-(const KerasTensor& x) { return negative(x); }
inline KerasTensor operator!(const KerasTensor& x) { return logical_not(x); }

KerasTensor leaky_relu(const KerasTensor& x, double negative_slope = 0.2);
KerasTensor elu(const KerasTensor& x, double alpha = 1);
KerasTensor gelu(const KerasTensor& x, bool approximate = true);
KerasTensor softmax(const KerasTensor& x, int64_t axis = -1);
KerasTensor log_softmax(const KerasTensor& x, int64_t axis = -1);
KerasTensor one_hot(const KerasTensor& x, int64_t num_classes, int64_t axis = -1);
KerasTensor cast(const KerasTensor& x, DType dtype);
KerasTensor round(const KerasTensor& x, int64_t decimals = 0);

KerasTensor sum(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor mean(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor max(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor min(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor prod(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor var(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor std(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor all(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor any(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor logsumexp(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);
KerasTensor argmax(const KerasTensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);
KerasTensor argmin(const KerasTensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);
KerasTensor cumsum(const KerasTensor& x, std::optional<int64_t> axis = {});
KerasTensor cumprod(const KerasTensor& x, std::optional<int64_t> axis = {});
KerasTensor norm(const KerasTensor& x, const Axes& axis = {}, bool keepdims = false);

/// One dimension may be −1: what is left. Unknown dimensions may only stand there.
KerasTensor reshape(const KerasTensor& x, const Shape& shape);
KerasTensor transpose(const KerasTensor& x, const std::vector<int64_t>& axes = {});
KerasTensor expand_dims(const KerasTensor& x, int64_t axis);
KerasTensor squeeze(const KerasTensor& x, std::optional<int64_t> axis = {});
KerasTensor swapaxes(const KerasTensor& x, int64_t axis1, int64_t axis2);
KerasTensor moveaxis(const KerasTensor& x, const std::vector<int64_t>& source,
                     const std::vector<int64_t>& destination);
KerasTensor flip(const KerasTensor& x, const std::vector<int64_t>& axis = {});
KerasTensor roll(const KerasTensor& x, const std::vector<int64_t>& shift,
                 const std::vector<int64_t>& axis = {});
KerasTensor repeat(const KerasTensor& x, int64_t repeats, std::optional<int64_t> axis = {});
KerasTensor tile(const KerasTensor& x, const std::vector<int64_t>& repeats);
KerasTensor pad(const KerasTensor& x, const std::vector<std::array<int64_t, 2>>& pad_width,
                double value = 0);
KerasTensor concatenate(const std::vector<KerasTensor>& xs, int64_t axis = 0);
KerasTensor stack(const std::vector<KerasTensor>& xs, int64_t axis = 0);
std::vector<KerasTensor> split(const KerasTensor& x, int64_t sections, int64_t axis = 0);
std::vector<KerasTensor> split(const KerasTensor& x, const std::vector<int64_t>& indices,
                               int64_t axis = 0);
template <class Indices>
requires KerasOperand<Indices> KerasTensor take(const KerasTensor& x, const Indices& indices,
                                                std::optional<int64_t> axis = {}) {
  return call_operation("Take", {x, Operand(indices)}, Json::object({{"axis", to_json(axis)}}))[0];
}
KerasTensor einsum(const std::string& subscripts, const std::vector<KerasTensor>& operands);
KerasTensor tensordot(const KerasTensor& a, const KerasTensor& b, int64_t axes = 2);
/// The k greatest elements of each row, and their indices.
std::pair<KerasTensor, KerasTensor> top_k(const KerasTensor& x, int64_t k);

}  // namespace danlu
