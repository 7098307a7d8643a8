#include "danlu/autodiff/autodiff.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

#include "danlu/base/error.h"
#include "danlu/core/graph.h"
#include "danlu/ops/control/control_record.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace {

using transform::Inputs;

std::vector<Array> loss_gradients(const Array& loss, std::span<const Array> inputs, Inputs kind) {
  if (loss.size() != 1) {
    throw ShapeError({.where = "grad",
                      .what = "Only a scalar can be differentiated",
                      .expected = "a loss of shape ()",
                      .received = loss.shape().to_string(),
                      .hint = "reduce it with sum or mean, or use vjp"});
  }
  if (!is_floating(loss.dtype())) {
    throw DTypeError({.where = "grad",
                      .what = "The loss must be a floating-point number",
                      .expected = "float32, float64, float16 or bfloat16",
                      .received = std::string(name(loss.dtype()))});
  }
  const std::vector<Array> seeds = {loss.rank() == 0 ? Array::scalar(1.0, loss.dtype())
                                                     : ones_like(loss)};
  return transform::vjp_between(std::span<const Array>(&loss, 1), seeds, inputs, kind);
}

}  // namespace

std::vector<Array> vjp(std::span<const Array> outputs, std::span<const Array> output_grads,
                       std::span<const Array> inputs) {
  return transform::vjp_between(outputs, output_grads, inputs, Inputs::any);
}

std::vector<Array> gradients(const Array& loss, std::span<const Array> inputs) {
  return loss_gradients(loss, inputs, Inputs::any);
}

namespace internal {

std::vector<Array> source_gradients(const Array& loss, std::span<const Array> sources) {
  return loss_gradients(loss, sources, Inputs::independent);
}

Array gradient_source(const Array& x) { return transform::gradient_source(x); }

}  // namespace internal

namespace {

struct CustomRule {
  CustomBackward backward;
  /// Rules for batches that were made of this one, for programs to be found again.
  struct Batch {
    std::vector<bool> batched;
    int64_t size;
    std::weak_ptr<const CustomRule> rule;
  };
  mutable std::mutex mutex = {};
  mutable std::vector<Batch> batches = {};

  size_t hash() const { return reinterpret_cast<size_t>(this); }
  std::string to_string() const { return "custom"; }
};

struct CustomAttrs {
  std::shared_ptr<const Graph> forward;
  std::shared_ptr<const CustomRule> rule;

  template <class V>
  void fields(V&& v) const {
    v("forward", forward), v("rule", rule);
  }
  friend bool operator==(const CustomAttrs& a, const CustomAttrs& b) {
    return a.rule == b.rule && *a.forward == *b.forward;
  }
};

/// `rule` for each element of a batch; an input that all elements share gets the sum of their
/// gradients.
std::vector<Array> batched_backward(const CustomRule& rule, const std::vector<bool>& batched,
                                    int64_t size, std::span<const Array> inputs,
                                    std::span<const Array> outputs, std::span<const Array> grads) {
  std::vector<Array> elements, values;
  const auto element = [&](const Array& x) {
    elements.push_back(make_placeholder({x.shape().without_axis(0), x.dtype()}));
    values.push_back(x);
    return elements.back();
  };
  std::vector<Array> one_inputs, one_outputs, one_grads;
  for (size_t i = 0; i < batched.size(); ++i) {
    one_inputs.push_back(batched[i] ? element(inputs[i]) : inputs[i]);
  }
  for (const Array& x : outputs) one_outputs.push_back(element(x));
  for (const Array& x : grads) one_grads.push_back(element(x));
  std::vector<Array> results = rule.backward(one_inputs, one_outputs, one_grads);
  for (size_t i = 0; i < std::min(results.size(), batched.size()); ++i) {
    if (!results[i].defined()) continue;
    const auto all = transform::batch_between(std::span(&results[i], 1), elements, values, size);
    const Array gradient = transform::with_batch_axis(all[0], size);
    results[i] = batched[i] ? gradient : sum(gradient, {0});
  }
  return results;
}

std::shared_ptr<const CustomRule> batched_rule(const std::shared_ptr<const CustomRule>& rule,
                                               const std::vector<bool>& batched, int64_t size) {
  const std::lock_guard lock(rule->mutex);
  for (const CustomRule::Batch& known : rule->batches) {
    if (known.batched != batched || known.size != size) continue;
    if (auto made = known.rule.lock()) return made;
  }
  std::erase_if(rule->batches, [](const CustomRule::Batch& known) { return known.rule.expired(); });
  auto made = std::make_shared<CustomRule>();
  made->backward = [rule, batched, size](const auto&... lists) {
    return batched_backward(*rule, batched, size, lists...);
  };
  rule->batches.push_back({batched, size, made});
  return made;
}

std::vector<Array> batch_custom(const BatchContext& c);

const OpDef& custom_op() {
  static const OpDef op{
      .name = "custom_derivative",
      .num_inputs = -1,
      .infer =
          [](const InferContext& c) {
            const Graph& forward = control::checked(c, c.attrs_as<CustomAttrs>().forward);
            control::require_specs(c, 0, control::input_specs(forward));
            return control::output_specs(forward);
          },
      .vjp =
          [](const GradContext& c) {
            std::vector<Array> grads(c.output_grads.begin(), c.output_grads.end());
            for (size_t i = 0; i < grads.size(); ++i) {
              if (!grads[i].defined()) grads[i] = zeros_like(c.outputs[i]);
            }
            auto result = c.attrs_as<CustomAttrs>().rule->backward(c.inputs, c.outputs, grads);
            if (result.size() > c.inputs.size()) {
              throw ValueError({.where = "custom_derivative",
                                .what = "The backward function returned too many gradients",
                                .expected = std::to_string(c.inputs.size()),
                                .received = std::to_string(result.size())});
            }
            result.resize(c.inputs.size());
            return result;
          },
      .decompose =
          [](const Attrs* attrs, std::span<const Array> inputs) {
            return call_graph(*attrs_as<CustomAttrs>(attrs).forward, inputs);
          },
      .batch = batch_custom,
      .doc = "A function whose derivative the user gave.",
  };
  return op;
}

std::vector<Array> batch_custom(const BatchContext& c) {
  const auto& attrs = c.attrs_as<CustomAttrs>();
  const std::vector<bool> batched(c.batched.begin(), c.batched.end());
  std::vector<bool> all(c.outputs.size(), true);
  const auto forward = transform::batch_graph(*attrs.forward, batched, c.size, all);
  std::vector<Array> inputs(c.inputs.begin(), c.inputs.end());
  inputs.insert(inputs.end(), forward.captures.begin(), forward.captures.end());
  const auto rule = batched_rule(attrs.rule, batched, c.size);
  return make_op_outputs(custom_op(), inputs, make_attrs(CustomAttrs{forward.graph, rule}));
}

}  // namespace

std::function<std::vector<Array>(std::span<const Array>)> custom_derivative(
    std::function<std::vector<Array>(std::span<const Array>)> forward, CustomBackward backward) {
  auto rule = std::make_shared<CustomRule>();
  rule->backward = std::move(backward);
  return [forward = std::move(forward),
          rule = std::shared_ptr<const CustomRule>(rule)](std::span<const Array> inputs) {
    std::vector<Array> arguments;
    for (const Array& input : inputs) arguments.push_back(make_placeholder(input.spec()));
    Trace trace = trace_graph(arguments, forward(arguments));
    std::vector<Array> all(inputs.begin(), inputs.end());
    all.insert(all.end(), trace.captures.begin(), trace.captures.end());
    auto graph = std::make_shared<const Graph>(std::move(trace.graph));
    return make_op_outputs(custom_op(), all, make_attrs(CustomAttrs{std::move(graph), rule}));
  };
}

}  // namespace danlu
