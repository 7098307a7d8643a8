#pragma once

#include <vector>

#include "danlu/core/attrs.h"

namespace danlu {

/// reshape, broadcast_to: the shape of the output.
struct ShapeAttrs {
  Shape shape;

  template <class V>
  void fields(V&& v) const {
    v("shape", shape);
  }
  friend bool operator==(const ShapeAttrs&, const ShapeAttrs&) = default;
};

struct TransposeAttrs {
  std::vector<int64_t> axes;  ///< a permutation, non-negative

  template <class V>
  void fields(V&& v) const {
    v("axes", axes);
  }
  friend bool operator==(const TransposeAttrs&, const TransposeAttrs&) = default;
};

/// Normalized: 0 ≤ start, and `size` elements `step` apart (step may be negative).
struct SliceAttrs {
  std::vector<int64_t> start, size, step;

  template <class V>
  void fields(V&& v) const {
    v("start", start), v("size", size), v("step", step);
  }
  friend bool operator==(const SliceAttrs&, const SliceAttrs&) = default;
};

/// `interior` zeros go between neighbours: with it, padding is the transpose of slicing.
struct PadAttrs {
  std::vector<int64_t> before, after, interior;
  double value = 0;

  template <class V>
  void fields(V&& v) const {
    v("before", before), v("after", after), v("interior", interior), v("value", value);
  }
  friend bool operator==(const PadAttrs&, const PadAttrs&) = default;
};

struct ConcatenateAttrs {
  int64_t axis = 0;

  template <class V>
  void fields(V&& v) const {
    v("axis", axis);
  }
  friend bool operator==(const ConcatenateAttrs&, const ConcatenateAttrs&) = default;
};

struct TakeAttrs {
  int64_t axis = 0;
  int64_t size = 0;  ///< of the input along `axis`, for the text about a bad index

  template <class V>
  void fields(V&& v) const {
    v("axis", axis), v("size", size);
  }
  friend bool operator==(const TakeAttrs&, const TakeAttrs&) = default;
};

/// `shape`: of the output.
struct ScatterAddAttrs {
  Shape shape;
  int64_t axis = 0;

  template <class V>
  void fields(V&& v) const {
    v("shape", shape), v("axis", axis);
  }
  friend bool operator==(const ScatterAddAttrs&, const ScatterAddAttrs&) = default;
};

struct OneHotAttrs {
  int64_t num_classes = 1;
  DType dtype = DType::float32;
  bool strict = false;  ///< a class out of range is a fault; else it has no 1

  template <class V>
  void fields(V&& v) const {
    v("num_classes", num_classes), v("dtype", dtype), v("strict", strict);
  }
  friend bool operator==(const OneHotAttrs&, const OneHotAttrs&) = default;
};

struct IotaAttrs {
  int64_t start = 0, size = 0, step = 1;
  DType dtype = DType::int64;

  template <class V>
  void fields(V&& v) const {
    v("start", start), v("size", size), v("step", step), v("dtype", dtype);
  }
  friend bool operator==(const IotaAttrs&, const IotaAttrs&) = default;
};

}  // namespace danlu
