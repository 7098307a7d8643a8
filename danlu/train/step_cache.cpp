#include "danlu/train/step_cache.h"

#include <algorithm>

namespace danlu {

bool StepCache::Entry::matches(const Groups& groups) const {
  size_t next = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g]->count() != counts[g]) return false;
    for (size_t i = 0; i < counts[g]; ++i, ++next) {
      const HostTensor& tensor = groups[g]->at(i);
      const std::optional<TensorSpec>& spec = specs[next];
      if (spec.has_value() != tensor.defined()) return false;
      if (spec && (tensor.dtype() != spec->dtype || tensor.shape() != spec->shape)) return false;
    }
  }
  return true;
}

StepCache::Entry StepCache::trace(const Groups& groups, bool keep_taps) {
  Entry entry{.counts = {}, .specs = {}, .keep_taps = keep_taps, .step = nullptr};
  StepSpecs specs;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec>* const sorted[] = {&specs.x, &specs.y, &specs.sample_weight};
  for (size_t g = 0; g < groups.size(); ++g) {
    entry.counts[g] = groups[g]->count();
    for (size_t i = 0; i < entry.counts[g]; ++i) {
      const HostTensor& tensor = groups[g]->at(i);
      entry.specs.push_back(tensor.defined() ? std::optional(tensor.spec()) : std::nullopt);
      sorted[g]->push_back(tensor.defined() ? tensor.spec() : TensorSpec{});
      if (tensor.defined()) inputs.push_back(tensor.spec());
    }
  }
  const auto body = [&](std::span<const Array> arrays) {
    StepInputs data;
    std::vector<Array>* const to[] = {&data.x, &data.y, &data.sample_weight};
    size_t next = 0, given = 0;
    for (size_t g = 0; g < entry.counts.size(); ++g) {
      for (size_t i = 0; i < entry.counts[g]; ++i) {
        to[g]->push_back(entry.specs[next++] ? arrays[given++] : Array());
      }
    }
    return body_(data);
  };
  entry.step = std::make_unique<BoundStep>(state_(specs), inputs, body, keep_taps);
  ++traced_;
  return entry;
}

BoundStep& StepCache::run(const HostTensors& x, const HostTensors& y, const HostTensors& weight,
                          bool keep_taps) {
  const Groups groups = {&x, &y, &weight};
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.keep_taps == keep_taps && e.matches(groups);
  });
  if (entry == entries_.end()) {
    Entry made = trace(groups, keep_taps);
    if (entries_.size() == kMaxSteps) entries_.pop_back();
    entries_.push_front(std::move(made));
  } else {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  pointers_.clear();
  for (const HostTensors* group : groups) {
    for (size_t i = 0; i < group->count(); ++i) {
      if (group->at(i).defined()) pointers_.push_back(group->at(i).data());
    }
  }
  BoundStep& step = *entries_.front().step;
  step.run(std::span<const void* const>(pointers_));
  return step;
}

}  // namespace danlu
