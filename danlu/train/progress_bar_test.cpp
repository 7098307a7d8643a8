#include "danlu/train/progress_bar.h"

#include <gtest/gtest.h>

namespace danlu {
namespace {

const std::string kBar = "━━━━━━━━━━━━━━━━━━━━";

TEST(FormatBar, IsKerasLine) {
  const ProgressLine line{.current = 512,
                          .target = 938,
                          .seconds = 1.1,
                          .seconds_per_step = 0.0052,
                          .logs = {{"loss", 0.5035}, {"accuracy", 0.7986}}};
  EXPECT_EQ(format_bar(line), "512/938 " + kBar + " 2s 5ms/step - accuracy: 0.7986 - loss: 0.5035");
  ProgressLine done = line;
  done.current = 938;
  done.finished = true;
  done.seconds = 3.4;
  done.logs["val_loss"] = 0.00012345;
  EXPECT_EQ(format_bar(done), "938/938 " + kBar +
                                  " 3s 5ms/step - accuracy: 0.7986 - loss: 0.5035 - val_loss: "
                                  "1.2345e-04");
  EXPECT_EQ(format_summary_line(done),
            "938/938 - 3s - 5ms/step - accuracy: 0.7986 - loss: 0.5035 - val_loss: 1.2345e-04");
}

TEST(FormatBar, PadsCountsAndShowsLongAndShortTimes) {
  ProgressLine line{.current = 7, .target = 1000, .seconds_per_step = 4};
  EXPECT_EQ(format_bar(line), "   7/1000 " + kBar + " 1:06:12 4s/step");
  line.seconds_per_step = 0.1;
  EXPECT_EQ(format_bar(line), "   7/1000 " + kBar + " 1:39 100ms/step");
  line.seconds_per_step = 12e-6;
  EXPECT_EQ(format_bar(line), "   7/1000 " + kBar + " 0s 12us/step");
  line.seconds_per_step = 0;
  EXPECT_EQ(format_bar(line), "   7/1000 " + kBar + " 0s 0s/step");
}

TEST(FormatBar, ColoursThePartDone) {
  const ProgressLine line{.current = 1, .target = 4, .seconds_per_step = 1, .colors = true};
  EXPECT_EQ(format_bar(line),
            "\x1b[1m1/4\x1b[0m \x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m \x1b[1m3s\x1b[0m "
            "1s/step");
}

/// Runs `epochs` of `steps` batches with a clock that moves `seconds` each batch.
std::string show(int verbose, int terminal, int64_t epochs, int64_t steps, double seconds) {
  std::string text;
  double now = 100;
  ProgressBar bar({.verbose = verbose,
                   .write = [&](const std::string& part) { text += part; },
                   .clock = [&] { return now; },
                   .terminal = terminal});
  const std::function<Logs()> read = [] { return Logs{{"loss", 0.5}}; };
  bar.attach(nullptr, {.epochs = epochs, .steps = steps});
  bar.on_train_begin();
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    bar.on_epoch_begin(epoch);
    for (int64_t batch = 0; batch < steps; ++batch) {
      now += seconds;
      bar.on_train_batch_end(batch, BatchLogs(read));
    }
    bar.on_epoch_end(epoch, {{"loss", 0.5}, {"val_loss", 0.25}});
  }
  bar.on_train_end();
  return text;
}

TEST(ProgressBar, DrawsEachRefreshOverTheLast) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(show(1, 1, 1, 3, 1.0), "Epoch 1/1\n\r1/3 " + kBar + " 2s 1s/step - loss: 0.5000\r2/3 " +
                                       kBar + " 1s 1s/step - loss: 0.5000\r3/3 " + kBar +
                                       " 3s 1s/step - loss: 0.5000 - val_loss: 0.2500\n");
  unsetenv("NO_COLOR");
}

TEST(ProgressBar, EndsItsLineWhenTrainingBreaksOff) {
  std::string text;
  {
    ProgressBar bar({.write = [&](const std::string& part) { text += part; }, .terminal = 1});
    const std::function<Logs()> read = [] { return Logs{}; };
    bar.attach(nullptr, {.steps = 3});
    bar.on_train_begin();
    bar.on_epoch_begin(0);
    bar.on_train_batch_end(0, BatchLogs(read));
    EXPECT_NE(text.back(), '\n');
  }
  EXPECT_EQ(text.back(), '\n');
}

TEST(ProgressBar, RefreshesAtMostTwentyTimesASecond) {
  const std::string text = show(1, 1, 1, 1000, 0.001);
  const auto refreshes = std::count(text.begin(), text.end(), '\r');
  EXPECT_GE(refreshes, 18);
  EXPECT_LE(refreshes, 22);
}

TEST(ProgressBar, SkipsEpochsThatAreTooShortToSee) {
  const std::string text = show(1, 1, 2000, 1, 0.0001);
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 8);
  EXPECT_NE(text.find("Epoch 2000/2000\n"), std::string::npos);
}

TEST(ProgressBar, IsOneLineAnEpochWithoutATerminal) {
  const std::string expected =
      "Epoch 1/2 - 4/4 - 2s - 500ms/step - loss: 0.5000 - val_loss: 0.2500\n"
      "Epoch 2/2 - 4/4 - 2s - 500ms/step - loss: 0.5000 - val_loss: 0.2500\n";
  EXPECT_EQ(show(1, 0, 2, 4, 0.5), expected);
  EXPECT_EQ(show(2, 1, 2, 4, 0.5), expected);
}

}  // namespace
}  // namespace danlu
