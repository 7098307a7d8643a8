#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/nn/network.h"

namespace danlu {

struct SummaryOptions {
  bool show_trainable = false;
  int columns = 0;  ///< width of the terminal; 0: 80, or for `Model::summary` what it is
  /// The layers of networks inside, below them.
  bool expand_nested = false;
  /// Names of the first and the last layer shown, or regular expressions: {"block2.*", "top"}.
  std::optional<std::pair<std::string, std::string>> layer_range;
  int line_length = 0;  ///< 0: 88, or 108 with "Connected to", but no more than the terminal has
  /// Columns that Keras's table lacks: floating-point operations for a batch of one, and bytes of
  /// weights and of outputs (danlu/nn/costs.h).
  bool show_costs = false;
  /// What an optimizer keeps: elements and bytes; 0: none is shown.
  int64_t optimizer_params = 0;
  int64_t optimizer_bytes = 0;
};

/// Keras's table of layers: names, output shapes, parameters, what each is connected to where they
/// do not simply follow one another, and the totals with their sizes.
/// Errors: ValueError for a layer_range that no layers match.
std::string summary_text(const Network& network, const SummaryOptions& options = {});

/// "225,034"
std::string with_thousands(int64_t value);
/// "879.04 KB"
std::string readable_bytes(int64_t bytes);
/// "1.44 M"
std::string readable_flops(double flops);

}  // namespace danlu
