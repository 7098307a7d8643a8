#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/dtype.h"
#include "danlu/core/shape.h"
#include "danlu/io/json.h"

namespace danlu {

struct LayerCall;
class IndexList;

/// What a layer will give, before there is data: shape, dtype and the call it comes from. What
/// functional models are made of; `Input` makes the first ones. A value; copies are equal.
class KerasTensor {
 public:
  KerasTensor(std::shared_ptr<const LayerCall> call, size_t index)
      : call_(std::move(call)), index_(index) {}

  /// Batch axis included; unknown dimensions are `kNone`.
  const Shape& shape() const;
  DType dtype() const;
  /// The call that gives it, and as which output.
  const LayerCall& call() const { return *call_; }
  const std::shared_ptr<const LayerCall>& call_ref() const { return call_; }
  size_t index() const { return index_; }

  /// A part, as NumPy indexes: `x[{Slice{}, 0}]`, the batch axis first (danlu/nn/keras_ops.h).
  KerasTensor operator[](const IndexList& key) const;

  friend bool operator==(const KerasTensor& a, const KerasTensor& b) {
    return a.call_ == b.call_ && a.index_ == b.index_;
  }

 private:
  std::shared_ptr<const LayerCall> call_;
  size_t index_;
};

/// One or several: `x`, `{a, b}`.
class KerasTensors : public std::vector<KerasTensor> {
 public:
  template <std::convertible_to<KerasTensor> T>
  KerasTensors(const T& tensor) : vector{static_cast<KerasTensor>(tensor)} {}
  KerasTensors(std::initializer_list<KerasTensor> tensors) : vector(tensors) {}
  KerasTensors(std::vector<KerasTensor> tensors) : vector(std::move(tensors)) {}
};

/// Further arguments of a call in a functional graph, by Keras's names.
struct SymbolicArguments {
  Json values = {};                            ///< {"use_causal_mask": true}
  std::map<std::string, KerasTensor> tensors;  ///< {"attention_mask", mask}
};

}  // namespace danlu
