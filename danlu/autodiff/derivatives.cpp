#include "danlu/autodiff/derivatives.h"

#include <algorithm>
#include <string>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/forward.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu::internal {
namespace {

using transform::Inputs;

/// The unit vectors in the space of `spec`: shape (n,) + its shape.
Array unit_vectors(const TensorSpec& spec) {
  const int64_t n = spec.shape.num_elements();
  const Array eye = one_hot(arange(0, n), std::max<int64_t>(n, 1), spec.dtype);
  return reshape(eye, spec.shape.with_axis_inserted(0, n));
}

Shape joined(const Shape& a, const Shape& b) {
  std::vector<int64_t> dims = a.to_vector();
  dims.insert(dims.end(), b.begin(), b.end());
  return Shape(dims);
}

/// Rows of the Jacobian from one backward pass per element of `output`.
std::vector<Array> reverse_jacobians(const Array& output, std::span<const Array> sources) {
  const Array seed = make_placeholder(output.spec());
  const auto grads = transform::vjp_between(std::span(&output, 1), std::span(&seed, 1), sources,
                                            Inputs::independent);
  const Array units = unit_vectors(output.spec());
  const int64_t n = output.size();
  std::vector<Array> results;
  const auto rows = transform::batch_between(grads, std::span(&seed, 1), std::span(&units, 1), n);
  for (size_t i = 0; i < sources.size(); ++i) {
    results.push_back(reshape(transform::with_batch_axis(rows[i], n),
                              joined(output.shape(), sources[i].shape())));
  }
  return results;
}

/// Columns of the Jacobian from one forward pass per element of each source.
std::vector<Array> forward_jacobians(const Array& output, std::span<const Array> sources) {
  std::vector<Array> results;
  for (const Array& source : sources) {
    const Shape shape = joined(output.shape(), source.shape());
    const Array direction = make_placeholder(source.spec());
    const Array tangent = transform::jvp_between(std::span(&output, 1), std::span(&source, 1),
                                                 std::span(&direction, 1))[0];
    if (!tangent.defined()) {
      results.push_back(zeros(shape, output.dtype()));
      continue;
    }
    const Array units = unit_vectors(source.spec());
    const int64_t n = source.size();
    const Array columns = transform::with_batch_axis(
        transform::batch_between(std::span(&tangent, 1), std::span(&direction, 1),
                                 std::span(&units, 1), n)[0],
        n);
    results.push_back(reshape(transpose(reshape(columns, Shape{n, output.size()}), {1, 0}), shape));
  }
  return results;
}

}  // namespace

std::vector<Array> push_forward(std::span<const Array> outputs, std::span<const Array> sources,
                                std::span<const Array> tangents) {
  if (tangents.size() != sources.size()) {
    throw ValueError({.where = "jvp",
                      .what = "The tangents do not fit the argument",
                      .expected = std::to_string(sources.size()) + " Arrays",
                      .received = std::to_string(tangents.size())});
  }
  std::vector<Array> results = transform::jvp_between(outputs, sources, tangents);
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].defined()) results[i] = zeros_like(outputs[i]);
  }
  return results;
}

struct Pullback::Impl {
  std::vector<Array> outputs, sources;
  transform::History history;
};

Pullback::Pullback(std::vector<Array> outputs, std::vector<Array> sources) {
  auto impl = std::make_shared<Impl>();
  impl->history = transform::collect(outputs, sources, Inputs::independent);
  impl->outputs = std::move(outputs);
  impl->sources = std::move(sources);
  impl_ = std::move(impl);
}

std::vector<Array> Pullback::operator()(std::span<const Array> output_grads) const {
  if (output_grads.size() != impl_->outputs.size()) {
    throw ValueError({.where = "vjp",
                      .what = "The output gradients do not fit the result",
                      .expected = std::to_string(impl_->outputs.size()) + " Arrays",
                      .received = std::to_string(output_grads.size())});
  }
  return transform::pull_back(impl_->history, impl_->outputs, output_grads, impl_->sources);
}

std::vector<Array> jacobians(const Array& output, std::span<const Array> sources,
                             JacobianMode mode) {
  for (const Array& source : sources) {
    if (is_floating(source.dtype()) && is_floating(output.dtype())) continue;
    throw DTypeError({.where = "jacobian",
                      .what = "Only floating Arrays have derivatives",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = source.spec().to_string() + " and " + output.spec().to_string()});
  }
  int64_t inputs = 0;
  for (const Array& source : sources) inputs += source.size();
  const bool forward =
      mode == JacobianMode::forward || (mode == JacobianMode::smaller && inputs <= output.size());
  return forward ? forward_jacobians(output, sources) : reverse_jacobians(output, sources);
}

}  // namespace danlu::internal
