#include <gmock/gmock.h>

#include <cmath>

#include "danlu/io/hdf5.h"
#include "danlu/io/npy.h"
#include "danlu/io/safetensors.h"
#include "danlu/io/zip.h"
#include "tests/e2e/cli_command.h"

/// Subcommands on a model that Keras made (tests/interop/make_models.py), with what Keras says it
/// predicts, and what its losses are in the five steps that follow.
namespace danlu::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kTolerance = 1e-9;
const std::string kModel = "tests/interop/models/adam.keras";

class CliModelFile : public testing::Test {
 protected:
  CliModelFile() : told_(load_npz("tests/interop/models/adam.npz")) {
    save_npy(folder_ / "x.npy", told_.at("x0"));
    save_npy(folder_ / "y.npy", told_.at("y0"));
  }

  std::string data() const {
    return " --x '" + (folder_ / "x.npy") + "' --y '" + (folder_ / "y.npy") + "'";
  }

  void expect_near(const HostTensor& mine, const std::string& name) const {
    const HostTensor& told = told_.at(name);
    ASSERT_EQ(mine.spec(), told.spec());
    for (size_t i = 0; i < mine.values<double>().size(); ++i) {
      EXPECT_NEAR(mine.values<double>()[i], told.values<double>()[i], kTolerance) << name;
    }
  }

  void expect_predicts(const std::string& model, const std::string& name) const {
    const std::string out = folder_ / "predicted.npy";
    danlu_ok("predict '" + model + "' --input '" + (folder_ / "x.npy") + "' --output '" + out +
             "'");
    expect_near(load_npy(out), name);
  }

  TemporaryFolder folder_;
  TensorMap told_;
};

TEST_F(CliModelFile, PredictsAsKeras) {
  expect_predicts(kModel, "predicted0");
  const TensorMap told = load_npz("tests/interop/models/functional_chain.npz");
  save_npy(folder_ / "features.npy", told.at("x0"));
  const std::string out = folder_ / "named.npy";
  danlu_ok("predict tests/interop/models/functional_chain.keras --input 'features=" +
           (folder_ / "features.npy") + "' --output '" + out + "' --batch-size 3");
  const HostTensor y = load_npy(out);
  ASSERT_EQ(y.spec(), told.at("predicted0").spec());
  for (size_t i = 0; i < y.values<double>().size(); ++i) {
    EXPECT_NEAR(y.values<double>()[i], told.at("predicted0").values<double>()[i], kTolerance);
  }
}

TEST_F(CliModelFile, InputsOfSequentialModelsHaveTheNameOfTheirInputLayer) {
  const std::string input = folder_ / "x.npy", out = folder_ / "named.npy";
  danlu_ok("predict " + kModel + " --input 'input_layer=" + input + "' --output '" + out + "'");
  expect_near(load_npy(out), "predicted0");
  EXPECT_THAT(
      danlu("predict " + kModel + " --input 'other=" + input + "' --output '" + out + "'").err,
      AllOf(HasSubstr("input_layer"), HasSubstr("other")));
}

TEST_F(CliModelFile, TrainsOnAsKeras) {
  const std::string trained = folder_ / "trained.keras";
  const Json told = danlu_ok("train " + kModel + data() +
                             " --batch-size 8 --epochs 5 --no-shuffle --precision float64 --quiet "
                             "--json --save '" +
                             trained + "'")
                        .json();
  EXPECT_EQ(told.at("precision").as_string(), "float64");
  const Json& losses = told.at("history").at("loss");
  ASSERT_EQ(losses.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(losses[i].as_double(), told_.at("losses").values<double>()[i], kTolerance);
  }
  EXPECT_TRUE(told.at("history").contains("mae"));
  expect_predicts(trained, "trained0");
}

TEST_F(CliModelFile, LossAndOptimizerOfTheCommandLineReplaceTheFiles) {
  const std::string common =
      "train " + kModel + data() + " --batch-size 8 --no-shuffle --quiet --json";
  const double loss = danlu_ok(common + " --loss mae").json().at("train").at("loss").as_double();
  EXPECT_NEAR(loss, danlu_ok(common).json().at("train").at("mae").as_double(), 1e-6);
  const Json slow = danlu_ok(common +
                             " --epochs 2 --optimizer sgd --optimizer-config "
                             "'{\"learning_rate\": 0.0, \"momentum\": 0.9}'")
                        .json();
  EXPECT_EQ(slow.at("history").at("loss")[0], slow.at("history").at("loss")[1]);
  const Outcome unknown = danlu("train " + kModel + data() + " --optimizer-config '{\"lr\": 1}'");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("--optimizer-config"), HasSubstr("\"lr\"")));
}

TEST_F(CliModelFile, EvaluatesAndSummarizes) {
  const Json test =
      danlu_ok("evaluate " + kModel + data() + " --batch-size 8 --precision float64 --json")
          .json()
          .at("test");
  EXPECT_NEAR(test.at("loss").as_double(), told_.at("losses").values<double>()[0], kTolerance);
  EXPECT_TRUE(test.contains("mae"));
  EXPECT_THAT(danlu_ok("summary " + kModel).out,
              AllOf(HasSubstr("dense_1 (Dense)"), HasSubstr("37")));
}

TEST_F(CliModelFile, ConvertsBetweenFormats) {
  const std::string weights = folder_ / "m.weights.h5", again = folder_ / "again.keras";
  danlu_ok("convert " + kModel + " '" + weights + "'");
  danlu_ok("convert " + kModel + " '" + again + "'");
  danlu_ok("convert " + kModel + " '" + (folder_ / "m.json") + "'");
  danlu_ok("convert " + kModel + " '" + (folder_ / "m.safetensors") + "'");
  danlu_ok("convert '" + weights + "' '" + (folder_ / "m.npz") + "'");
  expect_predicts(again, "predicted0");
  const TensorMap arrays = load_npz(folder_ / "m.npz");
  EXPECT_EQ(arrays.at("layers/dense/vars/0").shape(), Shape({4, 5}));
  EXPECT_TRUE(arrays.contains("optimizer/vars/0"));
  EXPECT_EQ(load_safetensors(folder_ / "m.safetensors").size(), 4u);
  EXPECT_EQ(danlu("convert " + kModel + " '" + (folder_ / "m.pdf") + "'").status, 2);
}

TEST_F(CliModelFile, SaysWhatIsMissing) {
  EXPECT_THAT(danlu("train " + kModel).err, HasSubstr("--x is required"));
  EXPECT_THAT(danlu("predict " + kModel).err, HasSubstr("--input is required"));
  EXPECT_THAT(danlu("predict none.keras --input x.npy --output '" + (folder_ / "y.npy") + "'").err,
              HasSubstr("There is no such file"));
  EXPECT_THAT(danlu("predict cnn").err, HasSubstr("--load is required"));
}

}  // namespace
}  // namespace danlu::cli_test
