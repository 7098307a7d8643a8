#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "danlu/core/array.h"

/// Fourier transforms along the last axis, of any length: y_k = Σ_t x_t exp(−2πi k t/n). Complex
/// numbers are pairs (real, imaginary) of equal shape and dtype, float32 or float64 (integers
/// become float32), as in Keras. Source: Cooley and Tukey (1965) for lengths of small prime
/// factors, Bluestein (1970) for others. Errors of all: ShapeError where the parts do not fit each
/// other or an axis is missing or empty; DTypeError for bfloat16.
namespace danlu {

using ComplexPair = std::pair<Array, Array>;

ComplexPair fft(const ComplexPair& x);
/// The inverse: exp(+…), divided by n.
ComplexPair ifft(const ComplexPair& x);
/// Over the last two axes.
ComplexPair fft2(const ComplexPair& x);
ComplexPair ifft2(const ComplexPair& x);
/// Of real numbers: the first n/2 + 1 numbers, the others being their conjugates. `fft_length`: the
/// input is cut or filled with zeros to it first.
/// Shapes: (…, n) → (…, n/2 + 1) twice.
ComplexPair rfft(const Array& x, std::optional<int64_t> fft_length = {});
/// The real numbers of which `x` is the rfft; `fft_length` is their number, without it
/// 2 (m − 1). The imaginary parts of the first and, where n is even, the last number count as 0.
/// Shapes: (…, m) twice → (…, n).
Array irfft(const ComplexPair& x, std::optional<int64_t> fft_length = {});

/// The reverse of extract_sequences: parts, each `sequence_stride` behind the one before, added up.
/// Shapes: (…, parts, length) → (…, (parts − 1) · sequence_stride + length).
Array overlap_and_add(const Array& x, int64_t sequence_stride);

struct StftOptions {
  /// "hann", "hamming" (periodic), or "" for none.
  std::string window = "hann";
  Array window_values = {};  ///< of length sequence_length; used instead of `window` where defined
  /// The input is continued by reflection, so that part t has its centre at t · sequence_stride.
  bool center = true;
};
/// The rfft of windowed parts. Shapes: (…, n) → (…, parts, fft_length/2 + 1) twice.
/// Errors: ValueError unless fft_length ≥ sequence_length ≥ 1.
ComplexPair stft(const Array& x, int64_t sequence_length, int64_t sequence_stride,
                 int64_t fft_length, const StftOptions& options = {});

struct IstftOptions {
  std::string window = "hann";
  Array window_values = {};
  bool center = true;
  std::optional<int64_t> length = {};  ///< of the result; cut, as it cannot be longer
};
/// The signal whose stft comes nearest to `x`: windowed parts added up, divided by the sum of the
/// squared windows. Shapes: (…, parts, fft_length/2 + 1) twice → (…, n).
/// Source: Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (1984).
Array istft(const ComplexPair& x, int64_t sequence_length, int64_t sequence_stride,
            int64_t fft_length, const IstftOptions& options = {});

}  // namespace danlu
