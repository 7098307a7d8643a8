#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "danlu/compile/bound_step.h"
#include "danlu/data/dataset.h"

namespace danlu {

/// What a step computes with (Arrays), or of what kind that is (TensorSpecs).
template <class T>
struct StepData {
  std::vector<T> x, y;
  std::vector<T> sample_weight;  ///< undefined Arrays, specs of shape () where there are none
};
using StepInputs = StepData<Array>;
using StepSpecs = StepData<TensorSpec>;

/// BoundSteps of one body, one for each shape of batch; of more than `kMaxSteps` shapes, those used
/// last.
class StepCache {
 public:
  static constexpr size_t kMaxSteps = 32;

  using Body = std::function<std::vector<Array>(const StepInputs& inputs)>;
  /// What the step may change, for inputs of these specs.
  using State = std::function<std::vector<Variable>(const StepSpecs& inputs)>;

  StepCache(State state, Body body) : state_(std::move(state)), body_(std::move(body)) {}
  /// Runs the step for inputs of these specs, tracing it the first time, with or without taps.
  BoundStep& run(const HostTensors& x, const HostTensors& y = {}, const HostTensors& weight = {},
                 bool keep_taps = false);
  size_t size() const { return entries_.size(); }
  /// Steps made so far, those dropped since included.
  size_t traced() const { return traced_; }

 private:
  using Groups = std::array<const HostTensors*, 3>;
  struct Entry {
    std::array<size_t, 3> counts;
    std::vector<std::optional<TensorSpec>> specs;  ///< of all tensors; nullopt: undefined
    bool keep_taps;
    std::unique_ptr<BoundStep> step;

    bool matches(const Groups& groups) const;
  };
  Entry trace(const Groups& groups, bool keep_taps);

  State state_;
  Body body_;
  std::list<Entry> entries_;  ///< latest used first
  std::vector<const void*> pointers_;
  size_t traced_ = 0;
};

}  // namespace danlu
