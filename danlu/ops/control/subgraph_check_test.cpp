#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/graph_check.h"
#include "danlu/ops/control/control_record.h"
#include "danlu/ops/control/remat_attrs.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"

/// Subgraphs whose parts contradict each other are refused by every op that carries one.
namespace danlu {
namespace {

const TensorSpec kX{Shape{2, 3}, DType::float32}, kW{Shape{3, 3}, DType::float32};

/// %0 = input, %1 = input, %2 = matmul(%0, %1), %3 = tanh(%2)
Graph good_graph() {
  return *control::graph_of(
      {kX, kW}, [](std::span<const Array> x) { return std::vector{tanh(matmul(x[0], x[1]))}; });
}

GraphPtr condition_graph() {
  return control::graph_of(
      {kX}, [](std::span<const Array> x) { return std::vector{min(x[0]) < max(x[0])}; });
}

struct Carrier {
  std::string name;
  const OpDef& op;
  std::vector<TensorSpec> inputs;
  std::function<AttrsPtr(const GraphPtr&)> attrs;
};

std::vector<Carrier> carriers() {
  const auto good = std::make_shared<const Graph>(good_graph());
  const auto condition = condition_graph();
  const auto scan = [](const GraphPtr& body, const GraphPtr& base) {
    return make_attrs(ScanAttrs{.body = body, .num_carry = 1, .length = 4, .base = base});
  };
  return {
      {"remat", remat_op(), {kX, kW}, [](const GraphPtr& g) { return make_attrs(RematAttrs{g}); }},
      {"switch",
       switch_op(),
       {{Shape{}, DType::int32}, kX, kW},
       [=](const GraphPtr& g) {
         return make_attrs(SwitchAttrs{{good, g}});
       }},
      {"while_loop",
       while_loop_op(),
       {kX, kW},
       [=](const GraphPtr& g) {
         return make_attrs(WhileAttrs{.condition = condition, .body = g, .num_carry = 1});
       }},
      {"scan", scan_op(), {kX, kW}, [=](const GraphPtr& g) { return scan(g, nullptr); }},
      {"scan", scan_op(), {kX, kW}, [=](const GraphPtr& g) { return scan(good, g); }},
  };
}

std::vector<TensorSpec> infer(const Carrier& carrier, const Graph& graph) {
  const AttrsPtr attrs = carrier.attrs(std::make_shared<const Graph>(graph));
  return carrier.op.infer(
      {.op_name = carrier.op.name, .attrs = attrs.get(), .inputs = carrier.inputs});
}

/// `where`: what follows the op's name in the brackets; `text`: what follows them, but for the
/// hint.
template <class E>
void expect_refused(const std::function<void(Graph&)>& damage, const std::string& where,
                    const std::string& text) {
  for (const Carrier& carrier : carriers()) {
    SCOPED_TRACE(carrier.name);
    Graph graph = good_graph();
    check_graph(graph, "test");  // a mark must not go with a copy
    Graph damaged = graph;
    damage(damaged);
    try {
      infer(carrier, damaged);
      ADD_FAILURE() << "accepted";
    } catch (const E& error) {
      const std::string message = error.what();
      const size_t hint = message.find(" Hint: ");
      EXPECT_NE(hint, std::string::npos) << message;
      EXPECT_EQ(message.substr(0, hint), "[" + carrier.name + where + "] " + text);
    }
  }
}

TEST(SubgraphCheck, AcceptsWhatWasTraced) {
  for (const Carrier& carrier : carriers()) {
    SCOPED_TRACE(carrier.name);
    const auto outputs = infer(carrier, good_graph());
    ASSERT_EQ(outputs.size(), 1);
    EXPECT_EQ(outputs[0], kX);
  }
}

TEST(SubgraphCheck, StoredSpecsAreWhatTheOpsGive) {
  const std::string text =
      "Output 0 is stored with another spec than the op gives for its inputs. ";
  expect_refused<ShapeError>(
      [](Graph& g) {
        g.nodes[3].outputs[0].shape = Shape{2, 4};
      },
      " > node 3 (tanh)", text + "Expected float32(2, 3). Received float32(2, 4).");
  expect_refused<ShapeError>(
      [](Graph& g) {
        g.nodes[2].outputs[0].shape = Shape{3, 2};
      },
      " > node 2 (matmul)", text + "Expected float32(2, 3). Received float32(3, 2).");
  expect_refused<DTypeError>([](Graph& g) { g.nodes[3].outputs[0].dtype = DType::float64; },
                             " > node 3 (tanh)",
                             text + "Expected float32(2, 3). Received float64(2, 3).");
  expect_refused<ShapeError>(
      [](Graph& g) {
        g.nodes[0].outputs[0].shape = Shape{5, 3};
      },
      " > node 2 (matmul)", text + "Expected float32(5, 3). Received float32(2, 3).");
}

TEST(SubgraphCheck, OpsTakeWhatTheyRead) {
  Graph graph = good_graph();
  graph.nodes[1].outputs[0].shape = Shape{4, 3};
  for (const Carrier& carrier : carriers()) {
    try {
      infer(carrier, graph);
      ADD_FAILURE() << carrier.name << " accepted it";
    } catch (const ShapeError& error) {
      EXPECT_EQ(error.parts().where, carrier.name + " > node 2 > matmul");
    }
  }
  expect_refused<ValueError>(
      [](Graph& g) {
        g.nodes[3].inputs.push_back({2, 0});
      },
      " > node 3 (tanh)", "The number of inputs does not fit the op. Expected 1. Received 2.");
  expect_refused<ValueError>([](Graph& g) { g.nodes[2].inputs.clear(); }, " > node 2 (matmul)",
                             "The number of inputs does not fit the op. Expected 2. Received 0.");
  expect_refused<ValueError>(
      [](Graph& g) { g.nodes[3].outputs.push_back(kX); }, " > node 3 (tanh)",
      "The number of outputs is not what the op gives. Expected 1. Received 2.");
  expect_refused<ValueError>(
      [](Graph& g) {
        g.nodes[3].outputs.clear();
        g.outputs[0] = {2, 0};
      },
      " > node 3 (tanh)",
      "The number of outputs is not what the op gives. Expected 1. Received 0.");
}

TEST(SubgraphCheck, NodesStandBehindWhatTheyRead) {
  const auto text = [](const std::string& received) {
    return "A node reads what does not stand before it. Expected an output of one of the nodes 0 "
           "to 2. Received " +
           received + ".";
  };
  for (const uint32_t node : {3u, 4u, 4'000'000'000u}) {
    expect_refused<ValueError>(
        [&](Graph& g) {
          g.nodes[3].inputs[0] = {node, 0};
        },
        " > node 3 (tanh)", text("output 0 of node " + std::to_string(node)));
  }
  expect_refused<ValueError>(
      [](Graph& g) {
        g.nodes[3].inputs[0] = {2, 1};
      },
      " > node 3 (tanh)", text("output 1 of node 2"));
  expect_refused<ValueError>(
      [](Graph& g) {
        g.nodes.erase(g.nodes.begin(), g.nodes.begin() + 2);
        g.inputs.clear();
      },
      " > node 0 (matmul)",
      "A node reads what does not stand before it. Expected no value: there is none before. "
      "Received output 0 of node 0.");
}

TEST(SubgraphCheck, InputsAreNodesWithoutAnOp) {
  const auto text = [](int node) {
    return "An input of the subgraph is none. Expected nodes without an op, each once. Received "
           "node " +
           std::to_string(node) + ".";
  };
  expect_refused<ValueError>([](Graph& g) { g.inputs[1] = 0; }, "", text(0));
  expect_refused<ValueError>([](Graph& g) { g.inputs[1] = 2; }, "", text(2));
  expect_refused<ValueError>([](Graph& g) { g.inputs[1] = 9; }, "", text(9));
  expect_refused<ValueError>(
      [](Graph& g) { g.inputs.pop_back(); }, " > node 1 (input)",
      "Nothing is given to a node without an op. Expected each of them among the inputs. Received "
      "1 inputs without it.");
  expect_refused<ValueError>(
      [](Graph& g) { g.nodes[1].outputs.push_back(kW); }, " > node 1 (input)",
      "A node without an op is more than a value. Expected one output, no inputs, no attributes. "
      "Received 2 outputs, 0 inputs.");
  expect_refused<ValueError>(
      [](Graph& g) {
        g.nodes[1].inputs.push_back({0, 0});
      },
      " > node 1 (input)",
      "A node without an op is more than a value. Expected one output, no inputs, no attributes. "
      "Received 1 outputs, 1 inputs.");
  expect_refused<ShapeError>(
      [](Graph& g) {
        g.nodes[0].outputs[0].shape = Shape{Shape::kUnknown, 3};
      },
      " > node 0 (input)",
      "A value of a subgraph has unknown dimensions. Expected dimensions of 0 or more. Received "
      "(None, 3).");
  expect_refused<ValueError>([](Graph& g) { g.nodes[0].outputs[0].dtype = static_cast<DType>(99); },
                             " > node 0 (input)",
                             "There is no such dtype. Expected a number below 14. Received 99.");
  expect_refused<ShapeError>([](Graph& g) { g.nodes[0].scalar_class = ScalarClass::one; },
                             " > node 0 (input)",
                             "What counts as a bare number has axes. Expected a scalar. Received "
                             "float32(2, 3).");
}

TEST(SubgraphCheck, ConstantsHoldWhatTheySay) {
  const auto constant = [](Graph& g, size_t bytes) {
    g.nodes.push_back({.outputs = {kX}, .constant = Buffer::allocate(bytes)});
  };
  Graph fits = good_graph();
  constant(fits, 24);
  EXPECT_NO_THROW(check_graph(fits, "test"));
  expect_refused<ValueError>([&](Graph& g) { constant(g, 20); }, " > node 4 (constant)",
                             "A constant is smaller than its spec says. Expected 24 bytes for "
                             "float32(2, 3). Received 20 bytes.");
  expect_refused<ValueError>([](Graph& g) { g.nodes[3].constant = Buffer::allocate(24); },
                             " > node 3 (tanh)",
                             "A node is an op and a constant. Expected one of the two. Received "
                             "both.");
}

TEST(SubgraphCheck, OutputsAreValuesOfIt) {
  const std::string text =
      "An output of the subgraph is no value of it. Expected an output of one of the nodes 0 to 3. "
      "Received output ";
  expect_refused<ValueError>([](Graph& g) { g.outputs[0] = {4, 0}; }, "", text + "0 of node 4.");
  expect_refused<ValueError>([](Graph& g) { g.outputs[0] = {3, 7}; }, "", text + "7 of node 3.");
  expect_refused<ValueError>(
      [](Graph& g) {
        g.named_outputs.emplace_back("loss", ValueId{3, 0});
      },
      "",
      "The subgraph has named outputs, which no op returns. Expected outputs "
      "without names. Received 'loss'.");
}

TEST(SubgraphCheck, ConditionsAreCheckedToo) {
  Graph graph = *condition_graph();
  const auto body =
      control::graph_of({kX}, [](std::span<const Array> x) { return std::vector{tanh(x[0])}; });
  const Carrier carrier{
      "while_loop", while_loop_op(), {kX}, [&](const GraphPtr& g) {
        return make_attrs(WhileAttrs{.condition = g, .body = body, .num_carry = 1});
      }};
  const ValueId result = graph.outputs[0];
  ASSERT_NO_THROW(infer(carrier, graph));
  graph.nodes[result.node].outputs[0].shape = Shape{1};
  EXPECT_THROW(infer(carrier, graph), ShapeError);
}

TEST(SubgraphCheck, SubgraphsOfSubgraphsAreChecked) {
  const auto inner = std::make_shared<Graph>(good_graph());
  Graph outer;
  const ValueId x = outer.add_input(kX), w = outer.add_input(kW);
  const uint32_t call = outer.add_node(remat_op(), make_attrs(RematAttrs{inner}), {x, w});
  outer.outputs = {{call, 0}};
  EXPECT_NO_THROW(check_graph(outer, "test"));
  auto damaged = std::make_shared<Graph>(*inner);
  damaged->nodes[3].outputs[0].dtype = DType::int32;
  Graph other = outer;
  other.nodes[call].attrs = make_attrs(RematAttrs{damaged});
  try {
    check_graph(other, "scan");
    ADD_FAILURE() << "accepted";
  } catch (const DTypeError& error) {
    EXPECT_EQ(error.parts().where, "scan > node 2 > remat > node 3 (tanh)");
  }
}

TEST(SubgraphCheck, ASubgraphIsCheckedOnce) {
  static int calls;
  calls = 0;
  static const OpDef counting{.name = "counting", .infer = [](const InferContext& c) {
                                ++calls;
                                return std::vector{c.inputs[0]};
                              }};
  auto graph = std::make_shared<Graph>();
  graph->outputs = {{graph->add_node(counting, nullptr, {graph->add_input(kX)}), 0}};
  ASSERT_EQ(calls, 1);
  const AttrsPtr attrs = make_attrs(RematAttrs{graph});
  for (int i = 0; i < 3; ++i) {
    remat_op().infer({.op_name = "remat", .attrs = attrs.get(), .inputs = std::span(&kX, 1)});
  }
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace danlu
