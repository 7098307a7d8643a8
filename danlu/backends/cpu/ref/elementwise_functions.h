#pragma once

#include <complex>
#include <cstdint>
#include <string_view>

namespace danlu::cpu {

/// One elementwise function over a block of elements; unused operands are null. `out` may be one
/// of the operands. Comparisons and logic give 0 or 1.
template <class T>
using BlockFunction = void (*)(const T* a, const T* b, const T* c, T* out, int n);

/// The function for each kind of number that operands are read as; null where infer admits no such
/// operands. bool counts as an integer.
struct BlockFunctions {
  BlockFunction<double> floating = nullptr;
  BlockFunction<int64_t> integer = nullptr;  ///< all but uint64
  BlockFunction<uint64_t> uint64 = nullptr;
  BlockFunction<std::complex<double>> complex = nullptr;
};

struct ElementwiseFunction {
  std::string_view op;
  BlockFunctions on;
};

/// The function of an op, or null.
const ElementwiseFunction* find_elementwise_function(std::string_view op);

}  // namespace danlu::cpu
