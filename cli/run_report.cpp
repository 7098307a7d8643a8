#include "cli/run_report.h"

#include <sys/resource.h>

#include <cmath>
#include <cstdio>

#include "cli/session.h"
#include "danlu/nn/summary.h"

namespace danlu::cli {
namespace {

Json value(const Logs& logs, const std::string& name) {
  const auto found = logs.find(name);
  return found == logs.end() ? Json() : Json(found->second);
}

Json loss_and_accuracy(const Logs& logs) {
  return Json::object(
      {{"loss", value(logs, "loss")}, {"accuracy", value(logs, accuracy_name(logs))}});
}

std::string line(const std::string& key, const Logs& logs, int64_t samples) {
  if (logs.empty()) return "";
  std::string text = key + std::string(9 - key.size(), ' ') + "loss " + number_text(logs, "loss");
  const std::string accuracy = accuracy_name(logs);
  if (!accuracy.empty()) text += "  accuracy " + number_text(logs, accuracy);
  return text + "  (" + with_thousands(samples) + " samples)\n";
}

/// "31.2 s", "12 ms"
std::string duration(double seconds) {
  char text[32];
  if (seconds >= 1) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds >= 1e-3) {
    std::snprintf(text, sizeof text, "%.1f ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f us", seconds * 1e6);
  }
  return text;
}

double rounded(double value, double digits) { return std::round(value * digits) / digits; }

}  // namespace

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

Json to_json(const RunReport& report) {
  Json test = loss_and_accuracy(report.test);
  return Json::object({
      {"recipe", report.recipe},
      {"data", report.data},
      {"samples", report.samples},
      {"epochs", report.epochs ? Json(*report.epochs) : Json()},
      {"batch_size", report.batch_size},
      {"seed", report.seed},
      {"threads", report.threads},
      {"precision", "float32"},
      {"parameters", report.parameters},
      {"train", loss_and_accuracy(report.train)},
      {"test", Json::object({{"samples", report.test_samples},
                             {"loss", test.at("loss")},
                             {"accuracy", test.at("accuracy")}})},
      {"seconds", rounded(report.seconds, 1e6)},
      {"samples_per_second", rounded(report.samples_per_second, 10)},
      {"step_us_median",
       report.step_us_median ? Json(rounded(*report.step_us_median, 10)) : Json()},
      {"peak_rss_mb", rounded(peak_rss_mb(), 10)},
      {"weights_sha256", report.weights_sha256},
  });
}

std::string to_text(const RunReport& report) {
  std::string text = line("train", report.train, report.samples) +
                     line("test", report.test, report.test_samples) + "time     " +
                     duration(report.seconds) + ", " +
                     with_thousands(std::llround(report.samples_per_second)) + " samples/s";
  if (report.step_us_median) {
    text += ", " + duration(*report.step_us_median * 1e-6) + " a step (median)";
  }
  return text + "\nweights  sha256 " + report.weights_sha256 + "\n";
}

}  // namespace danlu::cli
