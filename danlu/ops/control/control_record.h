#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/op_def.h"
#include "danlu/ops/control/control_attrs.h"

/// What the records of control flow share.
namespace danlu::control {

/// Part of a list.
template <class List>
auto part(const List& list, size_t begin, size_t count) {
  return std::vector(list.begin() + static_cast<int64_t>(begin),
                     list.begin() + static_cast<int64_t>(begin + count));
}
template <class T>
std::vector<T> joined(std::initializer_list<std::vector<T>> lists) {
  std::vector<T> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// The graph itself. Errors: ValueError unless it is there; those of `check_graph`.
const Graph& checked(const InferContext& context, const GraphPtr& graph);
std::vector<TensorSpec> input_specs(const Graph& graph);
std::vector<TensorSpec> output_specs(const Graph& graph);
/// Errors: ShapeError or DTypeError unless `actual` is `expected`.
void require_spec(const std::string& where, const std::string& what, const TensorSpec& expected,
                  const TensorSpec& actual);
/// Errors: ValueError unless there are as many inputs as `expected`; those of `require_spec`.
void require_specs(const InferContext& context, size_t first, std::span<const TensorSpec> expected);

/// A placeholder for each of `specs`.
std::vector<Array> placeholders(std::span<const TensorSpec> specs);
std::vector<TensorSpec> specs_of(std::span<const Array> arrays);
/// `x` with the tangent or gradient that counts as 0 written out.
Array or_zeros(const Array& derivative, const Array& x);

/// A fault in a subgraph is told by the op that found it; this text says only that there may be
/// one.
std::string fault_text(const Attrs* attrs, int64_t value);

/// The graph that `body` makes of inputs of these specs, for samples.
/// Errors: StateError when it captures anything.
GraphPtr graph_of(const std::vector<TensorSpec>& inputs,
                  const std::function<std::vector<Array>(std::span<const Array>)>& body);

}  // namespace danlu::control
