#include "danlu/ops/registry.h"

#include <mutex>
#include <string>
#include <unordered_map>

#include "danlu/base/error.h"

namespace danlu {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const OpDef*> ops;
  std::unordered_map<std::string_view, const OpDef*> by_name;

  Registry() {
#define DANLU_DECLARE_OP(name) add(name##_op());
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP
  }
  bool add(const OpDef& op) {
    if (!by_name.emplace(op.name, &op).second) return false;
    ops.push_back(&op);
    return true;
  }
};

Registry& registry() {
  static Registry the_registry;
  return the_registry;
}

}  // namespace

std::vector<const OpDef*> all_ops() {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  return r.ops;
}

const OpDef& find_op(std::string_view name) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto it = r.by_name.find(name);
  if (it == r.by_name.end()) {
    throw ValueError({.where = "find_op",
                      .what = "There is no such op",
                      .expected = "a name of danlu/ops/ops.def or one given to register_op",
                      .received = "'" + std::string(name) + "'"});
  }
  return *it->second;
}

void register_op(const OpDef& op) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  if (op.name.empty() || !op.infer) {
    throw ValueError({.where = "register_op",
                      .what = "The record is incomplete",
                      .expected = "a name and infer",
                      .received = "'" + std::string(op.name) + "'"});
  }
  if (!r.add(op)) {
    throw ValueError({.where = "register_op",
                      .what = "The name is taken",
                      .expected = "a name that no other op has",
                      .received = "'" + std::string(op.name) + "'"});
  }
}

}  // namespace danlu
