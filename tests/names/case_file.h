#pragma once

#include <string>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/io/json.h"
#include "danlu/io/safetensors.h"

namespace danlu::names {

/// One golden file of tests/golden/names: the index of its cases and their tensors.
class CaseFile {
 public:
  CaseFile() = default;
  explicit CaseFile(const std::string& path) : tensors_(load_safetensors(path)) {
    for (const auto& [key, text] : tensors_.metadata) {
      if (key == "cases") index_ = Json::parse(text);
    }
  }

  const std::vector<Json>& cases() const { return index_.items(); }
  const HostTensor& tensor(const std::string& name) const { return tensors_.at(name); }
  Array array(const std::string& name) const {
    return Array::from_buffer(tensor(name).buffer(), tensor(name).spec());
  }

 private:
  TensorMap tensors_;
  Json index_ = Json::array();
};

}  // namespace danlu::names
