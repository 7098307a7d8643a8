#include "danlu/core/array.h"

#include <algorithm>
#include <cstring>

#include "danlu/base/error.h"
#include "danlu/core/trace_scope.h"

namespace danlu {
namespace {

using internal::Node;
using internal::NodeRef;
using internal::NodeValue;

/// Longest run of pending nodes before they are evaluated unasked: bounds the memory a loop
/// that never reads its result can hold.
constexpr uint32_t kMaxPendingDepth = 10'000;

void require_known(const std::string& where, const Shape& shape) {
  if (shape.is_known()) return;
  throw ShapeError({.where = where,
                    .what = "An Array needs a shape without unknown dimensions",
                    .expected = "dimensions of 0 or more",
                    .received = shape.to_string()});
}

/// The outputs of `op`. A Shape that cannot be does not know where it came up; the op does.
std::vector<TensorSpec> infer_outputs(const OpDef& op, const InferContext& context) {
  std::vector<TensorSpec> outputs;
  try {
    outputs = op.infer(context);
  } catch (const ShapeError& error) {
    if (error.parts().where != "Shape") throw;
    ErrorParts parts = error.parts();
    parts.where = std::string(op.name);
    throw ShapeError(std::move(parts));
  }
  for (const TensorSpec& output : outputs) {
    if (!output.shape.is_known()) require_known(std::string(op.name), output.shape);
  }
  return outputs;
}

NodeRef make_leaf(const TensorSpec& spec, std::shared_ptr<Buffer> buffer) {
  NodeRef node(new Node);
  node->outputs.resize(1);
  node->outputs[0].spec = spec;
  node->outputs[0].buffer = std::move(buffer);
  node->ready.store(true, std::memory_order_release);
  return node;
}

}  // namespace

Array Array::wrap(NodeRef node, int output) {
  Array array;
  if (node) node->outputs[output].handles.fetch_add(1, std::memory_order_relaxed);
  array.node_ = std::move(node);
  array.output_ = output;
  return array;
}

Array::Array(const Array& other) : node_(other.node_), output_(other.output_) {
  if (node_) node_->outputs[output_].handles.fetch_add(1, std::memory_order_relaxed);
}

Array::~Array() {
  if (node_) node_->outputs[output_].handles.fetch_sub(1, std::memory_order_relaxed);
}

Array Array::from_number(const Number& value, DType dtype, bool weak) {
  auto buffer = Buffer::allocate(size_of(dtype));
  std::complex<double> stored;
  dispatch(dtype, [&](auto tag) {
    using T = decltype(tag);
    const T converted = value.as<T>();
    std::memcpy(buffer->data(), &converted, sizeof(T));
    stored = convert_element<std::complex<double>>(converted);
  });
  NodeRef node = make_leaf({Shape{}, dtype}, std::move(buffer));
  node->scalar_class = stored.imag() == 0 ? classify_scalar(stored.real()) : ScalarClass::other;
  node->weak = weak;
  node->number = value;
  return wrap(std::move(node));
}

Array Array::from_buffer(std::shared_ptr<Buffer> buffer, const TensorSpec& spec) {
  require_known("Array", spec.shape);
  if (buffer == nullptr || buffer->bytes() < spec.bytes()) {
    throw ValueError({.where = "Array",
                      .what = "The buffer is too small for its shape",
                      .expected = std::to_string(spec.bytes()) + " bytes for " + spec.to_string(),
                      .received = std::to_string(buffer ? buffer->bytes() : 0) + " bytes"});
  }
  return wrap(make_leaf(spec, std::move(buffer)));
}

Array Array::from_bytes(const void* data, size_t count, const TensorSpec& spec) {
  require_known("Array", spec.shape);
  if (static_cast<int64_t>(count) != spec.shape.num_elements()) {
    throw ShapeError({.where = "Array",
                      .what = "The number of values does not match the shape",
                      .expected = std::to_string(spec.shape.num_elements()) + " values for " +
                                  spec.shape.to_string(),
                      .received = std::to_string(count) + " values"});
  }
  auto buffer = Buffer::allocate(spec.bytes());
  if (count > 0) std::memcpy(buffer->data(), data, spec.bytes());
  return from_buffer(std::move(buffer), spec);
}

const TensorSpec& Array::spec() const {
  if (!node_) {
    throw StateError({.where = "Array",
                      .what = "The Array is undefined",
                      .hint = "assign a value before using it"});
  }
  return node_->outputs[output_].spec;
}

ScalarClass Array::scalar_class() const { return node_ ? node_->scalar_class : ScalarClass::none; }

bool Array::is_weak() const { return node_ && node_->weak; }

bool Array::is_evaluated() const { return node_ && node_->ready.load(std::memory_order_acquire); }

const Array& Array::eval() const {
  if (!is_evaluated()) danlu::eval(std::span<const Array>(this, 1));
  return *this;
}

std::shared_ptr<Buffer> Array::buffer() const {
  spec();
  eval();
  return node_->outputs[output_].buffer;
}

const void* Array::data() const { return buffer()->data(); }

void Array::require_single_element() const {
  if (size() != 1) {
    throw ShapeError({.where = "item",
                      .what = "Only an Array with one element can become a number",
                      .expected = "1 element",
                      .received = shape().to_string(),
                      .hint = "reduce it first, or use to_vector()"});
  }
}

void Array::copy_converted(void* to, DType to_dtype) const {
  convert_elements(data(), dtype(), to, to_dtype, static_cast<size_t>(size()));
}

void eval(std::span<const Array> arrays) {
  for (const Array& array : arrays) {
    if (array.defined() && array.node()->traced) {
      throw StateError({.where = "eval",
                        .what = "The value of an Array was asked for while a function is traced",
                        .expected = "only lazy ops inside jit and compiled training steps",
                        .received = array.spec().to_string(),
                        .hint = "return the Array and read it outside"});
    }
  }
  evaluate(arrays);
}

std::vector<Array> make_op_outputs(const OpDef& op, std::span<const Array> inputs, AttrsPtr attrs) {
  std::vector<TensorSpec> specs;
  specs.reserve(inputs.size());
  for (const Array& input : inputs) specs.push_back(input.spec());
  const auto outputs =
      infer_outputs(op, {.op_name = op.name, .attrs = attrs.get(), .inputs = specs});

  NodeRef node(new Node);
  node->op = &op;
  node->attrs = std::move(attrs);
  node->inputs.reserve(inputs.size());
  for (const Array& input : inputs) {
    const Node& child = *input.node();
    node->traced |= child.traced;
    node->keep_inputs |= child.keep_inputs;
    if (!child.ready.load(std::memory_order_acquire)) {
      node->depth = std::max(node->depth, child.depth + 1);
    }
    node->inputs.push_back({NodeRef(input.node()), input.output_index()});
  }
  node->outputs.resize(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) node->outputs[i].spec = outputs[i];
  internal::TraceScope::note(node.get());

  std::vector<Array> results;
  results.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) results.push_back(Array::wrap(node, int(i)));
  if (node->depth >= kMaxPendingDepth && !node->traced) evaluate(results);
  return results;
}

Array make_op(const OpDef& op, std::initializer_list<Array> inputs, AttrsPtr attrs) {
  return make_op_outputs(op, std::span<const Array>(inputs.begin(), inputs.size()),
                         std::move(attrs))[0];
}

Array make_placeholder(const TensorSpec& spec) {
  require_known("Array", spec.shape);
  NodeRef node(new Node);
  node->outputs.resize(1);
  node->outputs[0].spec = spec;
  node->placeholder = true;
  node->traced = true;
  return Array::wrap(std::move(node));
}

}  // namespace danlu
