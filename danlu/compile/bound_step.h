#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "danlu/compile/compile.h"
#include "danlu/core/host_tensor.h"
#include "danlu/core/variable.h"

namespace danlu {

/// A function over Variables, traced once and bound to their buffers: a training or evaluation
/// step. What the body assigns to `state` is written into the variables' own memory by each run;
/// after the first runs nothing is allocated.
class BoundStep {
 public:
  using Body = std::function<std::vector<Array>(std::span<const Array> inputs)>;

  /// Traces `body` on inputs of these specs, reading and assigning `state` (and only that; other
  /// Variables it reads are constants of the step). With `keep_taps`, what `tap` named on the way
  /// to the results and the new state can be read after each run; otherwise taps cost nothing.
  /// Errors: whatever the ops in `body` throw.
  BoundStep(std::vector<Variable> state, std::vector<TensorSpec> inputs, const Body& body,
            bool keep_taps = false);

  /// Runs the step on row-major data of the traced specs, which must not lie in `outputs()`. The
  /// results are in `outputs()`.
  /// Errors: ValueError for a wrong number of inputs, and for a fault that depends on data; then no
  /// Variable has changed.
  void run(std::span<const void* const> inputs);
  /// The same with specs checked. Errors: ShapeError, DTypeError.
  void run(std::span<const HostTensor> inputs);

  /// What the body returned, in memory that the next run overwrites.
  const std::vector<HostTensor>& outputs() const { return outputs_; }
  /// What was tapped, as `collect_taps` names it, in memory that the next run overwrites.
  const std::map<std::string, HostTensor>& taps() const { return taps_; }
  const Program& program() const;
  const Graph& graph() const { return graph_; }
  /// Nanoseconds per instruction of the latest run, and when each began, while profiling is on.
  void set_profiling(bool on);
  const std::vector<int64_t>& nanoseconds() const;

 private:
  void bind(const CompileOptions& options);
  void check_count(size_t inputs) const;

  std::vector<Variable> state_;
  std::vector<TensorSpec> input_specs_;
  Graph graph_;
  std::vector<Array> captures_;
  std::vector<size_t> written_;  ///< indices into state_, in the order of the state outputs
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;
  std::vector<HostTensor> outputs_;
  std::map<std::string, HostTensor> taps_;  ///< the named outputs of graph_, in their order
  CompileOptions options_;
  std::unique_ptr<Instance> instance_;
  std::vector<const void*> in_;     ///< state, inputs, captures
  std::vector<uint64_t> versions_;  ///< of in_; those of inputs are 0: always new
  std::vector<void*> out_;
};

}  // namespace danlu
