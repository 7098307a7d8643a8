#include "danlu/ops/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "danlu/base/error.h"

namespace danlu {
namespace {

template <class F>
std::string error_text(F&& f) {
  try {
    f();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no ValueError";
}

TEST(Registry, EveryLineOfOpsDefIsARecordOfThatName) {
  const std::vector<const OpDef*> expected = {
#define DANLU_DECLARE_OP(name) &name##_op(),
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP
  };
  const auto ops = all_ops();
  ASSERT_GE(ops.size(), expected.size());
  EXPECT_EQ(std::vector<const OpDef*>(ops.begin(), ops.begin() + int64_t(expected.size())),
            expected);
#define DANLU_DECLARE_OP(op) EXPECT_EQ(op##_op().name, #op);
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP
}

TEST(Registry, RecordsAreComplete) {
  std::set<std::string_view> names;
  for (const OpDef* op : all_ops()) {
    EXPECT_TRUE(names.insert(op->name).second) << op->name;
    EXPECT_TRUE(op->infer) << op->name;
    EXPECT_FALSE(op->doc.empty()) << op->name;
    EXPECT_TRUE(op->samples && !op->samples().empty()) << op->name;
    EXPECT_TRUE(op->differentiable() || op->random || op->symbolic_only) << op->name;
    EXPECT_EQ(&find_op(op->name), op);
  }
}

TEST(Registry, SamplesPassInfer) {
  for (const OpDef* op : all_ops()) {
    std::set<std::string> labels;
    for (const OpSample& sample : op->samples()) {
      EXPECT_TRUE(labels.insert(sample.label).second) << op->name << ": " << sample.label;
      EXPECT_LE(sample.low, sample.high) << op->name << ": " << sample.label;
      if (op->num_inputs >= 0) {
        EXPECT_EQ(static_cast<int>(sample.inputs.size()), op->num_inputs) << op->name;
      }
      EXPECT_NO_THROW({
        const auto outputs =
            op->infer({.op_name = op->name, .attrs = sample.attrs.get(), .inputs = sample.inputs});
        EXPECT_FALSE(outputs.empty());
      }) << op->name
         << ": " << sample.label;
    }
  }
}

TEST(Registry, UnknownAndTakenNamesAreErrors) {
  EXPECT_EQ(error_text([] { find_op("relux"); }),
            "[find_op] There is no such op. Expected a name of danlu/ops/ops.def or one given to "
            "register_op. Received 'relux'.");
  EXPECT_EQ(error_text([] { register_op(relu_op()); }),
            "[register_op] The name is taken. Expected a name that no other op has. Received "
            "'relu'.");
  static const OpDef empty{.name = "registry_test_empty"};
  EXPECT_EQ(error_text([] { register_op(empty); }),
            "[register_op] The record is incomplete. Expected a name and infer. Received "
            "'registry_test_empty'.");
}

}  // namespace
}  // namespace danlu
