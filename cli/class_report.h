#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace danlu::cli {

/// How predictions and labels of one test set agree.
class ClassReport {
 public:
  /// `labels` and `predicted` hold class numbers below names.size().
  ClassReport(std::vector<std::string> names, std::span<const int32_t> labels,
              std::span<const int32_t> predicted);

  struct Row {
    double precision = 0;  ///< share of what was called this class that is it
    double recall = 0;     ///< share of this class that was found
    double f1 = 0;         ///< harmonic mean of both
    int64_t support = 0;   ///< samples of this class
  };
  /// 0 where a share would be of nothing.
  Row row(int64_t label) const;
  double accuracy() const;
  /// Samples of class `label` that were called `predicted`.
  int64_t count(int64_t label, int64_t predicted) const {
    return counts_[static_cast<size_t>(label) * names_.size() + static_cast<size_t>(predicted)];
  }

  /// Precision, recall, F1 and support of each class, then accuracy and means.
  std::string table() const;
  /// Rows: what it is; columns: what it was called.
  std::string confusion_matrix(bool colors) const;

 private:
  size_t name_width() const;

  std::vector<std::string> names_;
  std::vector<int64_t> counts_;
};

}  // namespace danlu::cli
