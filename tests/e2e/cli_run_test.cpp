#include <gmock/gmock.h>

#include <cmath>

#include "danlu/base/sha256.h"
#include "danlu/data/datasets.h"
#include "tests/e2e/cli_command.h"

namespace danlu::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.members()) names.push_back(name);
  return names;
}

/// One folder for all tests of this file.
const ImageFolder& images() {
  static const ImageFolder folder;
  return folder;
}

std::string on_images() { return "--data '" + images().path() + "' --quiet --json "; }

TEST(CliJson, TrainPrintsOneLineWithEveryKey) {
  const Outcome run = danlu_ok("train cnn --epochs 2 --seed 3 " + on_images());
  EXPECT_THAT(run.out, MatchesRegex("[{][^\n]*[}]\n"));
  EXPECT_EQ(run.err, "");
  const Json json = run.json();
  EXPECT_THAT(keys(json),
              ElementsAre("recipe", "data", "samples", "epochs", "batch_size", "seed", "threads",
                          "precision", "parameters", "train", "test", "seconds",
                          "samples_per_second", "step_us_median", "peak_rss_mb", "weights_sha256"));
  EXPECT_THAT(keys(json.at("train")), ElementsAre("loss", "accuracy"));
  EXPECT_THAT(keys(json.at("test")), ElementsAre("samples", "loss", "accuracy"));
  EXPECT_EQ(json.at("recipe").as_string(), "cnn");
  EXPECT_EQ(json.at("data").as_string(), images().path());
  EXPECT_EQ(json.at("samples").as_int(), ImageFolder::kTrain);
  EXPECT_EQ(json.at("epochs").as_int(), 2);
  EXPECT_EQ(json.at("batch_size").as_int(), 64);
  EXPECT_EQ(json.at("seed").as_int(), 3);
  EXPECT_GE(json.at("threads").as_int(), 1);
  EXPECT_EQ(json.at("precision").as_string(), "float32");
  EXPECT_EQ(json.at("parameters").as_int(), 225034);
  EXPECT_EQ(json.at("test").at("samples").as_int(), ImageFolder::kTest);
  EXPECT_GT(json.at("seconds").as_double(), 0);
  EXPECT_GT(json.at("step_us_median").as_double(), 0);
  EXPECT_NEAR(json.at("samples_per_second").as_double() * json.at("seconds").as_double(),
              2.0 * ImageFolder::kTrain, 1);
  EXPECT_GT(json.at("peak_rss_mb").as_double(), 1);
  EXPECT_THAT(json.at("weights_sha256").as_string(), MatchesRegex("[0-9a-f]{64}"));
}

TEST(CliJson, WithoutAccuracyThereIsNull) {
  const Json json = danlu_ok("train linear-regression --epochs 1 --quiet --json").json();
  EXPECT_TRUE(json.at("train").at("accuracy").is_null());
  EXPECT_TRUE(json.at("test").at("accuracy").is_null());
  EXPECT_TRUE(json.at("test").at("loss").is_number());
}

TEST(CliTrain, TheSeedDecidesEveryBit) {
  const std::string command = "train cnn --epochs 2 " + on_images();
  const Json once = danlu_ok(command + "--seed 1").json();
  const Json again = danlu_ok(command + "--seed 1").json();
  const Json other = danlu_ok(command + "--seed 2").json();
  EXPECT_EQ(once.at("weights_sha256"), again.at("weights_sha256"));
  EXPECT_EQ(once.at("train"), again.at("train"));
  EXPECT_EQ(once.at("test"), again.at("test"));
  EXPECT_NE(once.at("weights_sha256"), other.at("weights_sha256"));
}

TEST(CliTrain, SavedWeightsGiveTheSameFigures) {
  const TemporaryFolder folder;
  const std::string file = folder / "weights.safetensors";
  const Json trained =
      danlu_ok("train cnn --epochs 3 --batch-size 32 --save '" + file + "' " + on_images()).json();
  EXPECT_EQ(trained.at("weights_sha256").as_string(), sha256_file(file));
  EXPECT_GT(trained.at("test").at("accuracy").as_double(), 0.5);

  const std::string data = "--data '" + images().path() + "' ";
  const Json measured = danlu_ok("evaluate cnn --json " + data + "--load '" + file + "'").json();
  EXPECT_EQ(measured.at("test"), trained.at("test"));
  EXPECT_EQ(measured.at("weights_sha256"), trained.at("weights_sha256"));
  EXPECT_EQ(keys(measured), keys(trained));
  EXPECT_TRUE(measured.at("train").at("loss").is_null());
  EXPECT_TRUE(measured.at("epochs").is_null());

  const Json told =
      danlu_ok("predict cnn --json --count 80 " + data + "--load '" + file + "'").json();
  ASSERT_EQ(told.at("predictions").size(), 80u);
  double right = 0;
  for (const Json& row : told.at("predictions").items()) {
    right += row.at("predicted") == row.at("label");
    EXPECT_GE(row.at("probability").as_double(), 0.1);
    EXPECT_EQ(row.at("label").as_int(), row.at("index").as_int() * 7 % 10);
  }
  EXPECT_NEAR(right / 80, measured.at("test").at("accuracy").as_double(), 1e-6);
  EXPECT_THAT(danlu_ok("predict cnn --count 3 " + data + "--load '" + file + "'").out,
              MatchesRegex("( *[0-9]+  [0-9] .*(right|wrong: it is [0-9])\n){3}"));

  // Weights that were loaded are where training goes on.
  const Json more =
      danlu_ok("train cnn --epochs 1 --load '" + file + "' --learning-rate 1e-9 " + on_images())
          .json();
  EXPECT_NEAR(more.at("test").at("loss").as_double(), trained.at("test").at("loss").as_double(),
              1e-3);
}

TEST(CliTrain, OneHotRecipeValidatesAfterEachEpoch) {
  const Outcome run =
      danlu_ok("train mnist-cnn --epochs 2 --json --data '" + images().path() + "'");
  EXPECT_THAT(run.err, AllOf(HasSubstr("Epoch 2/2"), HasSubstr("val_accuracy")));
  EXPECT_THAT(run.err, Not(HasSubstr("\r")));
  EXPECT_EQ(run.json().at("parameters").as_int(), 693962);
}

TEST(CliTrain, OptionsReachTheRun) {
  const Outcome run = danlu_ok(
      "train cnn --epochs 1 --batch-size 100 --optimizer sgd --learning-rate 0.05 --threads 1 "
      "--validation-split 0.25 --json --data '" +
      images().path() + "'");
  EXPECT_THAT(run.out,
              HasSubstr("240 samples, 1 epoch, batch size 100, sgd 0.05, seed 0, 1 thread, "));
  EXPECT_THAT(run.err, AllOf(HasSubstr("3/3"), HasSubstr("val_loss")));
  EXPECT_EQ(run.json().at("samples").as_int(), 240);
  EXPECT_EQ(run.json().at("threads").as_int(), 1);
}

/// Numbers of a line "KEY  y = A x + B".
std::pair<double, double> line_after(const std::string& text, const std::string& key) {
  const size_t at = text.find(key);
  EXPECT_NE(at, std::string::npos) << text;
  double slope = NAN, intercept = NAN;
  std::sscanf(text.c_str() + at + key.size(), " y = %lf x + %lf", &slope, &intercept);
  return {slope, intercept};
}

/// The normal equations, solved by Cramer's rule.
std::pair<double, double> solve(const DataSplit& points) {
  double n = 0, x1 = 0, x2 = 0, y1 = 0, xy = 0;
  const auto xs = points.x.values<float>(), ys = points.y.values<float>();
  for (size_t i = 0; i < xs.size(); ++i) {
    n += 1, x1 += xs[i], x2 += double{xs[i]} * xs[i], y1 += ys[i], xy += double{xs[i]} * ys[i];
  }
  const double determinant = n * x2 - x1 * x1;
  return {(n * xy - x1 * y1) / determinant, (x2 * y1 - x1 * xy) / determinant};
}

TEST(CliRecipes, LinearRegressionFindsTheLeastSquaresLine) {
  for (int seed = 0; seed < 20; ++seed) {
    const std::string out = danlu_ok("train linear-regression --seed " + std::to_string(seed)).out;
    const auto [slope, intercept] = line_after(out, "learned");
    const auto [best_slope, best_intercept] =
        solve(datasets::linear(100, 3, 2, 1, static_cast<uint64_t>(seed)));
    EXPECT_NEAR(slope, best_slope, 0.05) << "seed " << seed;
    EXPECT_NEAR(intercept, best_intercept, 0.05) << "seed " << seed;
    const auto [told_slope, told_intercept] = line_after(out, "least squares");
    EXPECT_NEAR(told_slope, best_slope, 1e-4);
    EXPECT_NEAR(told_intercept, best_intercept, 1e-4);
  }
}

TEST(CliRecipes, LinearRegressionWithoutNoiseFindsTheLine) {
  for (int seed = 0; seed < 20; ++seed) {
    const auto [slope, intercept] = line_after(
        danlu_ok("train linear-regression --data linear-exact --seed " + std::to_string(seed)).out,
        "learned");
    EXPECT_NEAR(slope, 3, 0.05) << "seed " << seed;
    EXPECT_NEAR(intercept, 2, 0.05) << "seed " << seed;
  }
}

TEST(CliRecipes, XorIsLearnedFromNearlyEveryStart) {
  int learned = 0;
  for (int seed = 0; seed < 20; ++seed) {
    const Json json = danlu_ok("train xor --quiet --json --seed " + std::to_string(seed)).json();
    learned += json.at("test").at("accuracy").as_double() == 1.0;
  }
  EXPECT_GE(learned, 19);
}

TEST(CliRecipes, XorAsPrintedFailsAndSaysWhy) {
  const Outcome run = danlu_ok("train xor --as-printed --json");
  EXPECT_LT(run.json().at("test").at("accuracy").as_double(), 0.8);
  EXPECT_GT(run.json().at("test").at("loss").as_double(), 0.693);
  EXPECT_EQ(run.json().at("parameters").as_int(), 6);
  EXPECT_THAT(run.out, HasSubstr("Why it fails: One layer splits the plane along one straight"));
}

TEST(CliRecipes, XorTakesOtherPointsInThePlane) {
  const Json json = danlu_ok("train xor --data moons --epochs 30 --quiet --json").json();
  EXPECT_EQ(json.at("samples").as_int(), 1000);
  EXPECT_GT(json.at("test").at("accuracy").as_double(), 0.8);
}

}  // namespace
}  // namespace danlu::cli_test
