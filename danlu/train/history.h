#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace danlu {

/// Values by name: "loss", "accuracy", "val_loss", …
using Logs = std::map<std::string, double>;

/// What `fit` returns: the numbers of each epoch.
struct History {
  std::vector<int64_t> epoch;  ///< from 0
  /// One value per epoch; an epoch whose validation was interrupted has no `val_` values.
  std::map<std::string, std::vector<double>> history;
  bool interrupted = false;  ///< ended by Ctrl-C

  /// The last value of `name`. Errors: ValueError, which lists the names, when there is none.
  double last(const std::string& name) const;
  void add(int64_t epoch_number, const Logs& logs);
};

}  // namespace danlu
