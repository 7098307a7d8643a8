#include "cli/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace danlu::cli {

ProgressBar progress(int64_t epochs) {
  if (isatty(STDERR_FILENO) == 1) return ProgressBar();
  using Clock = std::chrono::steady_clock;
  const std::string last = "Epoch " + std::to_string(epochs) + "/";
  return ProgressBar(
      {.write = [last, shown = Clock::time_point()](const std::string& text) mutable {
        const auto now = Clock::now();
        if (now - shown < std::chrono::milliseconds(500) && !text.starts_with(last)) return;
        shown = now;
        std::fwrite(text.data(), 1, text.size(), stderr);
        std::fflush(stderr);
      }});
}

}  // namespace danlu::cli
