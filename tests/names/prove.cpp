#include "tests/names/prove.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "danlu/core/node.h"
#include "danlu/ops/registry.h"
#include "danlu/runtime/kernel.h"
#include "danlu/runtime/tile_opcode.h"
#include "tests/names/case_file.h"

namespace danlu::names {
namespace {

using Texts = std::set<std::string>;

Json json_of(const Texts& texts) {
  return Json::array(std::vector<Json>(texts.begin(), texts.end()));
}

/// What is told of a name in the record.
struct Proof {
  int cases = 0;
  int failed = 0;
  int gradients = 0;  ///< cases whose gradient was compared too
  bool properties = false;
  Texts dtypes;      ///< of tensor inputs, or of outputs where there are none
  Texts ranks;       ///< "0", "1", …, "empty"
  Texts tolerances;  ///< "f64 1e-09", …
  Texts ops;         ///< records that the call consists of

  Json to_json() const {
    return Json::object({{"cases", cases},
                         {"failed", failed},
                         {"gradients", gradients},
                         {"properties", properties},
                         {"dtypes", json_of(dtypes)},
                         {"ranks", json_of(ranks)},
                         {"tolerances", json_of(tolerances)},
                         {"ops", json_of(ops)}});
  }
};

void collect_ops(const internal::Node* node, Texts& ops, std::set<const internal::Node*>& seen) {
  if (node == nullptr || !seen.insert(node).second) return;
  if (node->op != nullptr) ops.insert(std::string(node->op->name));
  for (const auto& input : node->inputs) collect_ops(input.node.get(), ops, seen);
}

std::string tolerance_text(const Json& about, const std::string& run) {
  const bool wide = run == "f64";
  const Json* stated = about.find(wide ? "tol64" : "tol32");
  const double tolerance = stated != nullptr ? stated->as_double() : wide ? 1e-9 : 1e-5;
  char text[40];
  std::snprintf(text, sizeof text, "%s %.0e", run.c_str(), tolerance);
  return text;
}

void describe(const CaseFile& file, const Json& about, Proof& proof) {
  const std::string id = about.at("id").as_string();
  const auto note_shape = [&](const Shape& shape) {
    proof.ranks.insert(std::to_string(shape.rank()));
    if (shape.num_elements() == 0) proof.ranks.insert("empty");
  };
  bool wide = false, exact = true;
  for (const Json& run : about.at("runs").items()) wide |= run.as_string() == "f64";
  const size_t inputs = about.at("inputs").size();
  for (size_t i = 0; i < inputs; ++i) {
    const std::string dtype = about.at("inputs")[i].as_string();
    proof.dtypes.insert(dtype);
    if (wide && dtype == "float32") proof.dtypes.insert("float64");
    note_shape(file.tensor(id + "/in/" + std::to_string(i)).shape());
  }
  if (const Json* dtypes = about.find("dtypes")) {
    for (size_t k = 0; k < dtypes->size(); ++k) {
      const std::string dtype = (*dtypes)[k].as_string();
      exact &= !is_floating(dtype_from_name(dtype));
      if (inputs > 0) continue;
      proof.dtypes.insert(dtype);
      note_shape(file.tensor(id + "/out/" + std::to_string(k)).shape());
    }
  }
  if (exact) {
    proof.tolerances.insert("exact");
  } else {
    for (const Json& run : about.at("runs").items()) {
      proof.tolerances.insert(tolerance_text(about, run.as_string()));
    }
  }
  if (about.contains("grads")) ++proof.gradients;
}

/// Elementwise with an opcode, or a reduction that a tile program may end with.
bool runs_in_tiles(const OpDef& op) {
  return op.fusion == FusionKind::reduction || tile_opcode(op).has_value();
}

void write_record(const std::string& family, const std::map<std::string, Proof>& proofs) {
  Json names = Json::object();
  Texts ops;
  for (const auto& [name, proof] : proofs) {
    names.set(name, proof.to_json());
    ops.insert(proof.ops.begin(), proof.ops.end());
  }
  Json kernels = Json::object();
  for (const OpDef* op : all_ops()) {
    if (!ops.contains(std::string(op->name))) continue;
    Json list = Json::array();
    if (has_cpu_kernels(*op)) {
      for (const KernelDef& kernel : cpu_kernels(*op)) list.push_back(kernel.name);
    } else if (op->decompose) {
      list.push_back("composed");
    }
    if (runs_in_tiles(*op)) list.push_back("fused");
    kernels.set(op->name, std::move(list));
  }
  std::filesystem::create_directories(DANLU_PROOF);
  std::ofstream out(std::filesystem::path(DANLU_PROOF) / (family + ".json"));
  out << Json::object({{"names", std::move(names)}, {"kernels", std::move(kernels)}}).dump(1)
      << '\n';
  EXPECT_TRUE(out.good()) << "the record of " << family << " was not written";
}

int failures_so_far() {
  return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

}  // namespace

void prove(const std::string& family, const std::vector<Entry>& table,
           const std::vector<Property>& properties) {
  std::map<std::string, Proof> proofs;
  for (const Property& property : properties) {
    const int before = failures_so_far();
    property.check();
    Proof& proof = proofs[property.name];
    proof.properties = true;
    proof.failed += failures_so_far() > before;
  }
  std::map<std::string, std::function<Result(const Call&)>> calls;
  for (const Entry& entry : table) calls[entry.name] = entry.call;
  EXPECT_EQ(calls.size(), table.size()) << family << " has a name twice";

  Texts without_entry, without_case;
  for (const auto& [name, call] : calls) without_case.insert(name);
  const std::string path = "tests/golden/names/" + family + ".safetensors";
  const CaseFile file = table.empty() ? CaseFile() : CaseFile(path);
  for (const Json& about : file.cases()) {
    const std::string name = about.at("name").as_string();
    const auto found = calls.find(name);
    if (found == calls.end()) {
      without_entry.insert(name);
      continue;
    }
    without_case.erase(name);
    Proof& proof = proofs[name];
    const auto recording = [&](const Call& call) {
      Result result = found->second(call);
      std::set<const internal::Node*> seen;
      for (const Array& array : result.arrays) collect_ops(array.node(), proof.ops, seen);
      return result;
    };
    const std::string problems = check_case(file, about, recording);
    ++proof.cases;
    if (problems.empty()) {
      describe(file, about, proof);
      continue;
    }
    ++proof.failed;
    ADD_FAILURE() << family << ", " << about.at("id").as_string() << about.at("args").dump() << "\n"
                  << problems;
  }
  for (const std::string& name : without_entry) {
    ADD_FAILURE() << name << " has cases in " << path << " but no entry in the table";
  }
  for (const std::string& name : without_case) {
    ADD_FAILURE() << name << " has an entry in the table but no case in " << path;
  }
  write_record(family, proofs);
}

}  // namespace danlu::names
