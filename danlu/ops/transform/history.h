#pragma once

#include <span>
#include <unordered_set>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/core/trace_scope.h"

/// What lies between some Arrays and others computed from them: what every transform walks over.
namespace danlu::transform {

/// A node with its inputs copied out, so that another thread may evaluate it meanwhile.
struct Step {
  internal::NodeRef node;
  std::vector<Array> inputs;

  std::vector<Array> outputs() const;
};

struct History {
  std::vector<Step> steps;  ///< inputs before users
  std::unordered_set<const internal::Node*> dependent;
  bool released = false;  ///< an output had been evaluated and its inputs let go

  bool depends(const Array& x) const { return dependent.contains(x.node()); }
};

/// Whether an input may be computed from another one.
enum class Inputs { independent, any };

/// The nodes between `inputs` and `outputs`; with `scope`, pending ones that were made in it count
/// as depending on the inputs.
History collect(std::span<const Array> outputs, std::span<const Array> inputs, Inputs kind,
                const internal::TraceScope* scope = nullptr);

/// A new handle on the same value whose history survives evaluation inside a GradientScope.
Array gradient_source(const Array& x);

}  // namespace danlu::transform
