#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/io/json.h"
#include "danlu/train/history.h"

namespace danlu::cli {

/// What `train` and `evaluate` tell about a run. Values that a run does not have are null in JSON.
struct RunReport {
  std::string recipe;
  std::string data;
  int64_t samples = 0;  ///< that were trained on; for `evaluate`, measured
  std::optional<int64_t> epochs;
  int64_t batch_size = 0;
  int64_t seed = 0;
  int threads = 1;
  int64_t parameters = 0;
  Logs train;
  int64_t test_samples = 0;
  Logs test;
  double seconds = 0;
  double samples_per_second = 0;
  std::optional<double> step_us_median;
  std::string weights_sha256;
};

/// The one line of `--json`.
Json to_json(const RunReport& report);
/// The results for people, several lines.
std::string to_text(const RunReport& report);

/// The most memory this process has had, in 10^6 bytes.
double peak_rss_mb();

}  // namespace danlu::cli
