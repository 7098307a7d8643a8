#include "danlu/train/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace danlu {
namespace {

constexpr int kWidth = 20;

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, args...);
  return text;
}

std::string repeat(const char* text, int64_t times) {
  std::string out;
  for (int64_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string per_step(double seconds) {
  if (seconds >= 1 || seconds == 0) return format(" %.0fs/step", seconds);
  if (seconds >= 1e-3) return format(" %.0fms/step", seconds * 1e3);
  return format(" %.0fus/step", seconds * 1e6);
}

std::string time_left(double seconds) {
  const auto s = static_cast<long long>(seconds);
  if (seconds > 3600) return format("%lld:%02lld:%02lld", s / 3600, s % 3600 / 60, s % 60);
  if (seconds > 60) return format("%lld:%02lld", s / 60, s % 60);
  return format("%llds", s);
}

std::string metrics_text(const Logs& logs) {
  std::string text;
  for (const auto& [name, value] : logs) {
    text += " - " + name + ": " + format(std::abs(value) > 1e-3 ? "%.4f" : "%.4e", value);
  }
  return text;
}

std::string count_text(const ProgressLine& line) {
  const std::string target = std::to_string(line.target);
  return format("%*lld/%s", static_cast<int>(target.size()), static_cast<long long>(line.current),
                target.c_str());
}

/// Characters on a terminal: neither colour codes nor continuation bytes of UTF-8.
int64_t visible_width(const std::string& text) {
  int64_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else if ((text[i] & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

double steady_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

void write_to_stderr(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

std::string format_bar(const ProgressLine& line) {
  const auto bold = [&](const std::string& text) {
    return line.colors ? "\x1b[1m" + text + "\x1b[0m" : text;
  };
  const double share = line.target > 0 ? double(line.current) / double(line.target) : 1.0;
  const auto full = static_cast<int64_t>(kWidth * std::min(1.0, share));
  std::string text = bold(count_text(line)) + " ";
  if (line.colors) {
    if (full > 0) text += "\x1b[32m" + repeat("━", full) + "\x1b[0m";
    text += "\x1b[37m" + repeat("━", kWidth - full) + "\x1b[0m";
  } else {
    text += repeat("━", kWidth);
  }
  const double left = line.seconds_per_step * static_cast<double>(line.target - line.current);
  text += " " + bold(line.finished ? format("%.0fs", line.seconds) : time_left(left));
  return text + per_step(line.seconds_per_step) + metrics_text(line.logs);
}

std::string format_summary_line(const ProgressLine& line) {
  return count_text(line) + format(" - %.0fs -", line.seconds) + per_step(line.seconds_per_step) +
         metrics_text(line.logs);
}

ProgressBar::ProgressBar(ProgressBarConfig config) : config_(std::move(config)) {
  if (!config_.write) config_.write = write_to_stderr;
  if (!config_.clock) config_.clock = steady_seconds;
  const bool terminal = config_.terminal < 0 ? isatty(STDERR_FILENO) == 1 : config_.terminal == 1;
  bars_ = config_.verbose == 1 && terminal;
  colors_ = bars_ && std::getenv("NO_COLOR") == nullptr;
}

void ProgressBar::begin_line() {
  start_ = config_.clock();
  done_ = 0;
  previous_width_ = 0;
  announced_ = false;
}

void ProgressBar::close_line() {
  if (line_open_) config_.write("\n");
  line_open_ = false;
}

void ProgressBar::announce_epoch() {
  if (announced_ || !training_ || !bars_) return;
  announced_ = true;
  config_.write(format("Epoch %lld/%lld\n", static_cast<long long>(epoch_ + 1),
                       static_cast<long long>(info().epochs)));
}

double ProgressBar::seconds_per_step(double now) const {
  if (done_ == 0) return 0;
  // The first step compiles; it would spoil the estimate.
  if (done_ > 1) return (now - after_first_step_) / static_cast<double>(done_ - 1);
  return now - start_;
}

void ProgressBar::draw(const ProgressLine& line) {
  announce_epoch();
  const std::string text = format_bar(line);
  const int64_t width = visible_width(text);
  const int64_t rest = std::max<int64_t>(0, previous_width_ - width);
  config_.write("\r" + text + std::string(static_cast<size_t>(rest), ' ') +
                (line.finished ? "\n" : ""));
  previous_width_ = width;
  line_open_ = !line.finished;
}

void ProgressBar::advance(int64_t done, const BatchLogs& logs) {
  done_ = done;
  const bool first = done == 1;
  if (!first && !bars_) return;
  const double now = config_.clock();
  if (first) after_first_step_ = now;
  if (!bars_ || now - last_refresh_ < config_.interval || done >= info().steps) return;
  last_refresh_ = now;
  draw({.current = done,
        .target = info().steps,
        .seconds = now - start_,
        .seconds_per_step = seconds_per_step(now),
        .colors = colors_,
        .logs = logs.read()});
}

void ProgressBar::finish(int64_t done, const Logs& logs) {
  const double now = config_.clock();
  const bool last = !training_ || epoch_ + 1 >= info().epochs;
  // Too soon after the previous refresh, unless the bar already stands there.
  if (bars_ && !announced_ && !last && now - last_refresh_ < config_.interval) return;
  last_refresh_ = now;
  const ProgressLine line{.current = done,
                          .target = info().steps,
                          .seconds = now - start_,
                          .seconds_per_step = seconds_per_step(now),
                          .finished = true,
                          .colors = colors_,
                          .logs = logs};
  if (bars_) {
    draw(line);
    return;
  }
  const std::string head =
      training_ ? format("Epoch %lld/%lld - ", (long long)(epoch_ + 1), (long long)info().epochs)
                : "";
  config_.write(head + format_summary_line(line) + "\n");
}

void ProgressBar::on_train_begin() { training_ = true; }

void ProgressBar::on_train_end() { close_line(); }

void ProgressBar::on_epoch_begin(int64_t epoch) {
  epoch_ = epoch;
  begin_line();
  if (bars_ && start_ - last_refresh_ >= config_.interval) announce_epoch();
}

void ProgressBar::on_epoch_end(int64_t, const Logs& logs) { finish(done_, logs); }

void ProgressBar::on_train_batch_end(int64_t batch, const BatchLogs& logs) {
  advance(batch + 1, logs);
}

void ProgressBar::on_test_begin() {
  if (!training_) begin_line();
}

void ProgressBar::on_test_batch_end(int64_t batch, const BatchLogs& logs) {
  if (!training_) advance(batch + 1, logs);
}

void ProgressBar::on_test_end(const Logs& logs) {
  if (!training_) finish(done_, logs);
}

}  // namespace danlu
