#include "danlu/core/host_tensor.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/core/arrival.h"

namespace danlu {
namespace {

size_t checked_bytes(const Shape& shape, DType dtype) {
  if (!shape.is_known()) {
    throw ShapeError({.where = "HostTensor",
                      .what = "A dimension is unknown",
                      .expected = "a shape with every dimension known",
                      .received = shape.to_string()});
  }
  return static_cast<size_t>(shape.num_elements()) * size_of(dtype);
}

}  // namespace

HostTensor::HostTensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer)
    : dtype_(dtype), shape_(std::move(shape)), buffer_(std::move(buffer)) {
  const size_t needed = checked_bytes(shape_, dtype_);
  if (buffer_ == nullptr || buffer_->bytes() < needed) {
    throw ShapeError({.where = "HostTensor",
                      .what = "The storage is too small for the shape",
                      .expected = std::to_string(needed) + " bytes for " + spec().to_string(),
                      .received = buffer_ ? std::to_string(buffer_->bytes()) + " bytes" : "none"});
  }
}

HostTensor::HostTensor(DType dtype, Shape shape, std::shared_ptr<Buffer> buffer,
                       std::shared_ptr<const Arrival> arrival)
    : HostTensor(dtype, std::move(shape), std::move(buffer)) {
  arrival_ = std::move(arrival);
}

HostTensor HostTensor::empty(const Shape& shape, DType dtype) {
  return HostTensor(dtype, shape, Buffer::allocate(checked_bytes(shape, dtype)));
}

HostTensor HostTensor::zeros(const Shape& shape, DType dtype) {
  HostTensor tensor = empty(shape, dtype);
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

HostTensor HostTensor::from_bytes(const void* data, size_t count, const Shape& shape, DType dtype) {
  if (!shape.is_known() || static_cast<size_t>(shape.num_elements()) != count) {
    throw ShapeError({.where = "HostTensor",
                      .what = "The values do not fill the shape",
                      .expected = "as many values as " + shape.to_string() + " has elements",
                      .received = std::to_string(count) + " values"});
  }
  HostTensor tensor = empty(shape, dtype);
  if (count > 0) std::memcpy(tensor.data(), data, tensor.bytes());
  return tensor;
}

HostTensor HostTensor::slice(int64_t begin, int64_t end) const {
  if (!defined() || shape_.rank() == 0 || begin < 0 || end < begin || end > shape_[0]) {
    throw ShapeError({.where = "HostTensor",
                      .what = "The slice lies outside the first axis",
                      .expected = "0 <= begin <= end <= its size, for shape " + shape_.to_string(),
                      .received = std::to_string(begin) + ":" + std::to_string(end)});
  }
  const Shape part = shape_.with_dim(0, end - begin);
  const size_t row = static_cast<size_t>(shape_.with_dim(0, 1).num_elements()) * size_of(dtype_);
  char* start = static_cast<char*>(buffer_->data()) + static_cast<size_t>(begin) * row;
  return HostTensor(dtype_, part,
                    Buffer::wrap(start, static_cast<size_t>(end - begin) * row, buffer_), arrival_);
}

HostTensor HostTensor::reshape(const Shape& shape) const {
  if (!shape.is_known() || shape.num_elements() != num_elements()) {
    throw ShapeError({.where = "HostTensor",
                      .what = "The new shape has another number of elements",
                      .expected = "a shape with " + std::to_string(num_elements()) + " elements",
                      .received = shape.to_string()});
  }
  return HostTensor(dtype_, shape, buffer_, arrival_);
}

HostTensor HostTensor::clone() const {
  if (!defined()) return {};
  HostTensor copy = empty(shape_, dtype_);
  std::memcpy(copy.data(), data(), bytes());
  return copy;
}

const void* HostTensor::data_of_items(std::span<const int64_t> items) const {
  if (arrival_ && !items.empty()) wait_for_items(*std::ranges::max_element(items) + 1);
  return defined() ? buffer_->data() : nullptr;
}

void HostTensor::wait() const {
  arrival_->wait_until(static_cast<char*>(buffer_->data()) + bytes());
}

void HostTensor::wait_for_items(int64_t count) const {
  const size_t item = static_cast<size_t>(shape_.with_dim(0, 1).num_elements()) * size_of(dtype_);
  arrival_->wait_until(static_cast<char*>(buffer_->data()) + static_cast<size_t>(count) * item);
}

void HostTensor::check_type(DType wanted) const {
  if (wanted == dtype_) return;
  throw DTypeError({.where = "HostTensor",
                    .what = "The elements are of another type",
                    .expected = std::string(name(dtype_)),
                    .received = "a request for " + std::string(name(wanted))});
}

}  // namespace danlu
