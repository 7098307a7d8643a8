#include "danlu/compile/bound_step.h"

#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/thread.h"
#include "danlu/compile/run.h"
#include "danlu/ops/tap.h"

namespace danlu {
namespace {

bool same_scalar(const Array& a, const Array& b) {
  return a.spec() == b.spec() && a.rank() == 0 && a.scalar_class() != ScalarClass::none &&
         a.scalar_class() == b.scalar_class() &&
         std::memcmp(a.data(), b.data(), a.spec().bytes()) == 0;
}

/// Lets equal captured numbers be one input, so that what is computed from them is one value too.
/// `first` is the position of the first capture among the inputs.
void merge_equal_scalars(Graph& graph, const std::vector<Array>& captures, size_t first) {
  std::vector<uint32_t> now(graph.nodes.size());
  std::iota(now.begin(), now.end(), 0u);
  for (size_t i = 0; i < captures.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!same_scalar(captures[i], captures[j])) continue;
      now[graph.inputs[first + i]] = graph.inputs[first + j];
      break;
    }
  }
  for (GraphNode& node : graph.nodes) {
    for (ValueId& v : node.inputs) v.node = now[v.node];
  }
}

}  // namespace

BoundStep::BoundStep(std::vector<Variable> state, std::vector<TensorSpec> inputs, const Body& body,
                     bool keep_taps)
    : state_(std::move(state)), input_specs_(std::move(inputs)) {
  std::vector<Array> placeholders;
  for (const Variable& variable : state_) placeholders.push_back(make_placeholder(variable.spec()));
  for (const TensorSpec& spec : input_specs_) placeholders.push_back(make_placeholder(spec));
  const std::span<const Array> all(placeholders);

  std::vector<Array> results;
  std::vector<Array> values;
  {
    const StateScope scope(state_, {placeholders.begin(), placeholders.begin() + state_.size()});
    values = body(all.subspan(state_.size()));
    for (const Array& value : values) {
      outputs_.push_back(HostTensor::empty(value.shape(), value.dtype()));
    }
    results = values;
    for (size_t i = 0; i < state_.size(); ++i) {
      const Array now = scope.value(state_[i]);
      if (now.node() == placeholders[i].node()) continue;
      pairs_.emplace_back(static_cast<uint32_t>(i), static_cast<uint32_t>(results.size()));
      written_.push_back(i);
      results.push_back(now);
    }
  }
  const auto tapped = keep_taps ? collect_taps(results) : std::map<std::string, Array>();
  const size_t unnamed = results.size();
  for (const auto& [name, value] : tapped) {
    taps_.emplace(name, HostTensor::empty(value.shape(), value.dtype()));
    results.push_back(value);
  }
  Trace trace = trace_graph(all, results);
  graph_ = std::move(trace.graph);
  for (const auto& [name, value] : tapped) {
    graph_.named_outputs.emplace_back(name, graph_.outputs[unnamed + graph_.named_outputs.size()]);
  }
  graph_.outputs.resize(unnamed);
  captures_ = std::move(trace.captures);
  merge_equal_scalars(graph_, captures_, all.size());
  in_.resize(graph_.inputs.size());
  versions_.resize(in_.size());
  for (size_t i = 0; i < captures_.size(); ++i) {
    in_[all.size() + i] = captures_[i].data();
    versions_[all.size() + i] = 1;
  }
  out_.resize(results.size());
  bind(current_options());
}

void BoundStep::bind(const CompileOptions& options) {
  options_ = options;
  CompileOptions with_state = options;
  with_state.state = pairs_;
  instance_ = std::make_unique<Instance>(cached_program(graph_, with_state)->shared_program());
}

void BoundStep::check_count(size_t inputs) const {
  if (inputs == input_specs_.size()) return;
  throw ValueError({.where = "BoundStep",
                    .what = "The number of inputs is not that of the traced step",
                    .expected = std::to_string(input_specs_.size()),
                    .received = std::to_string(inputs)});
}

void BoundStep::run(std::span<const void* const> inputs) {
  check_not_forked();
  check_count(inputs.size());
  if (const CompileOptions now = current_options(); !(now == options_)) bind(now);
  for (size_t i = 0; i < state_.size(); ++i) {
    in_[i] = state_[i].exclusive_data();
    versions_[i] = state_[i].version() + 1;
  }
  for (size_t i = 0; i < inputs.size(); ++i) in_[state_.size() + i] = inputs[i];
  for (size_t i = 0; i < outputs_.size(); ++i) out_[i] = outputs_[i].data();
  for (size_t i = 0; i < written_.size(); ++i) {
    out_[outputs_.size() + i] = const_cast<void*>(in_[written_[i]]);
  }
  size_t next = outputs_.size() + written_.size();
  for (auto& [name, tensor] : taps_) out_[next++] = tensor.data();
  run_instance(*instance_, in_, out_, versions_);
  for (size_t i : written_) state_[i].bump_version();
}

void BoundStep::run(std::span<const HostTensor> inputs) {
  check_count(inputs.size());
  std::vector<const void*> pointers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (const TensorSpec spec = inputs[i].spec(); spec != input_specs_[i]) {
      ErrorParts parts{.where = "BoundStep",
                       .what = "Input " + std::to_string(i) + " does not fit the traced step",
                       .expected = input_specs_[i].to_string(),
                       .received = spec.to_string()};
      if (spec.shape != input_specs_[i].shape) throw ShapeError(std::move(parts));
      throw DTypeError(std::move(parts));
    }
    pointers.push_back(inputs[i].data());
  }
  run(pointers);
}

const Program& BoundStep::program() const { return instance_->program(); }

void BoundStep::set_profiling(bool on) { instance_->set_profiling(on); }

const std::vector<int64_t>& BoundStep::nanoseconds() const { return instance_->nanoseconds(); }

}  // namespace danlu
