#include "danlu/backends/cpu/resample_taps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace danlu::cpu {
namespace {

double triangle(double x) { return std::max(1 - x, 0.0); }

double cubic(double x) {
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : ((1.5 * x - 2.5) * x) * x + 1;
}

double lanczos(double x, double radius) {
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  constexpr double kPi = std::numbers::pi;
  return radius * std::sin(kPi * x) * std::sin(kPi * x / radius) / (kPi * kPi * x * x);
}

struct Filter {
  double (*value)(double);
  double radius;
};

Filter filter_of(ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::linear:
      return {triangle, 1};
    case ResampleFilter::cubic:
      return {cubic, 2};
    case ResampleFilter::lanczos3:
      return {[](double x) { return lanczos(x, 3); }, 3};
    case ResampleFilter::lanczos5:
      break;
  }
  return {[](double x) { return lanczos(x, 5); }, 5};
}

/// Rows of neighbours and weights, without zeros at their ends, as Taps.
class Rows {
 public:
  Rows(int64_t from, int64_t to) : from_(from), rows_(static_cast<size_t>(to)) {}

  void add(int64_t row, int64_t neighbour, double weight) {
    Row& r = rows_[static_cast<size_t>(row)];
    if (r.weights.empty() && weight == 0) return;
    if (r.weights.empty()) r.first = neighbour;
    r.weights.resize(static_cast<size_t>(neighbour - r.first), 0.0);
    r.weights.push_back(weight);
  }

  Taps taps() const {
    Taps taps{.from = from_, .to = static_cast<int64_t>(rows_.size())};
    for (const Row& row : rows_) taps.width = std::max(taps.width, std::ssize(row.weights));
    const auto width = static_cast<size_t>(taps.width);
    for (const Row& row : rows_) {
      const int64_t first = std::min(row.first, from_ - taps.width);
      const size_t zeros = static_cast<size_t>(row.first - first);
      const size_t begin = taps.weights.size();
      taps.first.push_back(first);
      taps.weights.resize(begin + width, 0.0);
      if (row.weights.empty()) continue;
      std::copy(row.weights.begin(), row.weights.end(),
                taps.weights.begin() + static_cast<std::ptrdiff_t>(begin + zeros));
    }
    return taps;
  }

 private:
  struct Row {
    int64_t first = 0;
    std::vector<double> weights;
  };
  int64_t from_;
  std::vector<Row> rows_;
};

}  // namespace

Taps resize_taps(int64_t from, int64_t to, ResampleFilter kind, bool antialias) {
  const Filter filter = filter_of(kind);
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double widening = antialias ? std::max(step, 1.0) : 1.0;
  Rows rows(from, to);
  if (from == to) {
    for (int64_t o = 0; o < to; ++o) rows.add(o, o, 1);
    return rows.taps();
  }
  std::vector<double> weights;
  for (int64_t o = 0; o < to; ++o) {
    const double middle = (static_cast<double>(o) + 0.5) * step - 0.5;
    const double reach = filter.radius * widening;
    const auto begin = std::max<int64_t>(static_cast<int64_t>(std::floor(middle - reach)), 0);
    const auto end = std::min<int64_t>(static_cast<int64_t>(std::ceil(middle + reach)) + 1, from);
    double sum = 0;
    weights.clear();
    for (int64_t i = begin; i < end; ++i) {
      weights.push_back(filter.value(std::fabs(middle - static_cast<double>(i)) / widening));
      sum += weights.back();
    }
    if (std::fabs(sum) <= 1000 * std::numeric_limits<float>::epsilon()) continue;
    for (int64_t i = begin; i < end; ++i) {
      rows.add(o, i, weights[static_cast<size_t>(i - begin)] / sum);
    }
  }
  return rows.taps();
}

Taps transposed(const Taps& taps) {
  Rows rows(taps.to, taps.from);
  for (int64_t o = 0; o < taps.to; ++o) {
    const auto at = static_cast<size_t>(o);
    for (int64_t t = 0; t < taps.width; ++t) {
      const double weight =
          taps.weights[at * static_cast<size_t>(taps.width) + static_cast<size_t>(t)];
      if (weight != 0) rows.add(taps.first[at] + t, o, weight);
    }
  }
  return rows.taps();
}

}  // namespace danlu::cpu
