#include "danlu/io/tensor_map.h"

#include "danlu/base/error.h"

namespace danlu {

void TensorMap::add(std::string name, HostTensor tensor) {
  if (!tensor.defined()) {
    throw ValueError({.where = "TensorMap", .what = "The tensor '" + name + "' has no storage"});
  }
  if (!index_.emplace(name, entries_.size()).second) {
    throw ValueError({.where = "TensorMap",
                      .what = "Two tensors have the same name",
                      .expected = "every name once",
                      .received = "'" + name + "' again"});
  }
  entries_.push_back({std::move(name), std::move(tensor)});
}

const HostTensor* TensorMap::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : &entries_[found->second].tensor;
}

const HostTensor& TensorMap::at(std::string_view name) const {
  if (const HostTensor* tensor = find(name)) return *tensor;
  std::string names;
  for (const Entry& entry : entries_) {
    if (names.size() > 200) {
      names += ", ...";
      break;
    }
    names += (names.empty() ? "'" : ", '") + entry.name + "'";
  }
  throw IoError({.where = "TensorMap",
                 .what = "A tensor is missing",
                 .expected = "'" + std::string(name) + "'",
                 .received = names.empty() ? "no tensors" : names});
}

size_t TensorMap::bytes() const {
  size_t total = 0;
  for (const Entry& entry : entries_) total += entry.tensor.bytes();
  return total;
}

}  // namespace danlu
