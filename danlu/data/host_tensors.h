#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/host_tensor.h"

namespace danlu {

/// The evaluated values of `array` on the same storage; of an undefined Array, no tensor.
HostTensor to_host(const Array& array);

/// What the samples consist of. As a rule that is one tensor, and then this is used like it; a
/// model of several inputs or outputs takes several, in its order or by its names:
/// `{images, tokens}`, `{{"image", images}, {"caption", tokens}}`. Copies share the storage.
///
/// Several tensors are read with `at`; the HostTensor that this is stands for the first of them.
/// Some may be undefined, such as the weights of an output whose samples all count 1.
class HostTensors : public HostTensor {
 public:
  HostTensors() = default;
  HostTensors(HostTensor one) : HostTensor(std::move(one)) {}
  HostTensors(const Array& one) : HostTensors(to_host(one)) {}
  HostTensors(const std::vector<HostTensor>& several);
  HostTensors(const std::vector<Array>& several);
  HostTensors(std::initializer_list<HostTensor> several);
  HostTensors(std::initializer_list<Array> several);
  /// Errors: ValueError for a name that comes twice.
  HostTensors(const std::vector<std::pair<std::string, HostTensor>>& named);
  HostTensors(std::initializer_list<std::pair<std::string, HostTensor>> named);
  HostTensors(std::initializer_list<std::pair<std::string, Array>> named);

  /// How many there are; 0 when nothing was given.
  size_t count() const { return more_.empty() ? (defined() ? 1 : 0) : 1 + more_.size(); }
  const HostTensor& at(size_t i) const { return i == 0 ? *this : more_.at(i - 1); }
  HostTensor& at(size_t i) { return i == 0 ? *this : more_.at(i - 1); }
  /// One for each; empty when they were given in order.
  const std::vector<std::string>& names() const { return names_; }

  /// Items [begin, end) of each one's first axis, on the same storage. Errors: ShapeError.
  HostTensors slice(int64_t begin, int64_t end) const;
  /// In the order of `names`, where they have names of their own; else as they are. Those that are
  /// missing are undefined when `optional`. Errors: ValueError, which begins with `where`, for a
  /// name that is unknown or missing.
  HostTensors ordered(const std::vector<std::string>& names, const std::string& where,
                      bool optional = false) const;

 private:
  std::vector<HostTensor> more_;
  std::vector<std::string> names_;
};

}  // namespace danlu
