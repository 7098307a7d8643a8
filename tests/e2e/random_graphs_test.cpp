// Random graphs give the same values, gradients and states however they are run: planned, with any
// pass off, piece by piece, through jit and as a bound step. DANLU_RANDOM_GRAPHS=FIRST:COUNT runs
// other seeds than the few hundred of the suite.
#include <gtest/gtest.h>

#include <cstdlib>

#include "danlu/compile/run.h"
#include "tests/support/random_graph.h"

namespace danlu {
namespace {

using testing::Choice;
using testing::exact_array;
using testing::exact_value;
using testing::RandomGraph;
using testing::some_shape;
using testing::Value;

std::pair<uint64_t, uint64_t> seeds(uint64_t count) {
  if (const char* text = std::getenv("DANLU_RANDOM_GRAPHS")) {
    char* rest = nullptr;
    const uint64_t first = std::strtoull(text, &rest, 10);
    return {first, first + (*rest == ':' ? std::strtoull(rest + 1, nullptr, 10) : 1)};
  }
  return {1, 1 + count};
}

/// Values of one output, and how closely they are determined.
struct Result {
  TensorSpec spec;
  std::vector<double> values;
  bool exact = false;
};

Result result_of(const Array& array, bool exact) {
  return {array.spec(), array.to_vector<double>(), exact};
}

::testing::AssertionResult alike(const Result& a, const Result& b) {
  if (!(a.spec == b.spec)) {
    return ::testing::AssertionFailure() << a.spec.to_string() << " and " << b.spec.to_string();
  }
  double scale = 0;
  for (double v : b.values) scale = std::max(scale, std::abs(v));
  const double tolerance = a.exact ? 0 : 2e-3 * scale + 1e-4;
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (!(std::abs(a.values[i] - b.values[i]) <= tolerance)) {
      return ::testing::AssertionFailure()
             << a.values[i] << " instead of " << b.values[i] << " at " << i << " of "
             << a.spec.to_string() << (a.exact ? ", exactly" : "");
    }
  }
  return ::testing::AssertionSuccess();
}

void expect_alike(const std::vector<Result>& got, const std::vector<Result>& wanted,
                  const std::string& how) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(alike(got[i], wanted[i])) << "output " << i << ", " << how;
  }
}

std::vector<Value> make_inputs(uint64_t seed) {
  Choice choose(seed);
  std::vector<Value> inputs = {exact_value(choose, some_shape(choose))};
  for (int64_t n = choose.between(1, 3); n > 0; --n) {
    inputs.push_back(exact_value(choose, some_shape(choose)));
  }
  if (choose.one_in(3)) inputs.push_back(exact_value(choose, some_shape(choose), DType::float64));
  if (choose.one_in(3)) inputs.push_back(exact_value(choose, some_shape(choose), DType::int32));
  if (choose.one_in(6)) inputs.push_back(exact_value(choose, some_shape(choose), DType::uint8));
  if (choose.one_in(4)) inputs.push_back(exact_value(choose, some_shape(choose), DType::bool_));
  return inputs;
}

std::vector<Value> on(const std::vector<Value>& inputs, std::span<const Array> arrays) {
  std::vector<Value> values = inputs;
  for (size_t i = 0; i < values.size(); ++i) values[i].array = arrays[i];
  return values;
}

std::vector<Array> arrays_in(const std::vector<Value>& values) {
  std::vector<Array> arrays;
  for (const Value& v : values) arrays.push_back(v.array);
  return arrays;
}

/// Some values of a graph on `inputs`, the gradients of a loss by its floating inputs, and some
/// gradients of a function of gradients.
std::vector<Value> outputs_of(uint64_t seed, const std::vector<Value>& inputs,
                              std::span<const Array> arrays) {
  std::vector<Value> outputs;
  std::vector<Array> sources(arrays.begin(), arrays.end());
  const auto loss_of = [&](const std::vector<Array>& floating) {
    std::vector<Array> all = sources;
    size_t next = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (is_floating(inputs[i].array.dtype())) all[i] = floating[next++];
    }
    RandomGraph graph(seed, on(inputs, all));
    graph.grow(static_cast<int>(graph.choose().between(3, 25)));
    outputs.clear();
    for (int64_t n = graph.choose().between(1, 4); n > 0; --n) outputs.push_back(graph.any());
    if (graph.choose().one_in(6)) outputs.push_back(outputs[0]);
    return graph.loss();
  };
  std::vector<Array> floating;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (is_floating(inputs[i].array.dtype())) floating.push_back(sources[i]);
  }
  const auto [loss, grads] = value_and_grad(loss_of)(floating);
  std::vector<Value> results = outputs;
  results.push_back({loss, false});
  for (const Array& g : grads) results.push_back({g, false});
  return results;
}

std::vector<Result> results_of(const std::vector<Value>& outputs) {
  std::vector<Result> results;
  for (const Value& v : outputs) results.push_back(result_of(v.array, v.exact));
  return results;
}

std::vector<Result> results_of(std::span<const Array> arrays, const std::vector<Result>& like) {
  std::vector<Result> results;
  for (size_t i = 0; i < arrays.size(); ++i) {
    results.push_back(result_of(arrays[i], like[i].exact));
  }
  return results;
}

/// The graph's outputs and some values inside it, read under a name.
void check_taps(uint64_t seed, const std::vector<Value>& inputs) {
  std::vector<Array> placeholders;
  for (const Value& v : inputs) placeholders.push_back(make_placeholder(v.array.spec()));
  Trace trace = trace_graph(placeholders, arrays_in(outputs_of(seed, inputs, placeholders)));
  Choice choose(seed);
  for (uint32_t i = 0; i < trace.graph.nodes.size(); ++i) {
    const auto count = static_cast<int64_t>(trace.graph.nodes[i].outputs.size());
    if (trace.graph.nodes[i].op == nullptr || !choose.one_in(4)) continue;
    const auto index = static_cast<uint32_t>(choose.between(0, count - 1));
    trace.graph.named_outputs.emplace_back("tap " + std::to_string(i), ValueId{i, index});
  }
  std::vector<Array> arguments = arrays_in(inputs);
  arguments.insert(arguments.end(), trace.captures.begin(), trace.captures.end());
  const auto run = [&](const std::string& off) {
    set_disabled_passes(off);
    InstancePool pool(compile_graph(trace.graph, current_options()));
    const auto buffers = run_pooled(pool, arguments);
    std::vector<Result> results;
    for (size_t i = 0; i < buffers.size(); ++i) {
      results.push_back(
          result_of(Array::from_buffer(buffers[i], pool.program().outputs[i]), false));
    }
    return results;
  };
  expect_alike(run(""), run("all"), "with taps");
}

class RandomGraphs : public ::testing::Test {
 protected:
  void TearDown() override { set_disabled_passes(""); }
};

void check_graph(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  const std::vector<Value> inputs = make_inputs(seed);
  const std::vector<Array> arrays = arrays_in(inputs);
  set_disabled_passes("all");
  std::vector<Result> wanted;
  {
    const auto outputs = outputs_of(seed, inputs, arrays);
    eval(arrays_in(outputs));
    wanted = results_of(outputs);
  }
  for (const char* off : {"", "simplify", "fuse", "select", "memory"}) {
    set_disabled_passes(off);
    const auto outputs = outputs_of(seed, inputs, arrays);
    eval(arrays_in(outputs));
    expect_alike(results_of(outputs), wanted, std::string("without ") + off);
  }
  set_disabled_passes("");
  {
    // Read one by one, while the others are held and pending.
    const auto outputs = outputs_of(seed, inputs, arrays);
    const size_t middle = seed % outputs.size();
    for (size_t i = middle; i < outputs.size(); ++i) outputs[i].array.eval();
    expect_alike(results_of(outputs), wanted, "read one by one");
  }
  {
    const auto f = jit([&](const std::vector<Array>& traced) {
      return arrays_in(outputs_of(seed, inputs, traced));
    });
    for (int call = 0; call < 2; ++call) {
      expect_alike(results_of(f(arrays), wanted), wanted, "jit");
    }
  }
  check_taps(seed, inputs);
}

TEST_F(RandomGraphs, AreTheSameHoweverTheyAreRun) {
  const auto [first, last] = seeds(250);
  for (uint64_t seed = first; seed < last; ++seed) {
    try {
      check_graph(seed);
    } catch (const Error& e) {
      ADD_FAILURE() << "seed " << seed << ": " << e.what();
    }
    if (HasFailure()) return;
  }
}

/// State variables with what their numbers are like; every update keeps that.
struct State {
  std::vector<Variable> variables;
  std::vector<Value> like;
};

State make_state(uint64_t seed) {
  Choice choose(seed ^ 0x5eed);
  State state;
  const auto add = [&](Value v) {
    state.variables.emplace_back(v.array, "s" + std::to_string(state.variables.size()));
    state.like.push_back(std::move(v));
  };
  const Shape shape = some_shape(choose, 3);
  for (int64_t n = choose.between(1, 4); n > 0; --n) {
    Value v = exact_value(choose, choose.one_in(4) ? some_shape(choose, 3) : shape);
    v.exact = choose.one_in(2);
    add(v);
  }
  if (choose.one_in(3)) add(exact_value(choose, some_shape(choose, 2), DType::int32));
  if (choose.one_in(4)) add(exact_value(choose, some_shape(choose, 2), DType::bool_));
  return state;
}

/// One step on `state` and `arrays`: assigns some variables and returns some values.
std::vector<Value> step_body(uint64_t seed, const State& state, const std::vector<Value>& inputs,
                             std::span<const Array> arrays) {
  std::vector<Value> pool = on(inputs, arrays);
  for (size_t i = 0; i < state.variables.size(); ++i) {
    pool.push_back(state.like[i]);
    pool.back().array = state.variables[i].value();
  }
  RandomGraph graph(seed, pool);
  Choice& choose = graph.choose();
  graph.grow(static_cast<int>(choose.between(2, 16)));
  std::vector<Value> outputs;
  const auto give = [&](const Value& v) {
    outputs.push_back(v);
    if (choose.one_in(5)) outputs.back().array = reshape(v.array, {v.array.size()});
    if (choose.one_in(8)) outputs.push_back(v);
  };
  for (size_t i = 0; i < state.variables.size(); ++i) {
    const Variable& variable = state.variables[i];
    const Value& like = state.like[i];
    const Array old = variable.value();
    if (choose.one_in(5)) give({old, like.exact});
    Array next;
    // What somewhere in the graph has the right spec already, another variable's value included.
    for (int t = 0; t < 10 && !next.defined(); ++t) {
      const Value& v = graph.any();
      const bool fits = v.array.spec() == variable.spec() && (v.exact || !like.exact) &&
                        v.bound <= like.bound && v.fraction <= like.fraction &&
                        (v.whole || !like.whole);
      if (fits && choose.one_in(2)) next = v.array;
    }
    const int rank = variable.shape().rank();
    switch (next.defined() ? 0 : choose.between(0, 9)) {
      case 0:
        break;
      case 1:  // another variable's value
        for (size_t j = 0; j < state.variables.size(); ++j) {
          if (j != i && state.variables[j].spec() == variable.spec() &&
              state.like[j].exact == like.exact) {
            next = state.variables[j].value();
          }
        }
        break;
      case 2:
        if (rank >= 2) next = reshape(transpose(old), variable.shape());
        break;
      case 3:
        if (rank >= 1 && variable.shape()[0] > 1) {
          const int64_t n = variable.shape()[0];
          std::vector<int32_t> order(static_cast<size_t>(n));
          for (int64_t k = 0; k < n; ++k) order[size_t(k)] = static_cast<int32_t>(n - 1 - k);
          next = take(old, Array(order), 0);
        }
        break;
      case 4:
        next = exact_array(choose, variable.shape(), variable.dtype());
        break;
      case 5:
        next = reshape(reshape(old, {variable.shape().num_elements()}), variable.shape());
        break;
      case 6:
        if (rank >= 1 && !like.exact && variable.shape().num_elements() > 0) next = softmax(old, 0);
        break;
      default: {
        if (variable.dtype() == DType::bool_) {
          next = !old;
        } else if (variable.dtype() == DType::int32) {
          next = minimum(maximum(old * 2 - 1, 0), 2);
        } else {
          const Array moved = old + exact_array(choose, variable.shape());
          next = like.exact ? clip(moved, -2, 2) : tanh(moved);
        }
      }
    }
    if (next.defined()) Variable(variable).assign(next);
    if (choose.one_in(5)) give({variable.value(), like.exact});
  }
  for (int64_t n = choose.between(0, 3); n > 0; --n) give(graph.any());
  return outputs;
}

void check_step(uint64_t seed, const char* off) {
  SCOPED_TRACE("seed " + std::to_string(seed) + " without " + off);
  const std::vector<Value> inputs = make_inputs(seed);
  const std::vector<Array> arrays = arrays_in(inputs);
  std::vector<const void*> pointers;
  for (const Array& a : arrays) pointers.push_back(a.data());
  std::vector<TensorSpec> specs;
  for (const Array& a : arrays) specs.push_back(a.spec());

  const State state = make_state(seed), reference = make_state(seed);
  std::vector<Value> kinds;
  set_disabled_passes(off);
  BoundStep step(state.variables, specs, [&](std::span<const Array> in) {
    kinds = step_body(seed, state, inputs, in);
    return arrays_in(kinds);
  });
  for (int turn = 0; turn < 3; ++turn) {
    set_disabled_passes("all");
    const auto outputs = step_body(seed, reference, inputs, arrays);
    std::vector<Result> wanted = results_of(outputs);
    for (size_t i = 0; i < reference.variables.size(); ++i) {
      const Array now = reference.variables[i].value();
      Variable(reference.variables[i]).assign(Array(now).eval());
      wanted.push_back(result_of(now, reference.like[i].exact));
    }
    // Somebody may hold the old value meanwhile; it must not change.
    const bool hold = seed % 3 == 0;
    std::vector<Array> held;
    std::vector<Result> before;
    for (size_t i = 0; hold && i < state.variables.size(); ++i) {
      held.push_back(state.variables[i].value());
      before.push_back(result_of(held.back(), true));
    }
    set_disabled_passes(off);
    step.run(pointers);
    std::vector<Result> got;
    for (size_t i = 0; i < step.outputs().size(); ++i) {
      const HostTensor& out = step.outputs()[i];
      got.push_back(result_of(Array::from_buffer(out.buffer(), out.spec()), kinds[i].exact));
    }
    for (size_t i = 0; i < state.variables.size(); ++i) {
      got.push_back(result_of(state.variables[i].value(), state.like[i].exact));
    }
    expect_alike(got, wanted, "turn " + std::to_string(turn));
    if (hold) expect_alike(results_of(held, before), before, "held through a step");
  }
}

TEST_F(RandomGraphs, UpdateStateTheSameAsBoundSteps) {
  const auto [first, last] = seeds(250);
  for (uint64_t seed = first; seed < last; ++seed) {
    try {
      check_step(seed, "");
      check_step(seed, seed % 2 == 0 ? "memory" : "simplify,fuse");
    } catch (const Error& e) {
      ADD_FAILURE() << "seed " << seed << ": " << e.what();
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace danlu
