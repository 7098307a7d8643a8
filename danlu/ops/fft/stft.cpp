#include <cmath>
#include <numbers>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/fft.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

/// Part by part, where each element of the parts stands in the whole: (parts, length).
Array places(int64_t parts, int64_t length, int64_t stride) {
  return expand_dims(arange(0, parts) * Array::scalar(static_cast<double>(stride), DType::int64),
                     1) +
         arange(0, length);
}

/// The window, in the middle of `fft_length` elements.
Array window_of(const std::string& name, const Array& values, int64_t length, int64_t fft_length,
                DType dtype, const char* where) {
  if (fft_length < length || length < 1) {
    throw ValueError({.where = where,
                      .what = "The sequences are longer than the transform",
                      .expected = "fft_length ≥ sequence_length ≥ 1",
                      .received = std::to_string(fft_length) + " and " + std::to_string(length)});
  }
  if (!values.defined() && name.empty()) return ones(Shape{fft_length}, dtype);
  Array window = values;
  if (!values.defined()) {
    if (name != "hann" && name != "hamming") {
      throw ValueError({.where = where,
                        .what = "There is no such window",
                        .expected = "'hann', 'hamming' or ''",
                        .received = "'" + name + "'"});
    }
    const double mean = name == "hann" ? 0.5 : 0.54;
    std::vector<double> wave(static_cast<size_t>(length));
    for (size_t i = 0; i < wave.size(); ++i) {
      wave[i] = mean - (1 - mean) * std::cos(2 * std::numbers::pi * static_cast<double>(i) /
                                             static_cast<double>(length));
    }
    window = length == 1 ? Array({1.0}) : Array(wave);
  }
  if (window.shape() != Shape{length}) {
    throw ShapeError({.where = where,
                      .what = "The window does not fit the sequences",
                      .expected = Shape{length}.to_string(),
                      .received = window.shape().to_string()});
  }
  const int64_t before = (fft_length - length) / 2;
  return pad(cast(window, dtype), {{before, fft_length - length - before}});
}

/// The last axis continued by `count` elements on both sides, mirrored at its ends.
Array reflected(const Array& x, int64_t count) {
  const int64_t n = x.shape()[-1];
  if (count >= n) {
    throw ValueError({.where = "stft",
                      .what = "The input is too short to be centred",
                      .expected = "more than fft_length/2 = " + std::to_string(count) + " elements",
                      .received = std::to_string(n),
                      .hint = "center = false"});
  }
  const Array forth = arange(0, n + 2 * count) - Array::scalar(double(count), DType::int64);
  const Array last = Array::scalar(static_cast<double>(n - 1), DType::int64);
  return take(x, last - abs(last - abs(forth)), -1);
}

}  // namespace

Array overlap_and_add(const Array& x, int64_t sequence_stride) {
  if (x.rank() < 2 || sequence_stride < 1 || x.shape()[-2] < 1) {
    throw ValueError(
        {.where = "overlap_and_add",
         .what = "The sequences cannot be added up",
         .expected = "(…, parts, length) and a stride of 1 or more",
         .received = x.shape().to_string() + " and " + std::to_string(sequence_stride)});
  }
  const int64_t parts = x.shape()[-2], length = x.shape()[-1];
  int64_t whole = 0;
  if (__builtin_mul_overflow(parts - 1, sequence_stride, &whole) ||
      __builtin_add_overflow(whole, length, &whole)) {
    throw ShapeError(
        {.where = "overlap_and_add",
         .what = "The result is larger than any Array",
         .expected = "(parts − 1) · stride + length elements that can be counted",
         .received = x.shape().to_string() + " and stride " + std::to_string(sequence_stride)});
  }
  const Shape lead(std::vector<int64_t>(x.shape().begin(), x.shape().end() - 2));
  std::vector<int64_t> shape = lead.to_vector();
  shape.push_back(whole);
  return scatter_add(x, places(parts, length, sequence_stride), Shape(shape), -1);
}

ComplexPair stft(const Array& x, int64_t sequence_length, int64_t sequence_stride,
                 int64_t fft_length, const StftOptions& options) {
  Array y = elementwise::as_float(x);
  normalize_axis(-1, y.rank(), "stft");
  const Array window = window_of(options.window, options.window_values, sequence_length, fft_length,
                                 y.dtype(), "stft");
  if (options.center) y = reflected(y, fft_length / 2);
  return rfft(extract_sequences(y, fft_length, sequence_stride) * window);
}

Array istft(const ComplexPair& x, int64_t sequence_length, int64_t sequence_stride,
            int64_t fft_length, const IstftOptions& options) {
  const Array window = window_of(options.window, options.window_values, sequence_length, fft_length,
                                 elementwise::as_float(x.first).dtype(), "istft");
  const Array parts = irfft(x, fft_length);
  const Array sums = overlap_and_add(parts * window, sequence_stride);
  const int64_t count = parts.rank() < 2 ? 1 : parts.shape()[-2];
  const Array squares =
      overlap_and_add(broadcast_to(square(window), Shape{count, fft_length}), sequence_stride);
  const Array one = Array::scalar(1, sums.dtype());
  Array whole = sums / where(squares > 1e-10, squares, one);
  const bool plain = options.window.empty() && !options.window_values.defined();
  if (plain)
    whole = whole * (static_cast<double>(fft_length) / static_cast<double>(sequence_stride));
  const int64_t n = whole.shape()[-1];
  const int64_t begin = options.center ? fft_length / 2 : 0;
  int64_t end = options.center ? n - fft_length / 2 : n;
  if (options.length) {
    if (*options.length < 0) {
      throw ValueError({.where = "istft",
                        .what = "The length is negative",
                        .expected = "a length of 0 or more",
                        .received = std::to_string(*options.length)});
    }
    end = std::min(n, begin + std::min(*options.length, n));
  }
  std::vector<int64_t> start(static_cast<size_t>(whole.rank()), 0),
      stop = whole.shape().to_vector();
  start.back() = std::min(begin, n), stop.back() = std::max(end, start.back());
  return slice(whole, start, stop);
}

}  // namespace danlu
