#include "cli/class_report.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>

namespace danlu::cli {
namespace {

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, args...);
  return text;
}

std::string padded(const std::string& text, size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

}  // namespace

ClassReport::ClassReport(std::vector<std::string> names, std::span<const int32_t> labels,
                         std::span<const int32_t> predicted)
    : names_(std::move(names)), counts_(names_.size() * names_.size()) {
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts_[static_cast<size_t>(labels[i]) * names_.size() + static_cast<size_t>(predicted[i])];
  }
}

ClassReport::Row ClassReport::row(int64_t label) const {
  Row row;
  int64_t called = 0;
  for (int64_t other = 0; other < std::ssize(names_); ++other) {
    row.support += count(label, other);
    called += count(other, label);
  }
  row.precision = share(count(label, label), called);
  row.recall = share(count(label, label), row.support);
  const double sum = row.precision + row.recall;
  row.f1 = sum == 0 ? 0 : 2 * row.precision * row.recall / sum;
  return row;
}

double ClassReport::accuracy() const {
  int64_t right = 0;
  for (int64_t label = 0; label < std::ssize(names_); ++label) right += count(label, label);
  return share(right, std::accumulate(counts_.begin(), counts_.end(), int64_t{0}));
}

size_t ClassReport::name_width() const {
  size_t width = 13;
  for (const std::string& name : names_) width = std::max(width, name.size());
  return width;
}

std::string ClassReport::table() const {
  const size_t width = name_width();
  std::string text =
      padded("", width) + format("%11s%9s%9s%9s\n", "precision", "recall", "F1", "support");
  const auto line = [&](const std::string& name, const Row& row) {
    text += padded(name, width) + format("%11.4f%9.4f%9.4f%9lld\n", row.precision, row.recall,
                                         row.f1, static_cast<long long>(row.support));
  };
  Row mean;
  for (int64_t label = 0; label < std::ssize(names_); ++label) {
    const Row one = row(label);
    line(names_[static_cast<size_t>(label)], one);
    const auto n = static_cast<double>(names_.size());
    mean.precision += one.precision / n;
    mean.recall += one.recall / n;
    mean.f1 += one.f1 / n;
    mean.support += one.support;
  }
  line("mean", mean);
  return text + padded("accuracy", width) +
         format("%29.4f%9lld\n", accuracy(), static_cast<long long>(mean.support));
}

std::string ClassReport::confusion_matrix(bool colors) const {
  const size_t width = name_width() + 3;
  std::string text = padded("is \\ called", width);
  for (size_t i = 0; i < names_.size(); ++i) text += format("%6zu", i);
  text += '\n';
  for (int64_t label = 0; label < std::ssize(names_); ++label) {
    text +=
        padded(format("%2lld ", static_cast<long long>(label)) + names_[static_cast<size_t>(label)],
               width);
    const int64_t support = row(label).support;
    for (int64_t other = 0; other < std::ssize(names_); ++other) {
      const int64_t n = count(label, other);
      const std::string cell = n == 0 ? format("%6s", ".") : format("%6lld", (long long)n);
      const bool often = other != label && share(n, support) >= 0.05;
      const char* color = !colors ? "" : other == label ? "\x1b[32m" : often ? "\x1b[31m" : "";
      text += color + cell + (*color != '\0' ? "\x1b[0m" : "");
    }
    text += '\n';
  }
  return text;
}

}  // namespace danlu::cli
