#include "danlu/nn/losses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

Loss make_loss(const std::string& kind, const Json& config, const std::string& reduction) {
  const auto flag = [&](const char* key) {
    const Json* value = config.find(key);
    return value != nullptr && value->as_bool();
  };
  const Json* smoothing = config.find("label_smoothing");
  const double alpha = smoothing != nullptr ? smoothing->as_double() : 0;
  const bool logits = flag("from_logits");
  if (kind == "MeanSquaredError") return losses::MeanSquaredError({.reduction = reduction});
  if (kind == "SparseCategoricalCrossentropy") {
    return losses::SparseCategoricalCrossentropy({.from_logits = logits, .reduction = reduction});
  }
  const losses::CrossentropyConfig all{
      .from_logits = logits, .label_smoothing = alpha, .reduction = reduction};
  if (kind == "BinaryCrossentropy") return losses::BinaryCrossentropy(all);
  EXPECT_EQ(kind, "CategoricalCrossentropy");
  return losses::CategoricalCrossentropy(all);
}

void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  const Json& config = about.at("config");
  const Json* given = config.find("reduction");
  const std::string reduction = given != nullptr ? given->as_string() : "sum_over_batch_size";
  const std::string kind = about.at("class").as_string();
  const Loss loss = make_loss(kind, config, reduction);
  EXPECT_EQ(loss.name(), about.at("loss").as_string());

  const Array y_true = file.array(name + "/y_true", run.dtype);
  const Array y_pred = file.array(name + "/y_pred", run.dtype);
  const Array value = loss(y_true, y_pred);
  const std::vector<Array> sources = {y_pred};
  const Array grad = gradients(value, sources)[0];
  const Array each = make_loss(kind, config, "none")(y_true, y_pred);
  eval({value, grad, each});
  const std::string prefix = name + "/" + run.prefix + "/";
  golden::expect_close(value, file, prefix + "loss", run.tolerance);
  golden::expect_close(grad, file, prefix + "grad", run.tolerance);
  golden::expect_close(each, file, prefix + "per_sample", run.tolerance);
}

TEST(GoldenLosses, ValuesAndGradientsAreThoseOfKeras) {
  const golden::File file("losses.safetensors");
  ASSERT_GT(file.cases().size(), 25u);
  for (const std::string& name : file.cases()) {
    for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
  }
}

}  // namespace
}  // namespace danlu
