#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/core/graph_check.h"
#include "danlu/ops/control/control_attrs.h"
#include "danlu/ops/control/remat_attrs.h"
#include "danlu/ops/control/tap_attrs.h"
#include "danlu/ops/conv/conv_attrs.h"
#include "danlu/ops/elementwise/cast_attrs.h"
#include "danlu/ops/elementwise/view_attrs.h"
#include "danlu/ops/fft/fft_attrs.h"
#include "danlu/ops/fused/fused_attrs.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"
#include "danlu/ops/image/resample_attrs.h"
#include "danlu/ops/indexing/indexing_attrs.h"
#include "danlu/ops/linalg/linalg_attrs.h"
#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/nn/attention_attrs.h"
#include "danlu/ops/nn/ctc_attrs.h"
#include "danlu/ops/nn/layer_norm_attrs.h"
#include "danlu/ops/nn/recurrent_attrs.h"
#include "danlu/ops/random/random_attrs.h"
#include "danlu/ops/random/random_more_attrs.h"
#include "danlu/ops/reduction/cumulative_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting/sorting_attrs.h"
#include "danlu/runtime/tile_program.h"
#include "tests/fuzz/dice.h"

/// Every record, called as in one of its samples with some of the attributes and inputs replaced by
/// nonsense: what a damaged model file or a broken compiler pass might ask for. Nothing is
/// computed.
namespace danlu {
namespace {

using fuzzing::Dice;
using fuzzing::expect_possible;
using fuzzing::Outcomes;
using fuzzing::tries;
using fuzzing::try_once;

/// Replaces fields of attributes, one in three of them.
struct Mutator {
  Dice& dice;

  template <class T>
  void operator()(std::string_view, const T& field) const {
    // The visitor is const, the attributes are a copy of our own.
    if (dice.chance(33)) change(const_cast<T&>(field));
  }

  void change(int64_t& x) const {
    if (dice.chance(40)) {
      x = dice.number();
    } else if (dice.chance(50)) {
      x = dice.axis();
    } else {  // wraps, as nonsense may
      x = static_cast<int64_t>(static_cast<uint64_t>(x) + static_cast<uint64_t>(dice.below(3)) - 1);
    }
  }
  void change(bool& x) const { x = !x; }
  void change(double& x) const {
    constexpr double kOdd[] = {0,   -0.0,     -1,        0.5,    1e308, -1e308,
                               NAN, INFINITY, -INFINITY, 5e-324, 2};
    x = dice.one_of(kOdd);
  }
  void change(DType& x) const { x = static_cast<DType>(dice.below(kNumDTypes)); }
  void change(Shape& x) const { x = dice.changed(x); }
  template <size_t n>
  void change(std::array<int64_t, n>& list) const {
    for (int64_t& x : list) change(x);
  }
  void change(std::vector<int64_t>& list) const {
    if (dice.chance(20) && !list.empty()) list.pop_back();
    if (dice.chance(20) && list.size() < 12) list.push_back(dice.axis());
    for (int64_t& x : list) {
      if (dice.chance(50)) change(x);
    }
  }
  void change(std::string& x) const {
    constexpr const char* kOdd[] = {"", "a", "\n", "a/b", "\xff"};
    x = dice.one_of(kOdd);
  }
  template <class E>
  requires std::is_enum_v<E>
  void change(E& x) const { x = static_cast<E>(dice.below(dice.chance(80) ? 6 : 256)); }

  void change(TileAttrs::Space& x) const { change(dice.chance(50) ? x.outer : x.inner); }
  void change(TileInput& x) const { dice.chance(50) ? change(x.dtype) : change(x.access); }
  void change(TileOutput& x) const {
    dice.chance(30) ? change(x.dtype) : dice.chance(50) ? change(x.store) : change(x.reg);
  }
  void change(uint16_t& x) const {
    x = static_cast<uint16_t>(dice.below(dice.chance(90) ? 8 : 65536));
  }
  void change(TileInstr& x) const {
    change(x.op);
    if (dice.chance(50)) change(dice.chance(50) ? x.a : dice.chance(50) ? x.b : x.c);
  }
  void change(TileProgram& x) const {
    change(x.inputs);
    change(x.code);
    change(x.outputs);
  }
  template <class T>
  void change(std::vector<T>& list) const {
    if (dice.chance(20) && !list.empty()) list.pop_back();
    if (dice.chance(20) && !list.empty() && list.size() < 12) list.push_back(list[0]);
    for (T& x : list) {
      if (dice.chance(30)) change(x);
    }
  }

  /// A subgraph whose parts do not fit each other any more.
  void change(GraphPtr& x) const {
    if (x == nullptr || dice.chance(10)) {
      x = nullptr;
      return;
    }
    auto graph = std::make_shared<Graph>(*x);
    const auto any_value = [&] {
      const int64_t beyond = dice.chance(5) ? 1 : 0;
      const auto node = dice.below(std::ssize(graph->nodes) + beyond);
      const auto index = dice.below(dice.chance(95) ? 2 : 1000);
      return ValueId{static_cast<uint32_t>(node), static_cast<uint32_t>(index)};
    };
    const auto change_spec = [&](TensorSpec& spec) {
      dice.chance(70) ? change(spec.shape) : change(spec.dtype);
    };
    auto& inputs = graph->inputs;
    auto& outputs = graph->outputs;
    if (dice.chance(20) && !outputs.empty()) outputs.pop_back();
    if (dice.chance(20) && !graph->nodes.empty()) outputs.push_back(any_value());
    for (ValueId& value : outputs) {
      if (dice.chance(20)) value = any_value();
    }
    if (dice.chance(20) && !inputs.empty()) inputs.pop_back();
    if (dice.chance(20) && inputs.size() > 1) std::swap(inputs.front(), inputs.back());
    if (dice.chance(40)) {
      for (const uint32_t node : inputs) {
        if (dice.chance(30)) change_spec(graph->nodes[node].outputs[0]);
      }
    }
    const bool nodes = dice.chance(40);
    for (GraphNode& node : graph->nodes) {
      if (!nodes || !dice.chance(15)) continue;
      switch (dice.below(6)) {
        case 0:
          node.outputs.push_back({dice.shape(2), DType::float32});
          break;
        case 1:
          node.outputs.clear();
          break;
        case 2:
          for (ValueId& v : node.inputs) v = any_value();
          break;
        case 3:
          node.inputs.push_back(any_value());
          break;
        case 4:
          swap_op(node, *graph);
          break;
        default:
          for (TensorSpec& spec : node.outputs) change_spec(spec);
      }
    }
    x = graph;
    if (dice.chance(30)) x = with_other_inputs(x);
  }
  /// Another op of the graph, where both have no attributes.
  void swap_op(GraphNode& node, const Graph& graph) const {
    const GraphNode& other = graph.nodes[static_cast<size_t>(dice.below(std::ssize(graph.nodes)))];
    if (node.op && other.op && !node.attrs && !other.attrs) node.op = other.op;
  }
  /// The same ops on inputs of other shapes and dtypes, as far as they take them.
  GraphPtr with_other_inputs(const GraphPtr& x) const {
    try {
      check_graph(*x, "fuzz");
    } catch (const Error&) {
      return x;
    }
    auto graph = std::make_shared<Graph>(*x);
    try {
      for (GraphNode& node : graph->nodes) {
        if (node.is_input()) {
          if (dice.chance(30)) change(node.outputs[0].shape);
          if (dice.chance(10)) change(node.outputs[0].dtype);
        } else if (node.op != nullptr) {
          std::vector<TensorSpec> specs;
          for (const ValueId v : node.inputs) specs.push_back(graph->spec(v));
          node.outputs = node.op->infer(
              {.op_name = node.op->name, .attrs = node.attrs.get(), .inputs = specs});
        }
      }
    } catch (const Error&) {
      return x;
    }
    return graph;
  }
};

template <class... Ts>
struct TypeList {};

/// Every type of attributes there is.
using AllAttrs =
    TypeList<AttentionAttrs, AxisAttrs, CastAttrs, ConcatenateAttrs, Conv2DAttrs, Conv2DPoolAttrs,
             CtcAttrs, CtcBeamSearchAttrs, CumulativeAttrs, FftAttrs, FusedConv2DAttrs,
             FusedMatmulAttrs, IotaAttrs, IrfftAttrs, LayerNormAttrs, MatmulAttrs, MatmulTileAttrs,
             OneHotAttrs, PadAttrs, Pool2DAttrs, QrAttrs, RandintAttrs, RandomAttrs,
             RandomGammaAttrs, RavelIndexAttrs, RecurrenceAttrs, RecurrentAttrs, ReductionAttrs,
             RematAttrs, ResampleAttrs, ScanAttrs, ScatterAddAttrs, ScatterAttrs, SearchSortedAttrs,
             ShapeAttrs, SliceAttrs, SolveAttrs, SolveTriangularAttrs, SwitchAttrs, TakeAttrs,
             TapAttrs, TileAttrs, TopKAttrs, TransposeAttrs, ViewAttrs, WhileAttrs>;

template <class T>
bool change_as(Dice& dice, const Attrs& attrs, AttrsPtr& result) {
  const auto* known = dynamic_cast<const AttrsOf<T>*>(&attrs);
  if (known == nullptr) return false;
  T value = known->value();
  value.fields(Mutator{dice});
  result = make_attrs(std::move(value));
  return true;
}

/// A copy with some fields changed; null for a type that is not in the list.
template <class... Ts>
AttrsPtr changed_attrs(Dice& dice, const Attrs& attrs, TypeList<Ts...>) {
  AttrsPtr result;
  (change_as<Ts>(dice, attrs, result) || ...);
  return result;
}

struct Config {
  std::vector<TensorSpec> inputs;
  AttrsPtr attrs;

  std::string to_string() const {
    std::string text = attrs ? attrs->to_string() : "";
    for (const TensorSpec& spec : inputs) text += " " + spec.to_string();
    return text;
  }
};

Config changed(Dice& dice, const OpDef& op, const OpSample& sample) {
  Config config{sample.inputs, sample.attrs};
  const int percent = dice.chance(50) ? 10 : 60;
  for (TensorSpec& spec : config.inputs) {
    if (dice.chance(percent)) spec.shape = dice.changed(spec.shape);
    if (dice.chance(percent / 5)) spec.dtype = static_cast<DType>(dice.below(kNumDTypes));
  }
  if (dice.chance(20)) {  // all alike, as ops of one input shape want them
    const Shape shape = dice.shape(dice.below(5));
    for (TensorSpec& spec : config.inputs) spec.shape = shape;
  }
  if (op.num_inputs < 0 && dice.chance(20)) {
    if (dice.chance(50) && !config.inputs.empty()) config.inputs.pop_back();
    if (dice.chance(50) && !config.inputs.empty()) config.inputs.push_back(config.inputs[0]);
  }
  if (config.attrs && dice.chance(70)) {
    config.attrs = changed_attrs(dice, *config.attrs, AllAttrs{});
  }
  return config;
}

/// What was accepted has derivatives and runs for a batch, as far as there are Arrays so large.
void check_transforms(const OpDef& op, const Config& config) {
  std::vector<Array> inputs, floating;
  for (const TensorSpec& spec : config.inputs) {
    inputs.push_back(make_placeholder(spec));
    if (is_floating(spec.dtype)) floating.push_back(inputs.back());
  }
  const auto outputs = make_op_outputs(op, inputs, config.attrs);
  if (op.differentiable() && !floating.empty()) {
    std::vector<Array> results, seeds;
    for (const Array& y : outputs) {
      if (!is_floating(y.dtype())) continue;
      results.push_back(y);
      seeds.push_back(make_placeholder(y.spec()));
    }
    const auto grads = vjp(results, seeds, floating);
    for (size_t i = 0; i < grads.size(); ++i) {
      ASSERT_EQ(grads[i].spec(), floating[i].spec()) << config.to_string();
    }
  }
  if (inputs.empty()) return;
  const VmapOptions options;
  internal::VmapCall call(options, 1);
  std::vector<Array> elements;
  for (const TensorSpec& spec : config.inputs) {
    const Shape shape = spec.shape.with_axis_inserted(0, 2);
    elements.push_back(call.element(make_placeholder({shape, spec.dtype}), 0));
  }
  const auto batched = call.batched(make_op_outputs(op, elements, config.attrs));
  for (size_t i = 0; i < batched.size(); ++i) {
    ASSERT_EQ(batched[i].shape(), outputs[i].shape().with_axis_inserted(0, 2))
        << config.to_string();
  }
}

/// Whether a derivative or a batch of it is an Array that may be made at all.
bool is_small(const Config& config, const std::vector<TensorSpec>& outputs) {
  int64_t most = 0, rank = 0;
  for (const auto* specs : {&config.inputs, &outputs}) {
    for (const TensorSpec& spec : *specs) {
      int64_t cells = 1;  // an empty shape may have huge axes
      for (const int64_t n : spec.shape.dims()) cells *= std::clamp<int64_t>(n, 1, 1 << 7);
      for (const int64_t n : spec.shape.dims()) most = std::max(most, n);
      most = std::max(most, cells);
      rank = std::max<int64_t>(rank, spec.shape.rank());
    }
  }
  return most < (1 << 20) && rank < 5;
}

TEST(Fuzz, EveryRecordOnImpossibleAttributes) {
  uint64_t seed = 100;
  int64_t results = 0;
  for (const OpDef* op : all_ops()) {
    SCOPED_TRACE(op->name);
    const std::vector<OpSample> samples = op->samples();
    Dice dice(seed++);
    Outcomes outcomes;
    bool broken = false;
    for (int64_t i = 0; i < tries() && !broken; ++i) {
      const auto& sample =
          samples[static_cast<size_t>(dice.below(static_cast<int64_t>(samples.size())))];
      const Config config = changed(dice, *op, sample);
      ASSERT_EQ(config.attrs == nullptr, sample.attrs == nullptr) << "AllAttrs lacks a type";
      try_once(outcomes, [&] {
        const auto outputs =
            op->infer({.op_name = op->name, .attrs = config.attrs.get(), .inputs = config.inputs});
        for (const TensorSpec& output : outputs) expect_possible(output, config.to_string());
        if (op->flops) {
          ASSERT_GE(op->flops(config.attrs.get(), config.inputs, outputs), 0) << config.to_string();
        }
        if (op->symbolic_only || i % 8 != 0 || !is_small(config, outputs)) return;
        try {
          check_transforms(*op, config);
        } catch (const UnsupportedError&) {  // some have no reverse mode, and say so
        } catch (const Error& error) {
          ADD_FAILURE() << error.what() << "; " << config.to_string();
          broken = true;
        }
      });
    }
    EXPECT_GT(outcomes.results, 0);
    results += outcomes.results > 0;
  }
  int64_t records = 0;
#define DANLU_DECLARE_OP(name) ++records;
#include "danlu/ops/ops.def"
#undef DANLU_DECLARE_OP
  EXPECT_GE(results, records);
}

}  // namespace
}  // namespace danlu
