// Every op record under vmap, against a loop: each input mapped or not, nested, in every dtype,
// with empty and scalar elements; and whether all of them do without a call per element.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "danlu/autodiff/vmap.h"
#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/base/error.h"
#include "danlu/core/graph.h"
#include "danlu/ops/ops.h"
#include "danlu/ops/registry.h"
#include "tests/support/op_calls.h"

namespace danlu {
namespace {

using cpu::testing::Call;
using testing_support::title;

/// Which inputs each vmap maps, outermost first.
using Levels = std::vector<std::vector<bool>>;
using Sizes = std::vector<int64_t>;

VmapOptions options_of(const std::vector<bool>& mapped, int64_t size) {
  VmapOptions options{.axis_size = size};
  options.in_axes.clear();
  for (const bool is_mapped : mapped) {
    options.in_axes.push_back(is_mapped ? BatchAxis(0) : std::nullopt);
  }
  return options;
}

std::vector<Array> mapped(const OpDef& op, const AttrsPtr& attrs, const std::vector<Array>& inputs,
                          const Levels& levels, const Sizes& sizes, size_t level = 0) {
  if (level == levels.size()) return make_op_outputs(op, inputs, attrs);
  const VmapOptions options = options_of(levels[level], sizes[level]);
  internal::VmapCall call(options, inputs.size());
  std::vector<Array> elements;
  for (size_t i = 0; i < inputs.size(); ++i) elements.push_back(call.element(inputs[i], i));
  return call.batched(mapped(op, attrs, elements, levels, sizes, level + 1));
}

std::vector<Array> looped(const OpDef& op, const AttrsPtr& attrs, const std::vector<Array>& inputs,
                          const Levels& levels, const Sizes& sizes, size_t level = 0) {
  if (level == levels.size()) return make_op_outputs(op, inputs, attrs);
  std::vector<std::vector<Array>> parts;
  for (int64_t k = 0; k < sizes[level]; ++k) {
    std::vector<Array> elements = inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (levels[level][i]) elements[i] = squeeze(slice(inputs[i], {k}, {k + 1}), 0);
    }
    const auto outputs = looped(op, attrs, elements, levels, sizes, level + 1);
    parts.resize(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) parts[i].push_back(outputs[i]);
  }
  std::vector<Array> results;
  for (const auto& part : parts) results.push_back(stack(part));
  return results;
}

/// Inputs for all elements: numbers of as many calls as each input has elements.
std::vector<Array> inputs_for(const OpDef& op, const OpSample& sample, const Levels& levels,
                              const Sizes& sizes) {
  std::vector<Array> inputs;
  for (size_t i = 0; i < sample.inputs.size(); ++i) {
    const TensorSpec& spec = sample.inputs[i];
    int64_t count = 1;
    std::vector<int64_t> dims;
    for (size_t level = 0; level < levels.size(); ++level) {
      if (!levels[level][i]) continue;
      count *= sizes[level];
      dims.push_back(sizes[level]);
    }
    std::vector<double> values;
    for (int64_t k = 0; k < count; ++k) {
      std::vector<double> more =
          cpu::testing::make_call(op, sample, 3 + static_cast<uint64_t>(k)).values[i];
      // Random ops get a state of its own for each element.
      if (op.random && i == 0) more[1] += static_cast<double>(k);
      values.insert(values.end(), more.begin(), more.end());
    }
    dims.insert(dims.end(), spec.shape.begin(), spec.shape.end());
    inputs.push_back(Array::from_buffer(cpu::testing::internal::encode(values, spec.dtype),
                                        {Shape(dims), spec.dtype}));
  }
  return inputs;
}

std::vector<double> numbers(const Array& x) {
  if (!is_complex(x.dtype())) return x.to_vector<double>();
  std::vector<double> all = real(x).to_vector<double>();
  const std::vector<double> more = imag(x).to_vector<double>();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

double tolerance(DType dtype, const OpSample& sample) {
  if (!is_inexact(dtype)) return 0;
  if (dtype == DType::bfloat16) return 3e-2;
  if (dtype == DType::float16) return 5e-3;
  return 4 * sample.tolerance + 1e-6;
}

std::string text_of(const Levels& levels) {
  std::string text;
  for (const auto& level : levels) {
    text += " ";
    for (const bool is_mapped : level) text += is_mapped ? "b" : "-";
  }
  return text;
}

const Sizes kSizes = {3, 2};

void check_values(const OpDef& op, const OpSample& sample, const Levels& levels) {
  const auto inputs = inputs_for(op, sample, levels, kSizes);
  const auto results = mapped(op, sample.attrs, inputs, levels, kSizes);
  const auto expected = looped(op, sample.attrs, inputs, levels, kSizes);
  std::vector<Array> all = results;
  all.insert(all.end(), expected.begin(), expected.end());
  eval(all);
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string where = title(op, sample) + ", mapped" + text_of(levels) + ", output " +
                              std::to_string(i) + " " + results[i].spec().to_string();
    ASSERT_EQ(results[i].spec(), expected[i].spec()) << where;
    EXPECT_LE(cpu::testing::relative_error(numbers(results[i]), numbers(expected[i])),
              tolerance(results[i].dtype(), sample))
        << where;
  }
}

/// All inputs mapped, and each by itself.
std::vector<Levels> single_levels(size_t inputs) {
  std::vector<Levels> list = {{std::vector<bool>(inputs, true)}};
  for (size_t i = 0; inputs > 1 && i < inputs; ++i) {
    std::vector<bool> one(inputs, false);
    one[i] = true;
    list.push_back({one});
  }
  return list;
}

/// Two vmaps: of everything, of the first input outside and the last inside, and the reverse.
std::vector<Levels> double_levels(size_t inputs) {
  const std::vector<bool> all(inputs, true);
  std::vector<Levels> list = {{all, all}};
  if (inputs > 1) {
    std::vector<bool> first(inputs, false), last(inputs, false);
    first.front() = last.back() = true;
    for (const Levels& levels : {Levels{first, last}, {last, first}, {all, first}, {last, all}}) {
      list.push_back(levels);
    }
  }
  return list;
}

bool has_room(const OpSample& sample, int axes) {
  return std::all_of(sample.inputs.begin(), sample.inputs.end(), [&](const TensorSpec& spec) {
    return spec.shape.rank() + axes <= Shape::kMaxRank;
  });
}

/// The records that vmap can meet: not those that users register.
std::vector<const OpDef*> records() {
  std::vector<const OpDef*> all = {
#define DANLU_DECLARE_OP(name) &name##_op(),
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP
  };
  std::erase_if(all, [](const OpDef* op) { return op->symbolic_only; });
  return all;
}

template <class F>
void for_each_sample(F&& f) {
  for (const OpDef* op : records()) {
    for (const OpSample& sample : op->samples()) {
      if (!sample.inputs.empty()) f(*op, sample);
    }
  }
}

bool accepts(const OpDef& op, const OpSample& sample) {
  try {
    const auto outputs =
        op.infer({.op_name = op.name, .attrs = sample.attrs.get(), .inputs = sample.inputs});
    return !outputs.empty();
  } catch (const Error&) {
    return false;
  }
}

/// Records without a rule, with the reason.
const std::map<std::string_view, std::string_view> kWithoutRule = {
    {"iota", "It has no input, so nothing of it can be mapped."},
};

TEST(VmapSweep, EveryRecordHasARule) {
  for (const OpDef* op : records()) {
    const bool has_rule = op->batch || op->decompose || op->fusion == FusionKind::elementwise;
    EXPECT_NE(has_rule, kWithoutRule.contains(op->name)) << op->name;
  }
}

TEST(VmapSweep, NoRuleMakesMoreOpsForMoreElements) {
  for_each_sample([](const OpDef& op, const OpSample& sample) {
    if (!has_room(sample, 1)) return;
    for (const Levels& levels : single_levels(sample.inputs.size())) {
      const auto ops = [&](int64_t size) {
        std::vector<Array> inputs;
        for (size_t i = 0; i < sample.inputs.size(); ++i) {
          const auto& [shape, dtype] = sample.inputs[i];
          inputs.push_back(
              make_placeholder({levels[0][i] ? shape.with_axis_inserted(0, size) : shape, dtype}));
        }
        return trace_graph(inputs, mapped(op, sample.attrs, inputs, levels, {size}))
            .graph.nodes.size();
      };
      EXPECT_EQ(ops(7), ops(3)) << title(op, sample) << text_of(levels);
    }
  });
}

TEST(VmapSweep, EqualsALoop) {
  for_each_sample([](const OpDef& op, const OpSample& sample) {
    if (!has_room(sample, 1)) return;
    for (const Levels& levels : single_levels(sample.inputs.size())) {
      check_values(op, sample, levels);
    }
  });
}

TEST(VmapSweep, NestedEqualsTwoLoops) {
  std::map<const OpDef*, int> samples;
  for_each_sample([&](const OpDef& op, const OpSample& sample) {
    if (!has_room(sample, 2) || ++samples[&op] > 2) return;
    for (const Levels& levels : double_levels(sample.inputs.size())) {
      check_values(op, sample, levels);
    }
  });
}

TEST(VmapSweep, LastAxesAreAsGoodAsFirst) {
  for_each_sample([](const OpDef& op, const OpSample& sample) {
    if (!has_room(sample, 1)) return;
    const size_t count = sample.inputs.size();
    const Levels levels = {std::vector<bool>(count, true)};
    const auto inputs = inputs_for(op, sample, levels, kSizes);
    const auto front = mapped(op, sample.attrs, inputs, levels, kSizes);
    const VmapOptions options{.in_axes = {-1}, .out_axes = {-1}};
    internal::VmapCall call(options, count);
    std::vector<Array> elements;
    for (size_t i = 0; i < count; ++i) {
      elements.push_back(call.element(moveaxis(inputs[i], {0}, {-1}), i));
    }
    const auto back = call.batched(make_op_outputs(op, elements, sample.attrs));
    for (size_t i = 0; i < front.size(); ++i) {
      const Array moved = moveaxis(back[i], {-1}, {0});
      eval({moved, front[i]});
      EXPECT_EQ(moved.spec(), front[i].spec()) << title(op, sample);
      EXPECT_LE(cpu::testing::relative_error(numbers(moved), numbers(front[i])),
                tolerance(moved.dtype(), sample))
          << title(op, sample);
    }
  });
}

TEST(VmapSweep, EveryDtype) {
  std::map<const OpDef*, int> samples;
  std::map<DType, int> checked;
  for_each_sample([&](const OpDef& op, OpSample sample) {
    if (!has_room(sample, 1) || ++samples[&op] > 1) return;
    const DType usual = sample.inputs[0].dtype;
    const std::vector<TensorSpec> inputs = sample.inputs;
    for (int k = 0; k < kNumDTypes; ++k) {
      const auto dtype = static_cast<DType>(k);
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].dtype == usual) sample.inputs[i].dtype = dtype;
      }
      if (!accepts(op, sample)) continue;
      ++checked[dtype];
      if (dtype == usual) continue;
      for (const Levels& levels : single_levels(inputs.size())) check_values(op, sample, levels);
    }
  });
  EXPECT_EQ(static_cast<int>(checked.size()), kNumDTypes);
  for (const auto& [dtype, count] : checked) EXPECT_GT(count, 10) << name(dtype);
}

TEST(VmapSweep, EmptyAndScalarElements) {
  std::map<const OpDef*, int> samples;
  int checked = 0;
  for_each_sample([&](const OpDef& op, OpSample sample) {
    if (++samples[&op] > 1) return;
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{2, 0, 3}, Shape{1, 1}}) {
      for (TensorSpec& spec : sample.inputs) spec.shape = shape;
      sample.fill = nullptr;
      sample.low = 1;
      sample.high = 2;
      if (!accepts(op, sample)) continue;
      for (const Levels& levels : single_levels(sample.inputs.size())) {
        check_values(op, sample, levels);
      }
      ++checked;
    }
  });
  EXPECT_GT(checked, 300);
}

TEST(VmapSweep, EmptyBatches) {
  for_each_sample([](const OpDef& op, const OpSample& sample) {
    if (!has_room(sample, 1)) return;
    const Levels levels = {std::vector<bool>(sample.inputs.size(), true)};
    const auto inputs = inputs_for(op, sample, levels, {0});
    const auto results = mapped(op, sample.attrs, inputs, levels, {0});
    eval(results);
    const auto one =
        op.infer({.op_name = op.name, .attrs = sample.attrs.get(), .inputs = sample.inputs});
    for (size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(results[i].shape(), one[i].shape.with_axis_inserted(0, 0)) << title(op, sample);
    }
  });
}

}  // namespace
}  // namespace danlu
