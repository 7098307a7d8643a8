#include "danlu/ops/recurrent.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/autodiff/autodiff.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "tests/golden/golden.h"

namespace danlu {
namespace {

/// The inputs of one case, and what Danlu makes of them.
struct Call {
  std::vector<Array> sources;
  std::vector<std::string> names;
  std::vector<Array> results;
};

RecurrentActivation activation(const Json& config, const char* key) {
  const Json* name = config.find(key);
  if (name == nullptr) return {};
  if (name->as_string() == "softsign") return softsign;
  EXPECT_EQ(name->as_string(), "hard_sigmoid");
  return hard_sigmoid;
}

bool flag(const Json& config, const char* key, bool otherwise) {
  const Json* value = config.find(key);
  return value == nullptr ? otherwise : value->as_bool();
}

Call call_case(const golden::File& file, const std::string& name, DType dtype) {
  const Json& about = file.metadata(name);
  const Json& config = about.at("config");
  Call call;
  const auto source = [&](const std::string& key, const std::string& label) {
    call.sources.push_back(file.array(name + "/" + key, dtype));
    call.names.push_back(label);
    return call.sources.back();
  };
  const auto maybe = [&](const std::string& key, const std::string& label) {
    return file.contains(name + "/" + key) ? std::optional(source(key, label)) : std::nullopt;
  };
  const Array x = source("x", "x");
  const Array kernel = source("weights/kernel", "kernel");
  const Array recurrent = source("weights/recurrent_kernel", "recurrent_kernel");
  const auto bias = maybe("weights/bias", "bias");
  const auto h = maybe("state/0", "state/0"), c = maybe("state/1", "state/1");
  std::optional<Array> mask;
  if (file.contains(name + "/mask")) mask = cast(file.array(name + "/mask"), DType::bool_);
  if (about.at("layer").as_string() == "LSTM") {
    const auto [outputs, state_h, state_c] =
        lstm(x, kernel, recurrent,
             {.bias = bias,
              .initial_state_h = h,
              .initial_state_c = c,
              .mask = mask,
              .activation = activation(config, "activation"),
              .recurrent_activation = activation(config, "recurrent_activation"),
              .go_backwards = flag(config, "go_backwards", false)});
    call.results = {outputs, state_h, state_c};
  } else {
    const auto [outputs, state] =
        gru(x, kernel, recurrent,
            {.bias = bias,
             .initial_state = h,
             .mask = mask,
             .activation = activation(config, "activation"),
             .recurrent_activation = activation(config, "recurrent_activation"),
             .go_backwards = flag(config, "go_backwards", false),
             .reset_after = flag(config, "reset_after", true)});
    call.results = {outputs, state};
  }
  return call;
}

TEST(GoldenRecurrent, OutputsStatesAndGradientsAreThoseOfKeras) {
  const golden::File file("recurrent.safetensors");
  ASSERT_GE(file.cases().size(), 19u);
  for (const std::string& name : file.cases()) {
    for (const golden::Run& run : golden::kRuns) {
      SCOPED_TRACE(name + " " + run.prefix);
      const Call call = call_case(file, name, run.dtype);
      Array total = Array::scalar(0, run.dtype);
      for (size_t i = 0; i < call.results.size(); ++i) {
        const std::string cotangent = name + "/cotangent/" + std::to_string(i);
        total = total + sum(call.results[i] * file.array(cotangent, run.dtype));
      }
      std::vector<Array> all = gradients(total, call.sources);
      all.insert(all.end(), call.results.begin(), call.results.end());
      eval(all);
      const std::string prefix = name + "/" + run.prefix + "/";
      for (size_t i = 0; i < call.names.size(); ++i) {
        golden::expect_close(all[i], file, prefix + "grad/" + call.names[i], run.tolerance);
      }
      for (size_t i = 0; i < call.results.size(); ++i) {
        golden::expect_close(call.results[i], file, prefix + "out/" + std::to_string(i),
                             run.tolerance);
      }
    }
  }
}

}  // namespace
}  // namespace danlu
