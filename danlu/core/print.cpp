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
      : shape_(array.shape()), dtype_(array.dtype()), summarize_(array.size() > kSummarizeAbove) {
    if (dtype_ == DType::uint64) {
      unsigned_ = array.to_vector<uint64_t>();
    } else if (is_integer(dtype_)) {
      integers_ = array.to_vector<int64_t>();
    } else {
      values_ = array.to_vector<double>();
    }
    if (is_complex(dtype_)) {
      for (complex64 z : array.to_vector<complex64>()) imaginary_.push_back(z.imag());
    }
    for (const auto* numbers : {&values_, &imaginary_}) {
      if (numbers->empty()) continue;
      visit(0, 0, [&](size_t at) { choose_format((*numbers)[at]); });
    }
    scientific_ = largest_ >= 1e8 || (smallest_ < 1e-4 && smallest_ > 0);
    digits_ = most_digits(values_);
    imaginary_digits_ = most_digits(imaginary_);
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

  int most_digits(const std::vector<double>& numbers) const {
    int digits = 0;
    if (numbers.empty() || scientific_) return digits;
    visit(0, 0, [&](size_t at) { digits = std::max(digits, needed_digits(numbers[at])); });
    return digits;
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
    if (dtype_ == DType::bool_) return values_[at] != 0 ? "True" : "False";
    if (!unsigned_.empty()) return std::to_string(unsigned_[at]);
    if (!integers_.empty()) return std::to_string(integers_[at]);
    const std::string number = floating_text(values_[at], digits_);
    if (imaginary_.empty()) return number;
    std::string imaginary = floating_text(imaginary_[at], imaginary_digits_);
    if (imaginary[0] != '-') imaginary.insert(0, 1, '+');
    // The j stands at the digits, the spaces behind it.
    const size_t end = imaginary.find_last_not_of(' ') + 1;
    return number + imaginary.insert(end, 1, 'j');
  }

  std::string floating_text(double x, int digits) const {
    if (std::isnan(x)) return "nan";
    if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
    char s[64];
    if (scientific_) {
      std::snprintf(s, sizeof s, "%.8e", x);
      return s;
    }
    // Trailing zeros become spaces, so that the points stand in one column.
    std::snprintf(s, sizeof s, "%.*f", digits, x);
    std::string fixed(s);
    if (digits == 0) return fixed + (shape_.rank() == 0 ? ".0" : ".");
    const size_t end = fixed.find_last_not_of('0') + 1;
    std::fill(fixed.begin() + static_cast<long>(end), fixed.end(), ' ');
    return shape_.rank() == 0 ? fixed.substr(0, end) : fixed;
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
  std::vector<double> values_, imaginary_;
  std::vector<int64_t> integers_;
  std::vector<uint64_t> unsigned_;
  bool summarize_;
  bool scientific_ = false;
  double largest_ = 0, smallest_ = 0;
  int digits_ = 0, imaginary_digits_ = 0;
  size_t width_ = 0;
};

}  // namespace

std::string Array::to_string() const { return Printer(*this).print(); }

std::ostream& operator<<(std::ostream& out, const Array& array) { return out << array.to_string(); }

}  // namespace danlu
