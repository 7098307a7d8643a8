#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "danlu/train/callback.h"

namespace danlu {

/// One line of progress in Keras's words.
struct ProgressLine {
  int64_t current = 0;
  int64_t target = 0;
  double seconds = 0;           ///< since the epoch began
  double seconds_per_step = 0;  ///< so far
  bool finished = false;        ///< shows the time it took instead of the time left
  bool colors = false;
  Logs logs;
};

/// ` 512/938 ━━━━━━━━━━━━━━━━━━━━ 2s 2ms/step - accuracy: 0.7986 - loss: 0.5035`, without a line
/// end. The part done is green and the numbers are bold where there are colours.
std::string format_bar(const ProgressLine& line);
/// `938/938 - 3s - 2ms/step - accuracy: 0.8773 - loss: 0.3752`
std::string format_summary_line(const ProgressLine& line);

struct ProgressBarConfig {
  /// 1: a bar; 2: one line per epoch. Without a terminal 1 means 2.
  int verbose = 1;
  double interval = 0.05;  ///< least seconds between two refreshes, across epochs too
  std::function<void(const std::string& text)> write;  ///< default: to stderr
  std::function<double()> clock;                       ///< seconds; default: a steady clock
  int terminal = -1;                                   ///< 1: yes, 0: no, −1: ask stderr
};

/// Shows how a run goes on: `Epoch 1/5`, then a bar that moves at most 20 times a second. Where
/// epochs are shorter than that, only those are shown that fall on a refresh, and the last. What is
/// no terminal gets `Epoch 1/5 - 938/938 - 3s - …`, one line per epoch.
class ProgressBar : public Callback {
 public:
  explicit ProgressBar(ProgressBarConfig config = {});
  ProgressBar(const ProgressBar&) = default;
  ProgressBar& operator=(const ProgressBar&) = default;
  /// Ends a line that an error has left open.
  ~ProgressBar() override { close_line(); }
  void on_train_begin() override;
  void on_train_end() override;
  void on_epoch_begin(int64_t epoch) override;
  void on_epoch_end(int64_t epoch, const Logs& logs) override;
  void on_train_batch_end(int64_t batch, const BatchLogs& logs) override;
  void on_test_begin() override;
  void on_test_batch_end(int64_t batch, const BatchLogs& logs) override;
  void on_test_end(const Logs& logs) override;

 private:
  void begin_line();
  void close_line();
  void advance(int64_t done, const BatchLogs& logs);
  void finish(int64_t done, const Logs& logs);
  void announce_epoch();
  double seconds_per_step(double now) const;
  void draw(const ProgressLine& line);

  ProgressBarConfig config_;
  bool bars_ = false;
  bool colors_ = false;
  bool training_ = false;
  int64_t epoch_ = 0;
  bool announced_ = false;
  bool line_open_ = false;  ///< a bar stands in the current line of the terminal
  int64_t done_ = 0;
  double start_ = 0, after_first_step_ = 0;
  double last_refresh_ = -1e9;
  int64_t previous_width_ = 0;
};

}  // namespace danlu
