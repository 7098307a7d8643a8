#pragma once

#include <string>
#include <string_view>

#include "danlu/core/dtype.h"

namespace danlu {

/// In what dtypes a layer keeps its weights and computes, as Keras's policies name it: "float32",
/// "float64", "bfloat16" or "float16" (both in this one), "mixed_bfloat16" or "mixed_float16"
/// (float32 weights, which calls read in 16 bits).
struct DTypePolicy {
  /// Errors: ValueError, which lists the names, for another one.
  explicit DTypePolicy(std::string_view name, const std::string& where = "DTypePolicy");

  std::string name;
  DType compute_dtype;
  DType variable_dtype;
};

/// The policy of layers whose config names none: what was set last, else that of `floatx()`.
DTypePolicy dtype_policy();
/// "" goes back to `floatx()`. Errors: as DTypePolicy.
void set_dtype_policy(std::string_view name);

}  // namespace danlu
