#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "danlu/core/op_def.h"

namespace danlu {

#define DANLU_DECLARE_OP(name) const OpDef& name##_op();
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP

/// The records of `ops.def`, in its order, then those registered by users.
std::vector<const OpDef*> all_ops();
/// Errors: ValueError when there is none of this name.
const OpDef& find_op(std::string_view name);
/// Makes a user's own op known. `op` must outlive the process.
/// Errors: ValueError when the name is taken.
void register_op(const OpDef& op);

}  // namespace danlu
