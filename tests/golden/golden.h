#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/io/json.h"
#include "danlu/io/safetensors.h"
#include "danlu/ops/elementwise.h"

/// Reading and comparing the golden files of this folder; README.md says what they hold.
namespace danlu::golden {

/// One of the two runs that a file holds.
struct Run {
  const char* prefix;
  DType dtype;
  double tolerance;  ///< of a tensor: ‖difference‖ / ‖reference‖
};
inline constexpr Run kRuns[] = {{"f64", DType::float64, 1e-9}, {"f32", DType::float32, 1e-5}};

class File {
 public:
  explicit File(const std::string& name) : tensors_(load_safetensors("tests/golden/" + name)) {
    for (const auto& [key, text] : tensors_.metadata) metadata_.set(key, Json::parse(text));
  }

  const Json& metadata(const std::string& key) const { return metadata_.at(key); }
  bool contains(const std::string& name) const { return tensors_.contains(name); }
  std::vector<std::string> cases() const {
    std::vector<std::string> names;
    for (const Json& name : metadata("cases").items()) names.push_back(name.as_string());
    return names;
  }

  const HostTensor& host(const std::string& name) const { return tensors_.at(name); }
  Array array(const std::string& name) const {
    const HostTensor& tensor = host(name);
    return Array::from_buffer(tensor.buffer(), tensor.spec());
  }
  /// Floating tensors in `dtype`, others as they are.
  Array array(const std::string& name, DType dtype) const {
    const Array a = array(name);
    return is_floating(a.dtype()) && a.dtype() != dtype ? cast(a, dtype) : a;
  }
  std::vector<double> values(const std::string& name) const {
    return array(name).to_vector<double>();
  }

 private:
  TensorMap tensors_;
  Json metadata_ = Json::object();
};

/// ‖a − b‖ / ‖b‖; ‖a‖ where b is 0; infinite when a NaN is in `a`.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  const double relative = std::sqrt(norm > 0 ? difference / norm : difference);
  return std::isfinite(relative) ? relative : INFINITY;
}

inline void expect_close(const Array& actual, const File& file, const std::string& name,
                         double tolerance) {
  const HostTensor& expected = file.host(name);
  EXPECT_EQ(actual.shape(), expected.shape()) << name;
  EXPECT_EQ(actual.dtype(), expected.dtype()) << name;
  EXPECT_LE(distance(actual.to_vector<double>(), file.values(name)), tolerance) << name;
}

}  // namespace danlu::golden
