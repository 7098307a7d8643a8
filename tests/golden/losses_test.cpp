#include "danlu/nn/losses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const std::string class_name = about.at("class").as_string();
  Json config = about.at("get_config");  // from which Keras leaves delta of Huber and others out
  for (const auto& [key, value] : about.at("config").members()) config.set(key, value);
  const Loss given = loss_from_config(class_name, config);
  EXPECT_EQ(given.name(), about.at("loss").as_string());
  EXPECT_EQ(given.class_name(), class_name);
  EXPECT_EQ(golden::config_difference(given.get_config(), about.at("get_config")), "");
  const Loss loss = loss_from_config(class_name, given.get_config());
  Json unreduced = given.get_config();
  unreduced.set("reduction", "none");

  const auto optional = [&](const char* what, DType dtype) {
    const std::string key = name + "/" + what;
    return file.contains(key) ? cast(file.array(key), dtype) : Array();
  };
  const Array y_true = file.array(name + "/y_true", run.dtype);
  const Array y_pred = file.array(name + "/y_pred", run.dtype);
  const Array weight = optional("sample_weight", run.dtype), mask = optional("mask", DType::bool_);
  const Array value = loss(y_true, y_pred, weight, mask);
  const std::vector<Array> sources = {y_pred};
  const Array grad = gradients(value.rank() > 0 ? sum(value) : value, sources)[0];
  const Array each = loss_from_config(class_name, unreduced)(y_true, y_pred);
  eval({value, grad, each});
  const std::string prefix = name + "/" + run.prefix + "/";
  golden::expect_close(value, file, prefix + "loss", run.tolerance);
  golden::expect_close(grad, file, prefix + "grad", run.tolerance);
  if (about.at("get_config").find("ignore_class") != nullptr || class_name == "Circle") return;
  golden::expect_close(each, file, prefix + "per_sample", run.tolerance);
}

TEST(GoldenLosses, ValuesGradientsAndConfigsAreThoseOfKeras) {
  const golden::File file("losses.safetensors");
  ASSERT_GT(file.cases().size(), 100u);
  golden::Proof proof("losses");
  for (const std::string& name : file.cases()) {
    proof.check(file.metadata(name).at("class").as_string(), {"forward", "gradient", "config"},
                [&] {
                  for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
                });
  }
}

}  // namespace
}  // namespace danlu
