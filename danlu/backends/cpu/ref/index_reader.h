#pragma once

#include "danlu/runtime/kernel.h"

namespace danlu::cpu {

/// Indices in [0, size), read from any integer dtype; negative ones count from the end.
class IndexReader {
 public:
  IndexReader(const TensorSpec& spec, int64_t size)
      : dtype_(spec.dtype), count_(spec.shape.num_elements()), size_(size) {}

  int64_t count() const { return count_; }
  size_t bytes() const { return static_cast<size_t>(count_) * sizeof(int64_t); }

  /// False after a fault; then `to` is not to be used.
  bool read(const KernelArgs& args, int input, int64_t* to) const {
    return dispatch(dtype_, [&](auto tag) {
      const auto* from = args.in<decltype(tag)>(input);
      for (int64_t i = 0; i < count_; ++i) {
        const auto index = static_cast<int64_t>(from[i]);
        if (index < -size_ || index >= size_) {
          args.fault(index);
          return false;
        }
        to[i] = index < 0 ? index + size_ : index;
      }
      return true;
    });
  }

 private:
  DType dtype_;
  int64_t count_, size_;
};

}  // namespace danlu::cpu
