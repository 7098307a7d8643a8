#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "danlu/core/buffer.h"
#include "danlu/core/dtype.h"
#include "danlu/core/shape.h"

namespace danlu {

class Arrival;

/// A dense row-major tensor in host memory: what files and data pipelines speak in. Copies share
/// the storage. Nothing here is computed; the elements of a file that is still being read may be on
/// their way, and then whoever asks for them waits.
class HostTensor {
 public:
  /// No tensor at all: `defined()` is false, there is no storage.
  HostTensor() = default;
  /// A tensor on existing storage. Errors: ShapeError when `buffer` is missing or holds fewer
  /// bytes than `shape` needs, or a dimension is unknown.
  HostTensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer);
  /// The same on storage that `arrival` is filling. Errors of the filling come from `data`,
  /// `values`, `buffer` and what uses them.
  HostTensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer,
             std::shared_ptr<const Arrival> arrival);

  /// Storage with indeterminate contents. Errors: ShapeError when a dimension is unknown; Error
  /// when the memory cannot be had.
  static HostTensor empty(const Shape& shape, DType dtype);
  static HostTensor zeros(const Shape& shape, DType dtype);
  /// Copies `values`. Errors: ShapeError unless `shape` has as many elements.
  template <class T>
  static HostTensor from(std::span<const T> values, const Shape& shape);
  template <class T>
  static HostTensor from(const std::vector<T>& values, const Shape& shape) {
    return from(std::span<const T>(values), shape);
  }
  /// Copies `values` into shape (values.size(),).
  template <class T>
  static HostTensor from(const std::vector<T>& values) {
    return from(values, Shape{static_cast<int64_t>(values.size())});
  }

  bool defined() const { return buffer_ != nullptr; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorSpec spec() const { return {shape_, dtype_}; }
  int64_t num_elements() const { return defined() ? shape_.num_elements() : 0; }
  size_t bytes() const { return static_cast<size_t>(num_elements()) * size_of(dtype_); }
  const std::shared_ptr<Buffer>& buffer() const {
    if (arrival_) wait();
    return buffer_;
  }

  void* data() { return defined() ? buffer()->data() : nullptr; }
  const void* data() const { return defined() ? buffer()->data() : nullptr; }
  /// `data()`, of which only these items of the first axis may be read: nobody waits for others.
  const void* data_of_items(std::span<const int64_t> items) const;
  /// The elements. Errors: DTypeError when T is not how `dtype()` is stored.
  template <class T>
  std::span<const T> values() const {
    check_type(dtype_of<T>);
    return {static_cast<const T*>(data()), static_cast<size_t>(num_elements())};
  }
  template <class T>
  std::span<T> values() {
    check_type(dtype_of<T>);
    return {static_cast<T*>(data()), static_cast<size_t>(num_elements())};
  }
  template <class T>
  std::vector<T> to_vector() const {
    const auto all = values<T>();
    return {all.begin(), all.end()};
  }

  /// Items [begin, end) of the first axis, on the same storage.
  /// Errors: ShapeError for a scalar or a range outside the axis.
  HostTensor slice(int64_t begin, int64_t end) const;
  /// The same storage under another shape. Errors: ShapeError unless the counts agree.
  HostTensor reshape(const Shape& shape) const;
  /// A copy with storage of its own.
  HostTensor clone() const;

 private:
  static HostTensor from_bytes(const void* data, size_t count, const Shape& shape, DType dtype);
  void check_type(DType wanted) const;
  void wait() const;
  void wait_for_items(int64_t count) const;

  DType dtype_ = DType::float32;
  Shape shape_{0};
  std::shared_ptr<Buffer> buffer_;
  std::shared_ptr<const Arrival> arrival_;
};

template <class T>
HostTensor HostTensor::from(std::span<const T> values, const Shape& shape) {
  return from_bytes(values.data(), values.size(), shape, dtype_of<T>);
}
/// std::vector<bool> packs bits, so its elements are copied one by one.
template <>
inline HostTensor HostTensor::from(const std::vector<bool>& values, const Shape& shape) {
  const std::vector<uint8_t> bytes(values.begin(), values.end());
  return from_bytes(bytes.data(), bytes.size(), shape, DType::bool_);
}

}  // namespace danlu
