#pragma once

#include <cstdint>
#include <string_view>

namespace danlu::cpu {

/// One elementwise function over a block of elements; unused operands are null. `out` may be one
/// of the operands. Comparisons and logic give 0 or 1.
template <class T>
using BlockFunction = void (*)(const T* a, const T* b, const T* c, T* out, int n);

struct ElementwiseFunction {
  std::string_view op;
  BlockFunction<double> on_double;  ///< null where infer admits whole numbers only
  BlockFunction<int64_t> on_int64;  ///< null where infer admits floating operands only
};

/// The function of an op, or null.
const ElementwiseFunction* find_elementwise_function(std::string_view op);

}  // namespace danlu::cpu
