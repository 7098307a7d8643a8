// Values that random graphs are made of: what their numbers are like, and how to find one that
// fits. Floating values are of two kinds. Exact ones are multiples of a power of two, small enough
// that every order of summation gives the same number; only they go into ops with jumps and kinks,
// where rounding noise would become a difference. All others are smooth.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "danlu/danlu.h"

namespace danlu::testing {

class Choice {
 public:
  explicit Choice(uint64_t seed) : engine_(seed * 2654435761u + 17) {}
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool one_in(int64_t n) { return between(1, n) == 1; }
  template <class T>
  const T& of(const std::vector<T>& from) {
    return from[static_cast<size_t>(between(0, static_cast<int64_t>(from.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

struct Value {
  Array array;
  bool exact = true;
  double bound = 2;    ///< of the absolute values
  int fraction = 2;    ///< exact: multiples of 2^-fraction
  bool whole = false;  ///< no negative values and fraction 0
};

/// Multiples of ¼ in [−2, 2], as floating Array; for integers 0, 1 or 2; for bool both.
inline Array exact_array(Choice& choose, const Shape& shape, DType dtype = DType::float32) {
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (double& v : values) {
    v = is_floating(dtype) ? static_cast<double>(choose.between(-8, 8)) / 4
                           : static_cast<double>(choose.between(0, dtype == DType::bool_ ? 1 : 2));
  }
  return cast(Array(values, shape), dtype).eval();
}

inline Value exact_value(Choice& choose, const Shape& shape, DType dtype = DType::float32) {
  const bool floating = is_floating(dtype);
  return {exact_array(choose, shape, dtype), true, dtype == DType::bool_ ? 1. : 2.,
          floating ? 2 : 0, !floating};
}

inline Shape some_shape(Choice& choose, int max_rank = 4) {
  std::vector<int64_t> dims(static_cast<size_t>(choose.between(0, max_rank)));
  static const std::vector<int64_t> lengths = {1, 1, 2, 3, 3, 4, 5, 7, 17};
  int64_t elements = 1;
  for (int64_t& d : dims) {
    d = choose.one_in(60) ? 0 : choose.of(lengths);
    if (elements * d > 1500) d = 1;
    elements *= std::max<int64_t>(d, 1);
  }
  return Shape(dims);
}

/// The values of a graph so far.
class ValuePool {
 public:
  ValuePool(uint64_t seed, std::vector<Value> inputs) : choose_(seed), pool_(std::move(inputs)) {}

  Choice& choose() { return choose_; }
  const std::vector<Value>& pool() const { return pool_; }
  const Value& any() {
    // Later values more often, so that graphs grow deep as well as wide.
    const auto n = static_cast<int64_t>(pool_.size());
    return pool_[static_cast<size_t>(
        std::max(choose_.between(0, n - 1), choose_.between(0, n - 1)))];
  }

 protected:
  static double capacity(DType dtype) {
    switch (dtype) {
      case DType::float64:
        return 0x1p48;
      case DType::bfloat16:
        return 0x1p8;
      case DType::uint8:
        return 255;
      case DType::int32:
        return 0x1p28;
      case DType::int64:
        return 0x1p48;
      default:
        return 0x1p22;
    }
  }

  /// Keeps the value if its numbers stay in range.
  void add(Array array, bool exact, double bound, int fraction, bool whole = false) {
    if (array.size() > 6000) return;
    const DType dtype = array.dtype();
    if (exact && bound * std::exp2(fraction) > capacity(dtype)) {
      if (dtype != DType::float32) return;
      exact = false;
    }
    if (!exact && (bound > 50 || !is_floating(dtype) || dtype == DType::bfloat16)) {
      if (dtype != DType::float32 && dtype != DType::float64) return;
      array = tanh(array * (1 / std::max(bound, 1.0)));
      bound = 1;
    }
    pool_.push_back({std::move(array), exact, bound, exact ? fraction : 0, exact && whole});
  }
  void add_smooth(Array array, double bound) { add(std::move(array), false, bound, 0); }
  void add_bool(Array array) { add(std::move(array), true, 1, 0, true); }

  const Value& floating() {
    for (int i = 0; i < 50; ++i) {
      const Value& v = any();
      if (is_floating(v.array.dtype()) && v.array.dtype() != DType::bfloat16) return v;
    }
    return pool_[0];
  }
  Value exact() {
    for (int i = 0; i < 50; ++i) {
      const Value& v = any();
      if (v.exact && v.array.dtype() != DType::bool_) return v;
    }
    return exact_value(choose_, some_shape(choose_));
  }
  Value condition(const Shape& shape) {
    for (int i = 0; i < 10; ++i) {
      const Value& v = any();
      if (v.array.dtype() == DType::bool_ && v.array.shape() == shape) return v;
    }
    return exact_value(choose_, partner_shape(shape), DType::bool_);
  }

  /// A shape that broadcasts with `shape`.
  Shape partner_shape(const Shape& shape) {
    std::vector<int64_t> dims = shape.to_vector();
    if (choose_.one_in(2)) return shape;
    for (int64_t& d : dims) {
      if (choose_.one_in(3)) {
        d = 1;
      } else if (d == 1 && choose_.one_in(4)) {
        d = choose_.between(1, 3);
      }
    }
    const auto drop = choose_.one_in(2) ? choose_.between(0, shape.rank()) : 0;
    dims.erase(dims.begin(), dims.begin() + drop);
    if (drop == 0 && choose_.one_in(8) && dims.size() < 5)
      dims.insert(dims.begin(), choose_.between(1, 2));
    return Shape(dims);
  }

  static bool broadcasts(const Shape& a, const Shape& b) {
    for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
      if (a[-i] != b[-i] && a[-i] != 1 && b[-i] != 1) return false;
    }
    return true;
  }

  Value partner(const Value& v) {
    for (int i = 0; i < 12; ++i) {
      const Value& other = any();
      if (other.array.dtype() == v.array.dtype() &&
          broadcasts(other.array.shape(), v.array.shape())) {
        return other;
      }
    }
    const DType dtype = v.array.dtype();
    if (choose_.one_in(4)) return exact_value(choose_, partner_shape(v.array.shape()), dtype);
    const Shape shape = partner_shape(v.array.shape());
    Value made = exact_value(choose_, shape, dtype);
    return made;
  }

  Axes some_axes(int rank) {
    Axes axes;
    for (int i = 0; i < rank; ++i) {
      if (choose_.one_in(2)) axes.push_back(choose_.one_in(2) ? i : i - rank);
    }
    return axes;
  }

  Choice choose_;
  std::vector<Value> pool_;
};

}  // namespace danlu::testing
