#pragma once

#include <string>
#include <string_view>

#include "danlu/base/error.h"
#include "danlu/core/op_def.h"

namespace danlu {

/// Errors: ValueError when `value` is beyond `last`, the last one of its kind.
template <class E>
void require_enumerator(const InferContext& context, std::string_view field, E value, E last) {
  if (value <= last) return;
  throw ValueError({.where = context.where(),
                    .what = "There is no such " + std::string(field),
                    .expected = "a number from 0 to " + std::to_string(static_cast<int>(last)),
                    .received = std::to_string(static_cast<int>(value))});
}

}  // namespace danlu
