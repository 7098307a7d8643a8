#pragma once

#include <cstdint>
#include <utility>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Any integer; those beyond int64 are out of every range, and stay so.
template <class T>
int64_t as_index(T value) {
  return std::in_range<int64_t>(value) ? static_cast<int64_t>(value) : INT64_MAX;
}

/// Indices in [0, size), read from any integer dtype; negative ones count from the end.
class IndexReader {
 public:
  IndexReader(const TensorSpec& spec, int64_t size)
      : dtype_(spec.dtype), count_(spec.shape.num_elements()), size_(size) {}

  int64_t count() const { return count_; }
  size_t bytes() const { return static_cast<size_t>(count_) * sizeof(int64_t); }

  /// False after a fault; then `to` is not to be used.
  bool read(const KernelArgs& args, int input, int64_t* to) const {
    return read(args, input, 0, count_, to);
  }
  /// The same of indices [begin, end), to their places in `to`.
  bool read(const KernelArgs& args, int input, int64_t begin, int64_t end, int64_t* to) const {
    return dispatch_integer(dtype_, [&](auto tag) {
      const auto* from = args.in<decltype(tag)>(input);
      bool good = true;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t index = as_index(from[i]);
        to[i] = index + (index < 0 ? size_ : 0);
        good &= static_cast<uint64_t>(to[i]) < static_cast<uint64_t>(size_);
      }
      for (int64_t i = begin; i < end && !good; ++i) {
        if (to[i] >= 0 && to[i] < size_) continue;
        args.fault(as_index(from[i]));
        break;
      }
      return good;
    });
  }

 private:
  DType dtype_;
  int64_t count_, size_;
};

}  // namespace danlu::cpu
