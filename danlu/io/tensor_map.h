#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "danlu/core/host_tensor.h"

namespace danlu {

/// Named tensors in a fixed order, with free text about them: what every weight file format reads
/// and writes.
class TensorMap {
 public:
  struct Entry {
    std::string name;
    HostTensor tensor;
  };

  /// Appends; the storage is shared. Errors: ValueError when the name is taken or `tensor` is not
  /// defined.
  void add(std::string name, HostTensor tensor);
  size_t size() const { return entries_.size(); }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// nullptr when there is none.
  const HostTensor* find(std::string_view name) const;
  /// Errors: IoError that lists the names there are.
  const HostTensor& at(std::string_view name) const;
  const std::vector<Entry>& entries() const { return entries_; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  /// Bytes of all tensors.
  size_t bytes() const;

  /// Free text by key, in insertion order, e.g. {"format", "danlu"}.
  std::vector<std::pair<std::string, std::string>> metadata;

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace danlu
