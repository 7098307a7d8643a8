#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/control/control.h"
#include "danlu/ops/control/control_record.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/forward.h"

namespace danlu {
namespace {

using control::joined;
using control::part;

/// The inputs of a node by what they are.
template <class T>
struct Parts {
  std::vector<T> carry, condition_captures, body_captures;
};
template <class List>
auto parts_of(const WhileAttrs& attrs, const List& inputs) {
  const auto n = static_cast<size_t>(attrs.num_carry);
  const size_t of_condition = attrs.condition->inputs.size() - n;
  return Parts<std::decay_t<decltype(inputs[0])>>{
      part(inputs, 0, n), part(inputs, n, of_condition),
      part(inputs, n + of_condition, inputs.size() - n - of_condition)};
}

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<WhileAttrs>();
  const auto n = static_cast<size_t>(attrs.num_carry);
  const auto of_condition = control::input_specs(control::checked(c, attrs.condition));
  const auto of_body = control::input_specs(control::checked(c, attrs.body));
  if (attrs.num_carry < 1 || n > of_condition.size() || n > of_body.size()) {
    throw ValueError({.where = c.where(),
                      .what = "The loop carries nothing from one turn to the next",
                      .expected = "at least one Array",
                      .received = std::to_string(attrs.num_carry)});
  }
  const auto outputs = control::output_specs(*attrs.condition);
  if (outputs.size() != 1) {
    throw ValueError({.where = c.where(),
                      .what = "The condition does not return one value",
                      .expected = "one bool scalar",
                      .received = std::to_string(outputs.size()) + " values"});
  }
  control::require_spec(c.where(), "The condition is no bool scalar", {Shape{}, DType::bool_},
                        outputs[0]);
  auto expected = of_condition;
  expected.insert(expected.end(), of_body.begin() + attrs.num_carry, of_body.end());
  control::require_specs(c, 0, expected);
  const auto next = control::output_specs(*attrs.body);
  if (next.size() != n) {
    throw ValueError({.where = c.where(),
                      .what = "The body does not return what it was given",
                      .expected = std::to_string(n) + " Arrays",
                      .received = std::to_string(next.size())});
  }
  for (size_t i = 0; i < n; ++i) {
    control::require_spec(c.where(), "The body changes what is carried", c.inputs[i], next[i]);
    control::require_spec(c.where(), "The body takes something else than is carried", c.inputs[i],
                          of_body[i]);
  }
  return next;
}

std::vector<Array> vjp(const GradContext&) {
  throw UnsupportedError(
      {.where = "while_loop",
       .what = "A loop whose number of turns depends on data has no reverse-mode derivative",
       .expected = "a loop with a fixed number of turns",
       .hint = "use fori_loop with numbers as bounds, or scan; jvp goes through while_loop"});
}

/// The tangents are carried along.
std::vector<Array> jvp(const GradContext& c, std::span<const Array> tangents) {
  const auto& attrs = c.attrs_as<WhileAttrs>();
  const auto x = parts_of(attrs, std::vector<Array>(c.inputs.begin(), c.inputs.end()));
  const auto dx = parts_of(attrs, std::vector<Array>(tangents.begin(), tangents.end()));
  std::vector<size_t> moving, captured;  // floating carries; captures with a tangent
  std::vector<Array> carry = x.carry;
  for (size_t i = 0; i < x.carry.size(); ++i) {
    if (!is_inexact(x.carry[i].dtype())) continue;
    moving.push_back(i);
    carry.push_back(control::or_zeros(dx.carry[i], x.carry[i]));
  }
  for (size_t i = 0; i < x.body_captures.size(); ++i) {
    if (dx.body_captures[i].defined()) captured.push_back(i);
  }
  const size_t n = x.carry.size();
  const control::Body condition = [&](std::span<const Array> now) {
    return call_graph(*attrs.condition, joined<Array>({part(now, 0, n), x.condition_captures}));
  };
  const control::Body body = [&](std::span<const Array> now) {
    // Captures are differentiated as inputs of their own.
    const auto inputs = control::placeholders(control::input_specs(*attrs.body));
    const auto outputs = call_graph(*attrs.body, inputs);
    std::vector<Array> sources, directions, reached;
    for (size_t i = 0; i < moving.size(); ++i) {
      sources.push_back(inputs[moving[i]]);
      directions.push_back(now[n + i]);
      reached.push_back(outputs[moving[i]]);
    }
    for (size_t i : captured) {
      sources.push_back(inputs[n + i]);
      directions.push_back(dx.body_captures[i]);
    }
    auto next = outputs;
    const auto moved = transform::jvp_between(reached, sources, directions);
    for (size_t i = 0; i < moving.size(); ++i) {
      next.push_back(control::or_zeros(moved[i], reached[i]));
    }
    return transform::substitute(next, inputs, joined<Array>({part(now, 0, n), x.body_captures}));
  };
  const auto outputs = control::while_call(condition, body, carry, attrs.maximum_iterations);
  std::vector<Array> results(n);
  for (size_t i = 0; i < moving.size(); ++i) results[moving[i]] = outputs[n + i];
  return results;
}

/// Runs until all elements are done; an element that is done keeps its values.
std::vector<Array> batch(const BatchContext& c) {
  const auto& attrs = c.attrs_as<WhileAttrs>();
  const auto x = parts_of(attrs, std::vector<Array>(c.inputs.begin(), c.inputs.end()));
  auto mapped = parts_of(attrs, std::vector<bool>(c.batched.begin(), c.batched.end()));
  const size_t n = x.carry.size();
  const auto flags = [&](const std::vector<bool>& captures) {
    return joined<bool>({mapped.carry, captures});
  };
  // A carry is mapped when what it becomes is; a mapped condition makes all of them so.
  std::vector<bool> condition_mapped(1, false);
  for (bool changed = true; changed;) {
    std::vector<bool> next = mapped.carry;
    transform::batch_graph(*attrs.body, flags(mapped.body_captures), c.size, next);
    condition_mapped = {false};
    transform::batch_graph(*attrs.condition, flags(mapped.condition_captures), c.size,
                           condition_mapped);
    if (condition_mapped[0]) next.assign(n, true);
    changed = next != mapped.carry;
    mapped.carry = next;
  }
  std::vector<bool> next = mapped.carry, proceeds = condition_mapped;
  const auto body = transform::batch_graph(*attrs.body, flags(mapped.body_captures), c.size, next);
  const auto condition =
      transform::batch_graph(*attrs.condition, flags(mapped.condition_captures), c.size, proceeds);

  std::vector<Array> carry;
  for (size_t i = 0; i < n; ++i) {
    const bool has_axis = c.batched[i];
    carry.push_back(mapped.carry[i] && !has_axis
                        ? transform::with_batch_axis({x.carry[i], false}, c.size)
                        : x.carry[i]);
  }
  const auto proceed = [&](std::span<const Array> now) {
    return call_graph(*condition.graph, joined<Array>({part(now, 0, n), x.condition_captures,
                                                       condition.captures}))[0];
  };
  const auto outputs = control::while_call(
      [&](std::span<const Array> now) {
        const Array all = proceed(now);
        return std::vector{condition_mapped[0] ? max(cast(all, DType::int32)) > 0 : all};
      },
      [&](std::span<const Array> now) {
        auto results = call_graph(*body.graph,
                                  joined<Array>({part(now, 0, n), x.body_captures, body.captures}));
        if (!condition_mapped[0]) return results;
        const Array going = proceed(now);
        for (size_t i = 0; i < n; ++i) {
          std::vector<int64_t> dims(static_cast<size_t>(now[i].rank()), 1);
          dims[0] = c.size;
          results[i] = where(reshape(going, Shape(dims)), results[i], now[i]);
        }
        return results;
      },
      carry, attrs.maximum_iterations);
  std::vector<Array> results;
  for (size_t i = 0; i < n; ++i) {
    results.push_back(transform::with_batch_axis({outputs[i], mapped.carry[i]}, c.size));
  }
  return results;
}

std::vector<OpSample> samples() {
  const TensorSpec count{Shape{}, DType::int64}, vector{Shape{3}, DType::float64};
  const auto sample = [&](std::string label, double limit, int64_t maximum) {
    WhileAttrs attrs{.num_carry = 2, .maximum_iterations = maximum};
    const TensorSpec bound{Shape{}, DType::int64};
    attrs.condition = control::graph_of(
        {count, vector, bound}, [](std::span<const Array> x) { return std::vector{x[0] < x[2]}; });
    attrs.body = control::graph_of({count, vector, vector}, [&](std::span<const Array> x) {
      return std::vector{x[0] + reshape(arange(1, 2), Shape{}), sin(x[1]) * x[2] + x[1]};
    });
    OpSample result{.label = std::move(label),
                    .inputs = {count, vector, bound, vector},
                    .attrs = make_attrs(std::move(attrs)),
                    .differentiable = false,
                    .fill = [limit](int input, std::span<double> values) {
                      if (input == 0) values[0] = 0;
                      if (input == 2) values[0] = limit;
                    }};
    return result;
  };
  return {sample("five turns", 5, -1), sample("no turn", 0, -1), sample("stopped early", 9, 4)};
}

}  // namespace

const OpDef& while_loop_op() {
  static const OpDef op{
      .name = "while_loop",
      .num_inputs = -1,
      .infer = infer,
      .vjp = vjp,
      .jvp = jvp,
      .batch = batch,
      .fault_text = control::fault_text,
      .samples = samples,
      .doc = "Runs a subgraph on its own results as long as another one says so.",
  };
  return op;
}

std::vector<Array> control::while_call(const Body& condition, const Body& body,
                                       std::span<const Array> carry, int64_t maximum_iterations) {
  std::vector<Array> inputs(carry.begin(), carry.end());
  std::vector<Array> arguments, next;
  // A carry that begins as a bare number takes the dtype that the body gives it.
  for (bool again = true; again;) {
    again = false;
    arguments = placeholders(specs_of(inputs));
    next = body(arguments);
    for (size_t i = 0; i < std::min(next.size(), inputs.size()); ++i) {
      if (inputs[i].is_weak() && next[i].dtype() != inputs[i].dtype()) {
        inputs[i] = cast(inputs[i], next[i].dtype());
        again = true;
      } else if (next[i].is_weak()) {
        next[i] = cast(next[i], inputs[i].dtype());
      }
    }
  }
  const auto of_body = transform::trace_subgraph(arguments, next);
  const auto of_condition = transform::trace_subgraph(arguments, condition(arguments));
  WhileAttrs attrs{.condition = of_condition.graph,
                   .body = of_body.graph,
                   .num_carry = static_cast<int64_t>(inputs.size()),
                   .maximum_iterations = maximum_iterations};
  return make_op_outputs(while_loop_op(),
                         joined<Array>({inputs, of_condition.captures, of_body.captures}),
                         make_attrs(std::move(attrs)));
}

}  // namespace danlu
