#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "danlu/core/array.h"

namespace danlu {
namespace {

constexpr int64_t kSummarizeAbove = 1000;
constexpr int64_t kEdge = 3;

/// The elements that are shown along an axis: all, or `kEdge` at each end.
std::vector<int64_t> shown(int64_t length, bool summarize) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < length; ++i) {
    if (summarize && length > 2 * kEdge && i == kEdge) {
      indices.push_back(-1);
      i = length - kEdge;
    }
    indices.push_back(i);
  }
  return indices;
}

class Printer {
 public:
  explicit Printer(const Array& array)
      : shape_(array.shape()),
        dtype_(array.dtype()),
        values_(array.to_vector<double>()),
        summarize_(array.size() > kSummarizeAbove) {
    if (dtype_ == DType::int64) integers_ = array.to_vector<int64_t>();
    visit(0, 0, [&](size_t at) { choose_format(values_[at]); });
    scientific_ = largest_ >= 1e8 || (smallest_ < 1e-4 && smallest_ > 0);
    if (!scientific_) {
      visit(0, 0, [&](size_t at) { digits_ = std::max(digits_, needed_digits(values_[at])); });
    }
    visit(0, 0, [&](size_t at) { width_ = std::max(width_, text(at).size()); });
  }

  std::string print() {
    std::string s;
    print_axis(0, 0, s);
    return s;
  }

 private:
  template <class F>
  void visit(int axis, size_t base, F&& f) const {
    if (axis == shape_.rank()) {
      f(base);
      return;
    }
    for (int64_t i : shown(shape_[axis], summarize_)) {
      if (i >= 0) visit(axis + 1, base * static_cast<size_t>(shape_[axis]) + size_t(i), f);
    }
  }

  void choose_format(double x) {
    if (!std::isfinite(x) || x == 0) return;
    largest_ = std::max(largest_, std::abs(x));
    smallest_ = smallest_ == 0 ? std::abs(x) : std::min(smallest_, std::abs(x));
  }

  static int needed_digits(double x) {
    if (!std::isfinite(x)) return 0;
    char text[64];
    std::snprintf(text, sizeof text, "%.8f", x);
    std::string s(text);
    s.erase(s.find_last_not_of('0') + 1);
    return static_cast<int>(s.size() - s.find('.') - 1);
  }

  std::string text(size_t at) const {
    const double x = values_[at];
    if (dtype_ == DType::bool_) return x != 0 ? "True" : "False";
    if (dtype_ == DType::int64) return std::to_string(integers_[at]);
    char s[64];
    if (!is_floating(dtype_)) {
      std::snprintf(s, sizeof s, "%.0f", x);
    } else if (std::isnan(x)) {
      return "nan";
    } else if (std::isinf(x)) {
      return x > 0 ? "inf" : "-inf";
    } else if (scientific_) {
      std::snprintf(s, sizeof s, "%.8e", x);
    } else {
      // Trailing zeros become spaces, so that the points stand in one column.
      std::snprintf(s, sizeof s, "%.*f", digits_, x);
      std::string fixed(s);
      if (digits_ == 0) return fixed + (shape_.rank() == 0 ? ".0" : ".");
      const size_t end = fixed.find_last_not_of('0') + 1;
      std::fill(fixed.begin() + static_cast<long>(end), fixed.end(), ' ');
      return shape_.rank() == 0 ? fixed.substr(0, end) : fixed;
    }
    return s;
  }

  void print_axis(int axis, size_t base, std::string& s) const {
    if (axis == shape_.rank()) {
      const std::string element = text(base);
      s += std::string(width_ - element.size(), ' ') + element;
      return;
    }
    s += '[';
    bool first = true;
    for (int64_t i : shown(shape_[axis], summarize_)) {
      if (!first) {
        const int breaks = shape_.rank() - 1 - axis;
        s += breaks == 0 ? " "
                         : std::string(static_cast<size_t>(breaks), '\n') +
                               std::string(static_cast<size_t>(axis) + 1, ' ');
      }
      first = false;
      if (i < 0) {
        s += "...";
      } else {
        print_axis(axis + 1, base * static_cast<size_t>(shape_[axis]) + size_t(i), s);
      }
    }
    s += ']';
  }

  Shape shape_;
  DType dtype_;
  std::vector<double> values_;
  std::vector<int64_t> integers_;
  bool summarize_;
  bool scientific_ = false;
  double largest_ = 0, smallest_ = 0;
  int digits_ = 0;
  size_t width_ = 0;
};

}  // namespace

std::string Array::to_string() const { return Printer(*this).print(); }

std::ostream& operator<<(std::ostream& out, const Array& array) { return out << array.to_string(); }

}  // namespace danlu
