#include "danlu/backends/cpu/ref/fused.h"

#include <gtest/gtest.h>

#include <cmath>

#include "danlu/backends/cpu/kernel_testing.h"
#include "danlu/core/graph.h"
#include "danlu/ops/registry.h"
#include "danlu/runtime/tile_program.h"

namespace danlu::cpu {
namespace {

using testing::Call;
using testing::make_call;
using testing::relative_error;
using testing::run;

// Runs the ref kernels of a graph one after another.
std::vector<std::vector<double>> run_graph(const Graph& graph, const Call& call) {
  std::vector<std::vector<std::vector<double>>> values(graph.nodes.size());
  for (size_t i = 0; i < graph.inputs.size(); ++i) values[graph.inputs[i]] = {call.values[i]};
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.op == nullptr) continue;
    Call step{.op = node.op, .attrs = node.attrs};
    for (const ValueId v : node.inputs) {
      step.inputs.push_back(graph.spec(v));
      step.values.push_back(values[v.node][v.index]);
    }
    values[i] = run(step, "ref");
  }
  std::vector<std::vector<double>> outputs;
  for (const ValueId v : graph.outputs) outputs.push_back(values[v.node][v.index]);
  return outputs;
}

TEST(FusedReference, EqualsTheDecomposition) {
  for (const OpDef* op : {&fused_matmul_op(), &fused_conv2d_op(), &conv2d_pool_op(),
                          &conv2d_pool_backward_kernel_op(), &conv2d_pool_backward_input_op()}) {
    for (const OpSample& sample : op->samples()) {
      SCOPED_TRACE(std::string(op->name) + ", " + sample.label);
      const Call call = make_call(*op, sample).with_float(DType::float64);
      std::vector<Array> inputs;
      for (const TensorSpec& spec : call.inputs) inputs.push_back(make_placeholder(spec));
      const auto outputs = op->decompose(call.attrs.get(), inputs);
      const Trace trace = trace_graph(inputs, outputs);
      const auto expected = run_graph(trace.graph, call);
      const auto received = run(call, "ref");
      ASSERT_EQ(received.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(received[i], expected[i]), 1e-13);
      }
    }
  }
}

TEST(TileReference, FollowsItsProgram) {
  const DType f = DType::float32;
  const TileProgram program{
      .inputs = {{f, TileAccess::full}, {f, TileAccess::row}, {f, TileAccess::column}},
      .code = {{TileOp::fma, 0, 1, 2}, {TileOp::relu, 3}},
      .outputs = {{f, TileStore::full, 4},
                  {f, TileStore::sum_outer, 4},
                  {DType::int32, TileStore::sum_inner, 4},
                  {f, TileStore::max_inner, 3},
                  {f, TileStore::sum_all, 4}}};
  const Call call{.op = &tile_op(),
                  .attrs = make_attrs(TileAttrs{
                      program, {{2, 3}}, {Shape{2, 3}, Shape{3}, Shape{2}, Shape{2}, Shape{}}}),
                  .inputs = {{{2, 3}, f}, {Shape{3}, f}, {Shape{2}, f}},
                  .values = {{1, 2, 3, 4, 5, 6}, {1, -1, 2}, {10, -10}}};
  const auto out = run(call, "ref");
  EXPECT_EQ(out[0], (std::vector<double>{11, 8, 16, 0, 0, 2}));
  EXPECT_EQ(out[1], (std::vector<double>{11, 8, 18}));
  EXPECT_EQ(out[2], (std::vector<double>{35, 2}));
  EXPECT_EQ(out[3], (std::vector<double>{16, 2}));
  EXPECT_EQ(out[4], (std::vector<double>{37}));
}

TEST(TileReference, RunsEverySample) {
  for (const OpSample& sample : tile_op().samples()) {
    for (const auto& output : run(make_call(tile_op(), sample), "ref")) {
      for (const double x : output) EXPECT_FALSE(std::isnan(x)) << sample.label;
    }
  }
}

}  // namespace
}  // namespace danlu::cpu
