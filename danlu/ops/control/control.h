#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/trace_scope.h"

/// Control flow on lists of Arrays; `danlu/ops/control_flow.h` has it on trees.
namespace danlu::control {

using Body = std::function<std::vector<Array>(std::span<const Array>)>;

/// What branches[index] makes of `operands`; `index` is an int32 scalar.
std::vector<Array> switch_call(const Array& index, std::span<const Body> branches,
                               std::span<const Array> operands);
/// The same for branches that were called with the placeholders `arguments` in `scope` already.
std::vector<Array> switch_traced(const Array& index, std::span<const Array> arguments,
                                 std::vector<std::vector<Array>> outputs,
                                 std::span<const Array> operands,
                                 const internal::TraceScope& scope);

/// `body` until `condition` is false. Errors: ShapeError and DTypeError when the body changes the
/// spec of a carry.
std::vector<Array> while_call(const Body& condition, const Body& body, std::span<const Array> carry,
                              int64_t maximum_iterations = -1);

struct ScanSpec {
  int64_t length = 0;
  bool reverse = false;
  bool rematerialize = false;
  int64_t unroll = 1;  ///< Errors: ValueError unless 1 or more
};
/// `body`: carry, then one element of each sequence → carry, then results. Returns the last carry,
/// then the results stacked.
std::vector<Array> scan_call(const Body& body, std::span<const Array> carry,
                             std::span<const Array> sequences, const ScanSpec& spec);

/// `body` of `inputs`, whose derivative computes its intermediate values anew.
std::vector<Array> remat_call(const Body& body, std::span<const Array> inputs);

}  // namespace danlu::control
