#pragma once

#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "danlu/core/node.h"

namespace danlu {

class IndexList;

/// A lazy n-dimensional array: a value-semantic handle on an immutable node of the graph.
/// Shape, dtype and errors are known at once; values are computed when they are read
/// (`item`, `to_vector`, printing) or when `eval` asks for them.
class Array {
 public:
  /// An undefined Array: no value, no shape; only `defined()` may be called.
  Array() = default;
  /// A scalar that takes the dtype of what it is combined with (`promote_number`); alone it is
  /// float32, complex64, bool, int32, or int64 or uint64 where int32 cannot hold it.
  template <ArithmeticScalar T>
  Array(T value) : Array(from_number(value, Number(value).dtype(), true)) {}

  /// A vector of the elements' dtype: `Array({1.f, 2.f})` is float32 of shape (2,).
  template <class T>
  requires ArithmeticScalar<T> Array(std::initializer_list<T> values)
      : Array(std::span<const T>(values.begin(), values.size()),
              Shape{static_cast<int64_t>(values.size())}) {}
  template <class T>
  requires ArithmeticScalar<T>
  explicit Array(const std::vector<T>& values)
      : Array(values, Shape{static_cast<int64_t>(values.size())}) {}
  /// Copies `values`, row-major. Errors: ShapeError when the counts differ.
  template <class T>
  Array(std::span<const T> values, const Shape& shape)
      : Array(from_bytes(values.data(), values.size(), {shape, dtype_of<std::remove_cv_t<T>>})) {}
  template <class T>
  requires ArithmeticScalar<T> Array(const std::vector<T>& values, const Shape& shape)
      : Array(from_vector(values, shape)) {}

  /// A scalar with a dtype of its own.
  static Array scalar(const Number& value, DType dtype) { return from_number(value, dtype, false); }
  /// Takes `buffer` (row-major, of at least `spec.bytes()`) without copying.
  static Array from_buffer(std::shared_ptr<Buffer> buffer, const TensorSpec& spec);
  /// Copies raw row-major elements.
  static Array from_bytes(const void* data, size_t count, const TensorSpec& spec);

  bool defined() const { return static_cast<bool>(node_); }
  const TensorSpec& spec() const;
  const Shape& shape() const { return spec().shape; }
  DType dtype() const { return spec().dtype; }
  int rank() const { return shape().rank(); }
  int64_t size() const { return shape().num_elements(); }

  /// A part, as NumPy indexes: `x[2]`, `x[{0, Slice{1, {}}, ellipsis}]`; see get_item.
  Array operator[](const IndexList& key) const;

  /// The only element, converted to T. Errors: ShapeError unless `size() == 1`.
  template <class T = float>
  T item() const;
  /// All elements, row-major, converted to T.
  template <class T = float>
  std::vector<T> to_vector() const;
  /// Like NumPy prints: brackets, aligned columns, `...` above 1,000 elements.
  std::string to_string() const;

  /// Computes the value if that has not happened yet.
  const Array& eval() const;
  bool is_evaluated() const;
  /// The evaluated elements, row-major; valid while this Array lives.
  const void* data() const;
  std::shared_ptr<Buffer> buffer() const;

  /// Internals, for graph transforms.
  internal::Node* node() const { return node_.get(); }
  int output_index() const { return output_; }
  static Array wrap(internal::NodeRef node, int output = 0);
  ScalarClass scalar_class() const;
  bool is_weak() const;

  Array(const Array& other);
  Array(Array&& other) noexcept : node_(std::move(other.node_)), output_(other.output_) {}
  Array& operator=(Array other) noexcept {
    std::swap(node_, other.node_);
    std::swap(output_, other.output_);
    return *this;
  }
  ~Array();

 private:
  template <class T>
  static Array from_vector(const std::vector<T>& values, const Shape& shape) {
    if constexpr (std::is_same_v<T, bool>) {
      std::vector<uint8_t> bytes(values.begin(), values.end());
      return from_bytes(bytes.data(), bytes.size(), {shape, DType::bool_});
    } else {
      return from_bytes(values.data(), values.size(), {shape, dtype_of<T>});
    }
  }
  static Array from_number(const Number& value, DType dtype, bool weak);
  void copy_converted(void* to, DType dtype) const;
  void require_single_element() const;

  internal::NodeRef node_;
  int output_ = 0;
};

template <class T>
T Array::item() const {
  require_single_element();
  T value;
  copy_converted(&value, dtype_of<T>);
  return value;
}

template <class T>
std::vector<T> Array::to_vector() const {
  if constexpr (std::is_same_v<T, bool>) {
    const auto bytes = to_vector<uint8_t>();
    return {bytes.begin(), bytes.end()};
  } else {
    std::vector<T> values(static_cast<size_t>(size()));
    copy_converted(values.data(), dtype_of<T>);
    return values;
  }
}

/// Computes all of `arrays` in one plan, and with them every pending ancestor that an Array
/// outside still holds. Thread-safe.
/// Errors: StateError inside a trace; the data-dependent faults of the ops.
void eval(std::span<const Array> arrays);
inline void eval(std::initializer_list<Array> arrays) {
  eval(std::span<const Array>(arrays.begin(), arrays.size()));
}

/// Defined by danlu/compile: runs the pending graph below `arrays`.
void evaluate(std::span<const Array> arrays);

/// The lazy result(s) of `op`: runs `infer` and links the node. Every public op function ends here.
std::vector<Array> make_op_outputs(const OpDef& op, std::span<const Array> inputs,
                                   AttrsPtr attrs = nullptr);
Array make_op(const OpDef& op, std::initializer_list<Array> inputs, AttrsPtr attrs = nullptr);

/// An input of a trace: has a spec but no value.
Array make_placeholder(const TensorSpec& spec);

std::ostream& operator<<(std::ostream& out, const Array& array);

}  // namespace danlu
