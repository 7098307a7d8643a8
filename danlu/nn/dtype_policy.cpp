#include "danlu/nn/dtype_policy.h"

#include <mutex>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"

namespace danlu {
namespace {

std::mutex global_mutex;
std::string global_name;  // guarded by global_mutex

}  // namespace

DTypePolicy::DTypePolicy(std::string_view policy, const std::string& where) : name(policy) {
  if (policy == "float32" || policy == "float64" || policy == "bfloat16" || policy == "float16") {
    compute_dtype = variable_dtype = dtype_from_name(policy);
  } else if (policy == "mixed_bfloat16" || policy == "mixed_float16") {
    compute_dtype = dtype_from_name(policy.substr(6));
    variable_dtype = DType::float32;
  } else {
    throw ValueError({.where = where,
                      .what = "A layer cannot compute in this dtype",
                      .expected = "\"float32\", \"float64\", \"bfloat16\", \"float16\", "
                                  "\"mixed_bfloat16\" or \"mixed_float16\"",
                      .received = "\"" + name + "\""});
  }
}

DTypePolicy dtype_policy() {
  const std::lock_guard lock(global_mutex);
  return DTypePolicy(global_name.empty() ? danlu::name(floatx()) : std::string_view(global_name));
}

void set_dtype_policy(std::string_view name) {
  if (!name.empty()) DTypePolicy(name, "set_dtype_policy");
  const std::lock_guard lock(global_mutex);
  global_name = name;
}

}  // namespace danlu
