#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/nn/network.h"

namespace danlu {

struct SummaryOptions {
  bool show_trainable = false;
  int columns = 80;  ///< width of the terminal
  /// What an optimizer keeps: elements and bytes; 0: none is shown.
  int64_t optimizer_params = 0;
  int64_t optimizer_bytes = 0;
};

/// Keras's table of layers: names, output shapes, parameters, and the totals with their sizes.
std::string summary_text(const Network& network, const SummaryOptions& options = {});

/// "225,034"
std::string with_thousands(int64_t value);
/// "879.04 KB"
std::string readable_bytes(int64_t bytes);

}  // namespace danlu
