#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/core/attrs.h"
#include "danlu/core/shape.h"

namespace danlu {

class Array;
struct OpDef;

/// How the fuse pass may treat an op.
enum class FusionKind : uint8_t {
  opaque,       ///< a kernel of its own
  elementwise,  ///< out[i] depends on the (broadcast) inputs at i only; has a tile opcode
  reduction,    ///< may become the epilogue of a tile program
};

/// What `infer` sees: the attributes and the specs of the inputs.
struct InferContext {
  std::string_view op_name;
  const Attrs* attrs = nullptr;
  std::span<const TensorSpec> inputs;

  template <class T>
  const T& attrs_as() const {
    return danlu::attrs_as<T>(attrs);
  }
  std::string where() const { return std::string(op_name); }
};

/// What a derivative sees. Everything is lazy; a derivative is written in ops, so derivatives
/// of derivatives follow.
struct GradContext {
  const Attrs* attrs = nullptr;
  std::span<const Array> inputs;
  std::span<const Array> outputs;
  /// One per output; an undefined Array (`!a.defined()`) where the output does not reach the
  /// differentiated result.
  std::span<const Array> output_grads;
  /// needs_grad[i]: whether anything wants the gradient of inputs[i]; others may be left undefined.
  std::span<const bool> needs_grad;

  template <class T>
  const T& attrs_as() const {
    return danlu::attrs_as<T>(attrs);
  }
};

/// What a batching rule sees: one call of the op for each element of a batch. Inputs of which each
/// element has its own carry a batch axis in front; the others serve all elements.
struct BatchContext {
  const OpDef* op = nullptr;
  AttrsPtr attrs;
  std::span<const Array> inputs;
  std::span<const bool> batched;  ///< batched[i]: inputs[i] has the batch axis; at least one has
  int64_t size = 0;               ///< of the batch axis
  std::span<const TensorSpec> outputs;  ///< of one element

  template <class T>
  const T& attrs_as() const {
    return danlu::attrs_as<T>(attrs.get());
  }
};

/// One call of an op, for the test sweep and for the documentation.
struct OpSample {
  std::string label;
  std::vector<TensorSpec> inputs;
  AttrsPtr attrs;
  double low = -2.0;           ///< inputs are drawn from [low, high)
  double high = 2.0;           ///< for integer inputs: from [low, high) rounded down
  double tolerance = 1e-6;     ///< relative, of each float32 kernel against the float64 reference
  bool differentiable = true;  ///< compared with finite differences where the op has a derivative
  /// Fills input `index` with something else than uniform numbers (labels, permutations …).
  std::function<void(int index, std::span<double> values)> fill;
};

/// Everything the project knows about one op. A record is a function-local static behind
/// `const OpDef& NAME_op()`, listed in `danlu/ops/ops.def`.
struct OpDef {
  std::string_view name;
  int num_inputs = 1;  ///< −1: any number
  FusionKind fusion = FusionKind::opaque;

  /// Output specs. Errors: the typed errors a user sees, thrown while the graph is built.
  std::function<std::vector<TensorSpec>(const InferContext&)> infer;

  /// Elementwise ops: d(out)/d(inputs[i]), with the dtype of `out`; an undefined Array means 0.
  std::function<Array(const GradContext&, int i)> derivative;
  /// Other ops: gradients of the inputs from those of the outputs. An undefined Array means 0.
  std::function<std::vector<Array>(const GradContext&)> vjp;
  /// Composite ops: the same outputs in simpler ops. Autodiff differentiates this.
  std::function<std::vector<Array>(const Attrs*, std::span<const Array>)> decompose;
  /// Forward mode: tangents of the outputs from those of the inputs (one each, of the input's spec;
  /// undefined means 0, in the result too); `output_grads` and `needs_grad` are empty. Left out
  /// almost always: `derivative`, the transpose of `vjp`, or `decompose` give it. Only an op whose
  /// forward mode is cheaper than that, or that has no reverse mode, states it.
  std::function<std::vector<Array>(const GradContext&, std::span<const Array> tangents)> jvp;
  /// What `vmap` does: the outputs for all elements of a batch at once, each with the batch axis in
  /// front. Elementwise ops and ops with a `decompose` need none; an op of any other kind without
  /// one is called once per element, which is right but slow. `ops/transform/batch_rules.h` has the
  /// rules that most ops share.
  std::function<std::vector<Array>(const BatchContext&)> batch;

  /// Floating-point operations of one call; without it, one per output element.
  std::function<double(const Attrs*, std::span<const TensorSpec> in,
                       std::span<const TensorSpec> out)>
      flops;
  /// The text for a fault that depends on data (`value` is what the kernel found).
  std::function<std::string(const Attrs*, int64_t value)> fault_text;

  bool random = false;         ///< never merged with an equal node
  bool symbolic_only = false;  ///< made by the compiler only (fused ops): no public function

  std::function<std::vector<OpSample>()> samples;
  std::string_view doc;

  /// In reverse mode.
  bool differentiable() const { return derivative || vjp || decompose; }
};

}  // namespace danlu
