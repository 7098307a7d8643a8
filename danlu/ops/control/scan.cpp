#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/ops/control/control.h"
#include "danlu/ops/control/scan_record.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/batching.h"
#include "danlu/ops/transform/forward.h"

namespace danlu {
namespace scanning {

using control::joined;
using control::part;

std::vector<TensorSpec> infer(const InferContext& c) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const auto n = static_cast<size_t>(attrs.num_carry), m = static_cast<size_t>(attrs.num_sequences);
  std::vector<TensorSpec> expected = control::input_specs(control::checked(c, attrs.body));
  const std::vector<TensorSpec> next = control::output_specs(*attrs.body);
  if (attrs.num_carry < 0 || attrs.num_sequences < 0 || attrs.length < 0 ||
      expected.size() < n + m || next.size() < n) {
    throw ValueError({.where = c.where(),
                      .what = "The attributes do not fit the body",
                      .expected =
                          "a length of 0 or more, and a body that takes and returns what is "
                          "carried",
                      .received = std::to_string(attrs.num_carry) + " carried, " +
                                  std::to_string(attrs.num_sequences) + " sequences, length " +
                                  std::to_string(attrs.length)});
  }
  if (attrs.base) {
    // What both take and return comes first.
    const auto begins = [](const std::vector<TensorSpec>& all,
                           const std::vector<TensorSpec>& some) {
      return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
    };
    const auto of_base = control::output_specs(control::checked(c, attrs.base));
    if (of_base.size() < n || !begins(next, of_base) ||
        control::input_specs(*attrs.base).size() < n + m ||
        !begins(expected, control::input_specs(*attrs.base))) {
      throw ValueError({.where = c.where(),
                        .what = "The base of the scan is no beginning of its body",
                        .expected = attrs.body->to_string(),
                        .received = attrs.base->to_string()});
    }
  }
  for (size_t i = n; i < n + m; ++i) {
    expected[i].shape = expected[i].shape.with_axis_inserted(0, attrs.length);
  }
  control::require_specs(c, 0, expected);
  std::vector<TensorSpec> outputs = next;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i < n) {
      control::require_spec(c.where(), "The body changes what is carried", c.inputs[i], next[i]);
    } else {
      outputs[i].shape = next[i].shape.with_axis_inserted(0, attrs.length);
    }
  }
  return outputs;
}

/// Carries, elements and captures go with their tangents.
std::vector<Array> jvp(const GradContext& c, std::span<const Array> tangents) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const Parts x = parts_of(attrs, c.inputs), dx = parts_of(attrs, tangents);
  const size_t n = x.carry.size(), m = x.sequences.size();
  const size_t results = attrs.body->outputs.size() - n;
  std::vector<size_t> moving, sequences, captured, wanted;
  std::vector<Array> carry = x.carry, xs = x.sequences;
  for (size_t i = 0; i < n; ++i) {
    if (!is_inexact(x.carry[i].dtype())) continue;
    moving.push_back(i);
    carry.push_back(control::or_zeros(dx.carry[i], x.carry[i]));
  }
  for (size_t i = 0; i < m; ++i) {
    if (!dx.sequences[i].defined()) continue;
    sequences.push_back(i);
    xs.push_back(dx.sequences[i]);
  }
  for (size_t i = 0; i < x.captures.size(); ++i) {
    if (dx.captures[i].defined()) captured.push_back(i);
  }
  for (size_t i = 0; i < results; ++i) {
    if (is_inexact(c.outputs[n + i].dtype())) wanted.push_back(i);
  }
  const size_t all_carries = carry.size();
  const auto outputs = control::scan_call(
      [&](std::span<const Array> now) {
        const auto inputs = control::placeholders(control::input_specs(*attrs.body));
        const auto next = call_graph(*attrs.body, inputs);
        std::vector<Array> sources, directions, reached;
        for (size_t i = 0; i < moving.size(); ++i) {
          sources.push_back(inputs[moving[i]]);
          directions.push_back(now[n + i]);
          reached.push_back(next[moving[i]]);
        }
        for (size_t i = 0; i < sequences.size(); ++i) {
          sources.push_back(inputs[n + sequences[i]]);
          directions.push_back(now[all_carries + m + i]);
        }
        for (size_t i : captured) {
          sources.push_back(inputs[n + m + i]);
          directions.push_back(dx.captures[i]);
        }
        for (size_t i : wanted) reached.push_back(next[n + i]);
        auto moved = transform::jvp_between(reached, sources, directions);
        for (size_t i = 0; i < moved.size(); ++i) {
          moved[i] = control::or_zeros(moved[i], reached[i]);
        }
        const auto all = joined<Array>({part(next, 0, n), part(moved, 0, moving.size()),
                                        part(moved, moving.size(), wanted.size())});
        return transform::substitute(
            all, inputs, joined<Array>({part(now, 0, n), part(now, all_carries, m), x.captures}));
      },
      carry, xs, {attrs.length, attrs.reverse, attrs.rematerialize});
  std::vector<Array> derivatives(c.outputs.size());
  for (size_t i = 0; i < moving.size(); ++i) derivatives[moving[i]] = outputs[n + i];
  for (size_t i = 0; i < wanted.size(); ++i) {
    derivatives[n + wanted[i]] = outputs[all_carries + i];
  }
  return derivatives;
}

/// The batch axis of a sequence goes behind the axis that is scanned.
std::vector<Array> batch(const BatchContext& c) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const auto n = static_cast<size_t>(attrs.num_carry), m = static_cast<size_t>(attrs.num_sequences);
  std::vector<bool> mapped(c.batched.begin(), c.batched.end());
  std::vector<bool> outputs;
  for (bool changed = true; changed;) {
    outputs.assign(attrs.body->outputs.size(), false);
    std::copy_n(mapped.begin(), n, outputs.begin());
    transform::batch_graph(*attrs.body, mapped, c.size, outputs);
    changed =
        !std::equal(outputs.begin(), outputs.begin() + static_cast<int64_t>(n), mapped.begin());
    std::copy_n(outputs.begin(), n, mapped.begin());
  }
  const auto body = transform::batch_graph(*attrs.body, mapped, c.size, outputs);
  ScanAttrs batched = attrs;
  batched.body = body.graph;
  if (attrs.base) {
    std::vector<bool> base_outputs(
        outputs.begin(), outputs.begin() + static_cast<int64_t>(attrs.base->outputs.size()));
    const std::vector<bool> base_inputs(
        mapped.begin(), mapped.begin() + static_cast<int64_t>(attrs.base->inputs.size()));
    const auto base = transform::batch_graph(*attrs.base, base_inputs, c.size, base_outputs);
    // With captures of its own it is no beginning of this one any more.
    batched.base = base.captures.empty() ? base.graph : nullptr;
  }
  std::vector<Array> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const bool has_axis = c.batched[i];
    if (i < n && mapped[i] && !has_axis) {
      inputs.push_back(batching::batched_input(c, i));
    } else if (i >= n && i < n + m && has_axis) {
      inputs.push_back(batching::move_axis(c.inputs[i], 0, 1));
    } else {
      inputs.push_back(c.inputs[i]);
    }
  }
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  std::vector<Array> results = make_op_outputs(*c.op, inputs, make_attrs(std::move(batched)));
  for (size_t i = 0; i < results.size(); ++i) {
    if (!outputs[i]) {
      results[i] = transform::with_batch_axis({results[i], false}, c.size);
    } else if (i >= n) {
      results[i] = batching::move_axis(results[i], 1, 0);
    }
  }
  return results;
}

std::vector<OpSample> samples() {
  const TensorSpec steps{Shape{}, DType::int64};
  const auto sample = [&](std::string label, int64_t length, int64_t width, bool reverse,
                          bool rematerialize) {
    const TensorSpec state_n{Shape{width}, DType::float64};
    const TensorSpec weight_n{Shape{width, width}, DType::float64};
    const TensorSpec sequence{Shape{length, width}, DType::float64};
    ScanAttrs attrs{.num_carry = 2,
                    .num_sequences = 1,
                    .length = length,
                    .reverse = reverse,
                    .rematerialize = rematerialize};
    attrs.body =
        control::graph_of({state_n, steps, state_n, weight_n}, [&](std::span<const Array> x) {
          const Array next =
              tanh(reshape(matmul(reshape(x[0], Shape{1, width}), x[3]), Shape{width}) + x[2]);
          return std::vector{next, x[1], next * x[0], exp(x[2])};
        });
    return OpSample{.label = std::move(label),
                    .inputs = {state_n, steps, sequence, weight_n},
                    .attrs = make_attrs(std::move(attrs)),
                    .low = -1,
                    .high = 1};
  };
  return {
      sample("five steps", 5, 3, false, false),    sample("backwards", 4, 3, true, false),
      sample("one step", 1, 3, false, false),      sample("no step", 0, 3, false, false),
      sample("rematerialized", 4, 3, false, true), sample("aligned results", 3, 8, false, false)};
}

}  // namespace scanning

const OpDef& scan_op() {
  static const OpDef op{
      .name = "scan",
      .num_inputs = -1,
      .infer = scanning::infer,
      .vjp = scanning::vjp,
      .jvp = scanning::jvp,
      .batch = scanning::batch,
      .fault_text = control::fault_text,
      .samples = scanning::samples,
      .doc =
          "Runs a subgraph once per element of sequences; what it carries goes from each run to "
          "the "
          "next, its other results are stacked.",
  };
  return op;
}

namespace {

Array rows(const Array& x, int64_t begin, int64_t end) {
  std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().to_vector();
  start[0] = begin;
  stop[0] = end;
  return slice(x, start, stop);
}

/// (count · k, …) → (count, k, …), and back.
Array in_blocks(const Array& x, int64_t k) {
  auto dims = x.shape().to_vector();
  dims[0] /= k;
  dims.insert(dims.begin() + 1, k);
  return reshape(x, Shape(dims));
}
Array joined_blocks(const Array& x) {
  auto dims = x.shape().to_vector();
  dims[1] *= dims[0];
  dims.erase(dims.begin());
  return reshape(x, Shape(dims));
}

/// `body` for k elements of each sequence, one after another.
control::Body body_of_block(const control::Body& body, size_t n, int64_t k, bool reverse) {
  return [=](std::span<const Array> now) {
    std::vector<Array> carry(now.begin(), now.begin() + static_cast<ptrdiff_t>(n));
    std::vector<std::vector<Array>> results;
    for (int64_t i = 0; i < k; ++i) {
      const int64_t at = reverse ? k - 1 - i : i;
      std::vector<Array> inputs = carry;
      for (const Array& block : now.subspan(n)) {
        inputs.push_back(squeeze(rows(block, at, at + 1), 0));
      }
      const auto next = body(inputs);
      carry.assign(next.begin(), next.begin() + static_cast<ptrdiff_t>(n));
      results.resize(next.size() - n);
      for (size_t j = n; j < next.size(); ++j) {
        auto& list = results[j - n];
        list.insert(reverse ? list.begin() : list.end(), next[j]);
      }
    }
    for (const auto& list : results) carry.push_back(stack(list, 0));
    return carry;
  };
}

/// Whole blocks first (in the order of the scan), then what is left.
std::vector<Array> unrolled(const control::Body& body, std::span<const Array> carry,
                            std::span<const Array> sequences, const control::ScanSpec& spec) {
  const size_t n = carry.size();
  const int64_t k = std::min(spec.unroll, spec.length), whole = spec.length / k * k;
  const control::Body block = body_of_block(body, n, k, spec.reverse);
  if (k == spec.length) {
    std::vector<Array> inputs(carry.begin(), carry.end());
    inputs.insert(inputs.end(), sequences.begin(), sequences.end());
    return spec.rematerialize ? control::remat_call(block, inputs) : block(inputs);
  }
  const int64_t rest = spec.length - whole;
  const int64_t first = spec.reverse ? rest : 0, left = spec.reverse ? 0 : whole;
  std::vector<Array> blocks, others;
  for (const Array& x : sequences) {
    blocks.push_back(in_blocks(rows(x, first, first + whole), k));
    others.push_back(rows(x, left, left + rest));
  }
  auto outputs =
      control::scan_call(block, carry, blocks, {whole / k, spec.reverse, spec.rematerialize});
  for (size_t i = n; i < outputs.size(); ++i) outputs[i] = joined_blocks(outputs[i]);
  if (rest == 0) return outputs;
  const auto more = control::scan_call(body, std::span(outputs).first(n), others,
                                       {rest, spec.reverse, spec.rematerialize});
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i < n) {
      outputs[i] = more[i];
    } else if (spec.reverse) {
      outputs[i] = concatenate({more[i], outputs[i]}, 0);
    } else {
      outputs[i] = concatenate({outputs[i], more[i]}, 0);
    }
  }
  return outputs;
}

}  // namespace

std::vector<Array> control::scan_call(const Body& body, std::span<const Array> carry,
                                      std::span<const Array> sequences, const ScanSpec& spec) {
  if (spec.unroll < 1) {
    throw ValueError({.where = "scan",
                      .what = "A turn of the loop has no steps",
                      .expected = "unroll of 1 or more",
                      .received = std::to_string(spec.unroll)});
  }
  if (spec.unroll > 1 && spec.length > 0) return unrolled(body, carry, sequences, spec);
  std::vector<Array> inputs(carry.begin(), carry.end());
  const size_t n = carry.size();
  std::vector<TensorSpec> elements;
  for (const Array& sequence : sequences) {
    elements.push_back({sequence.shape().without_axis(0), sequence.dtype()});
  }
  std::vector<Array> arguments, next;
  // A carry that begins as a bare number takes the dtype that the body gives it.
  for (bool again = true; again;) {
    again = false;
    arguments = placeholders(joined<TensorSpec>({specs_of(inputs), elements}));
    next = body(arguments);
    for (size_t i = 0; i < std::min(next.size(), n); ++i) {
      if (inputs[i].is_weak() && next[i].dtype() != inputs[i].dtype()) {
        inputs[i] = cast(inputs[i], next[i].dtype());
        again = true;
      } else if (next[i].is_weak()) {
        next[i] = cast(next[i], inputs[i].dtype());
      }
    }
  }
  const auto traced = transform::trace_subgraph(arguments, next);
  ScanAttrs attrs{.body = traced.graph,
                  .num_carry = static_cast<int64_t>(n),
                  .num_sequences = static_cast<int64_t>(sequences.size()),
                  .length = spec.length,
                  .reverse = spec.reverse,
                  .rematerialize = spec.rematerialize};
  inputs.insert(inputs.end(), sequences.begin(), sequences.end());
  inputs.insert(inputs.end(), traced.captures.begin(), traced.captures.end());
  return make_op_outputs(scan_op(), inputs, make_attrs(std::move(attrs)));
}

}  // namespace danlu
