#include "danlu/autodiff/vmap.h"

#include <string>

#include "danlu/base/error.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/batching.h"

namespace danlu::internal {

VmapCall::VmapCall(const VmapOptions& options, size_t arguments)
    : options_(options), size_(options.axis_size) {
  const size_t count = options.in_axes.size();
  if (count != 1 && count != arguments) {
    throw ValueError({.where = "vmap",
                      .what = "The number of in_axes does not fit the arguments",
                      .expected = "1 or " + std::to_string(arguments),
                      .received = std::to_string(count)});
  }
}

Array VmapCall::element(const Array& x, size_t argument) {
  const auto& axes = options_.in_axes;
  const BatchAxis axis = axes.size() == 1 ? axes[0] : axes[argument];
  if (!axis) return x;
  if (x.rank() == 0) {
    throw ShapeError({.where = "vmap",
                      .what = "A scalar has no axis to map over",
                      .expected = "an Array with an axis " + std::to_string(*axis) +
                                  " as argument " + std::to_string(argument),
                      .received = x.spec().to_string(),
                      .hint = "give std::nullopt as its in_axes entry"});
  }
  const int at = normalize_axis(*axis, x.rank(), "vmap");
  const int64_t size = x.shape()[at];
  if (size_.value_or(size) != size) {
    throw ShapeError({.where = "vmap",
                      .what = "The arguments have batches of different sizes",
                      .expected = std::to_string(*size_) + " along axis " + std::to_string(at) +
                                  " of argument " + std::to_string(argument),
                      .received = x.shape().to_string()});
  }
  size_ = size;
  values_.push_back(batching::move_axis(x, at, 0));
  elements_.push_back(make_placeholder({x.shape().without_axis(at), x.dtype()}));
  return elements_.back();
}

std::vector<Array> VmapCall::batched(const std::vector<Array>& outputs) const {
  const auto& axes = options_.out_axes;
  if (!size_) {
    throw ValueError({.where = "vmap",
                      .what = "Nothing tells the size of the batch",
                      .expected = "a mapped argument with an Array, or axis_size"});
  }
  if (axes.size() != 1 && axes.size() != outputs.size()) {
    throw ValueError({.where = "vmap",
                      .what = "The number of out_axes does not fit the result",
                      .expected = "1 or " + std::to_string(outputs.size()),
                      .received = std::to_string(axes.size())});
  }
  std::vector<Array> results;
  for (const auto& output : transform::batch_between(outputs, elements_, values_, *size_)) {
    const BatchAxis axis = axes.size() == 1 ? axes[0] : axes[results.size()];
    if (!axis) {
      if (output.batched) {
        throw ValueError({.where = "vmap",
                          .what = "A result with out_axes of nullopt differs between elements",
                          .expected = "a result that depends on no mapped argument",
                          .received = output.value.shape().to_string() + " for the batch",
                          .hint = "give it an axis"});
      }
      results.push_back(output.value);
      continue;
    }
    const Array front = transform::with_batch_axis(output, *size_);
    results.push_back(batching::move_axis(front, 0, normalize_axis(*axis, front.rank(), "vmap")));
  }
  return results;
}

}  // namespace danlu::internal
