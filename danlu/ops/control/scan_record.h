#pragma once

#include <vector>

#include "danlu/core/op_def.h"
#include "danlu/ops/control/control_record.h"

/// What the record of scan and its derivative share.
namespace danlu::scanning {

/// The inputs of a node by what they are.
struct Parts {
  std::vector<Array> carry, sequences, captures;
};
inline Parts parts_of(const ScanAttrs& attrs, std::span<const Array> inputs) {
  const auto n = static_cast<size_t>(attrs.num_carry), m = static_cast<size_t>(attrs.num_sequences);
  return {control::part(inputs, 0, n), control::part(inputs, n, m),
          control::part(inputs, n + m, inputs.size() - n - m)};
}

/// Reverse mode: a scan in the other direction over what the forward one kept of each step.
std::vector<Array> vjp(const GradContext& context);

}  // namespace danlu::scanning
