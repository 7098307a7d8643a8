#include "danlu/data/host_tensors.h"

#include <algorithm>

#include "danlu/base/error.h"

namespace danlu {
namespace {

std::string quoted(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

std::vector<HostTensor> all_to_host(const std::vector<Array>& arrays) {
  std::vector<HostTensor> tensors;
  for (const Array& array : arrays) tensors.push_back(danlu::to_host(array));
  return tensors;
}

}  // namespace

HostTensor to_host(const Array& array) {
  if (!array.defined()) return {};
  return HostTensor(array.dtype(), array.shape(), array.buffer());
}

HostTensors::HostTensors(const std::vector<HostTensor>& several) {
  for (size_t i = 0; i < several.size(); ++i) {
    if (i == 0) {
      static_cast<HostTensor&>(*this) = several[i];
    } else {
      more_.push_back(several[i]);
    }
  }
}

HostTensors::HostTensors(const std::vector<Array>& several) : HostTensors(all_to_host(several)) {}
HostTensors::HostTensors(std::initializer_list<HostTensor> several)
    : HostTensors(std::vector<HostTensor>(several)) {}
HostTensors::HostTensors(std::initializer_list<Array> several)
    : HostTensors(std::vector<Array>(several)) {}

HostTensors::HostTensors(const std::vector<std::pair<std::string, HostTensor>>& named) {
  std::vector<HostTensor> tensors;
  for (const auto& [name, tensor] : named) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      throw ValueError({.what = "Two tensors have the same name", .received = "\"" + name + "\""});
    }
    names_.push_back(name);
    tensors.push_back(tensor);
  }
  std::vector<std::string> names = std::move(names_);
  *this = HostTensors(tensors);
  names_ = std::move(names);
}

HostTensors::HostTensors(std::initializer_list<std::pair<std::string, HostTensor>> named)
    : HostTensors(std::vector<std::pair<std::string, HostTensor>>(named)) {}

HostTensors::HostTensors(std::initializer_list<std::pair<std::string, Array>> named) {
  std::vector<std::pair<std::string, HostTensor>> tensors;
  for (const auto& [name, array] : named) tensors.emplace_back(name, danlu::to_host(array));
  *this = HostTensors(tensors);
}

HostTensors HostTensors::slice(int64_t begin, int64_t end) const {
  HostTensors part = *this;
  for (size_t i = 0; i < count(); ++i) {
    if (at(i).defined()) part.at(i) = at(i).slice(begin, end);
  }
  return part;
}

HostTensors HostTensors::ordered(const std::vector<std::string>& names, const std::string& where,
                                 bool optional) const {
  if (names_.empty()) return *this;
  const auto refuse = [&](const char* what, const std::string& name) {
    throw ValueError({.where = where,
                      .what = std::string(what) + " \"" + name + "\"",
                      .expected = quoted(names),
                      .received = quoted(names_)});
  };
  for (const std::string& name : names_) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      refuse("The model has nothing called", name);
    }
  }
  std::vector<HostTensor> tensors;
  for (const std::string& name : names) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end() && !optional) refuse("There is no tensor for", name);
    tensors.push_back(found == names_.end() ? HostTensor()
                                            : at(static_cast<size_t>(found - names_.begin())));
  }
  return HostTensors(tensors);
}

}  // namespace danlu
