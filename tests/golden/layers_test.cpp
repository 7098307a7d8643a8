#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/golden.h"
#include "tests/golden/proof.h"

namespace danlu {
namespace {

/// Output and gradients of sum(layer(x) · cotangent).
void check_case(const golden::File& file, const std::string& name, const golden::Run& run) {
  SCOPED_TRACE(name + " " + run.prefix);
  const Json& about = file.metadata(name);
  Json config = about.at("config");
  config.set("dtype", std::string(danlu::name(run.dtype)));
  const Layer layer = layer_from_config(about.at("layer").as_string(), config);

  const Array x = file.array(name + "/x", run.dtype);
  layer->ensure_built(x.shape().with_dim(0, kNone));
  std::vector<Array> sources = {x};
  std::vector<std::string> names = {"x"};
  for (Variable weight : layer.weights()) {
    weight.assign(file.array(name + "/weights/" + weight.name(), run.dtype));
    sources.push_back(weight);
    names.push_back(weight.name());
  }
  ASSERT_EQ(names.size(), about.at("variables").size() + 1);

  const Array y = layer(x);
  const Array total = sum(y * file.array(name + "/cotangent", run.dtype));
  const std::vector<Array> grads = gradients(total, sources);
  std::vector<Array> all = grads;
  all.push_back(y);
  eval(all);
  const std::string prefix = name + "/" + run.prefix + "/";
  golden::expect_close(y, file, prefix + "y", run.tolerance);
  for (size_t i = 0; i < names.size(); ++i) {
    golden::expect_close(grads[i], file, prefix + "grad/" + names[i], run.tolerance);
  }
}

TEST(GoldenLayers, OutputsAndGradientsAreThoseOfKeras) {
  const golden::File file("layers.safetensors");
  ASSERT_GT(file.cases().size(), 60u);
  golden::Proof proof("layers");
  for (const std::string& name : file.cases()) {
    proof.check(file.metadata(name).at("layer").as_string(), {"forward", "gradient"}, [&] {
      for (const golden::Run& run : golden::kRuns) check_case(file, name, run);
    });
  }
}

}  // namespace
}  // namespace danlu
