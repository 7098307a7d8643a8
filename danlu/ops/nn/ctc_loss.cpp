#include "danlu/base/error.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/ctc_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/transform/batch_rules.h"
#include "danlu/ops/transform/reverse.h"

namespace danlu {
namespace {

/// What stands for the logarithm of 0, as in Keras: a target that cannot be reached costs that much
/// per obstacle.
constexpr double kImpossible = -1e5;

// Inputs: target (batch, labels), log_probs (batch, steps, classes), target_length (batch,),
// output_length (batch,).

void check(const InferContext& c) {
  const TensorSpec &target = c.inputs[0], &probs = c.inputs[1];
  const Shape &t = target.shape, &p = probs.shape;
  const auto received = [&] {
    std::string text;
    for (const TensorSpec& spec : c.inputs) text += (text.empty() ? "" : ", ") + spec.to_string();
    return text;
  };
  for (int i : {0, 2, 3}) {
    if (c.inputs[static_cast<size_t>(i)].dtype == DType::int32) continue;
    throw DTypeError({.where = c.where(),
                      .what = "Labels and lengths have another dtype",
                      .expected = "int32",
                      .received = received()});
  }
  if (!is_floating(probs.dtype)) {
    throw DTypeError({.where = c.where(),
                      .what = "The logarithms of probabilities are not floating",
                      .expected = "a floating dtype",
                      .received = received()});
  }
  const bool fits = t.rank() == 2 && p.rank() == 3 && t[0] == p[0] && t[1] > 0 && p[1] > 0 &&
                    p[2] > 0 && c.inputs[2].shape == Shape{t[0]} &&
                    c.inputs[3].shape == Shape{t[0]};
  if (!fits) {
    throw ShapeError({.where = c.where(),
                      .what = "The shapes do not fit",
                      .expected = "target (batch, labels), output (batch, steps, classes) and two "
                                  "lengths (batch,), with one label, step and class or more",
                      .received = received()});
  }
  const int64_t mask = c.attrs_as<CtcAttrs>().mask_index;
  if (mask < 0 || mask >= p[2]) {
    throw ValueError({.where = c.where(),
                      .what = "mask_index is no class",
                      .expected = "a class from 0 to " + std::to_string(p[2] - 1),
                      .received = std::to_string(mask)});
  }
}

Array column(const Array& x, int64_t begin, int64_t end) {
  return slice(x, {0, begin}, {x.shape()[0], end});
}

/// The first column of x as it is, the others joined with what comes to them.
Array arrived(const Array& x, const Array& coming) {
  return concatenate({column(x, 0, 1), logaddexp(column(x, 1, x.shape()[1]), coming)}, 1);
}

/// The loss in ops, for derivatives of higher order.
Array composed(std::span<const Array> inputs, int64_t mask) {
  const auto &target = inputs[0], &probs = inputs[1];
  const int64_t batch = probs.shape()[0], steps = probs.shape()[1], labels = target.shape()[1];
  const DType dtype = probs.dtype();
  const Array limit = Array::scalar(probs.shape()[2] - 1, DType::int32);
  const Array label = minimum(maximum(target, 0), limit);
  const auto by_step = [](const Array& x) { return transpose(x, {1, 0, 2}); };
  const Array emitted = by_step(take_along_axis(probs, expand_dims(label, 1), -1));
  const Array blank = by_step(slice(probs, {0, 0, mask}, {batch, steps, mask + 1}));
  const Array running =
      by_step(expand_dims(expand_dims(arange(0, steps), 0) < expand_dims(inputs[3], 1), -1));
  const Array repeat = column(target, 0, labels - 1) == column(target, 1, labels);
  const Array obstacle = cast(repeat, dtype) * kImpossible;  // (batch, labels − 1)

  using Pair = std::pair<Array, Array>;
  const Pair start = {pad(zeros(Shape{batch, 1}, dtype), {{{0, 0}, {0, labels}}}, kImpossible),
                      full(Shape{batch, labels}, kImpossible, dtype)};
  const auto step = [&](const Pair& now, const std::tuple<Array, Array, Array>& at) {
    const auto& [phi, emit] = now;
    const auto& [label_probs, blank_probs, runs] = at;
    const Array resting = blank_probs + arrived(phi, emit);
    const Array before = column(emit, 0, labels - 1) + obstacle;
    const Array emitting = label_probs + logaddexp(arrived(column(phi, 0, labels), before), emit);
    return std::pair{Pair{where(runs, resting, phi), where(runs, emitting, emit)}, std::tuple<>()};
  };
  const auto [phi, emit] = scan(step, start, std::tuple{emitted, blank, running}).first;
  const Array last = minimum(maximum(inputs[2], 0), Array::scalar(labels, DType::int32));
  return -squeeze(take_along_axis(arrived(phi, emit), expand_dims(last, 1), 1), 1);
}

std::vector<Array> loss_vjp(const GradContext& c) {
  const Array gradient =
      make_op_outputs(ctc_loss_gradient_op(), c.inputs, make_attrs(c.attrs_as<CtcAttrs>()))[0];
  const Array by_sample = expand_dims(c.output_grads[0], std::vector<int64_t>{1, 2});
  return {Array(), gradient * by_sample, Array(), Array()};
}

/// The product of the second derivative with a gradient: the loss in ops, differentiated twice.
std::vector<Array> gradient_vjp(const GradContext& c) {
  using transform::Inputs;
  const Array probs = c.inputs[1];
  const std::vector<Array> source = {probs};
  const std::vector<Array> loss = {composed(c.inputs, c.attrs_as<CtcAttrs>().mask_index)};
  const std::vector<Array> one = {ones_like(loss[0])};
  const auto first = transform::vjp_between(loss, one, source, Inputs::independent);
  const std::vector<Array> weights = {c.output_grads[0]};
  return {Array(), transform::vjp_between(first, weights, source, Inputs::independent)[0], Array(),
          Array()};
}

std::vector<Array> batch(const BatchContext& c) {
  std::vector<Array> merged;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    merged.push_back(batching::merge_front(batching::batched_input(c, i)));
  }
  return {batching::split_front(make_op_outputs(*c.op, merged, c.attrs)[0], c.size)};
}

double flops(const Attrs*, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  const Shape& probs = in[1].shape;
  return 100.0 * static_cast<double>(probs[0] * probs[1]) * static_cast<double>(in[0].shape[1]);
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, int64_t n, int64_t steps, int64_t classes,
                         int64_t labels, int64_t mask = 0) {
    const auto fill = [=](int index, std::span<double> values) {
      for (size_t i = 0; i < values.size(); ++i) {
        const auto k = static_cast<int64_t>(i);
        // Every third label is that before it.
        if (index == 0)
          values[i] = static_cast<double>((mask + 1 + k / 3 * 2 % (classes - 1)) % classes);
        if (index == 2) values[i] = static_cast<double>(labels - k % std::min<int64_t>(labels, 4));
        if (index == 3)
          values[i] = static_cast<double>(steps - 2 * k % std::max<int64_t>(steps / 3, 1));
      }
    };
    return OpSample{.label = std::move(label),
                    .inputs = {{Shape{n, labels}, DType::int32},
                               {Shape{n, steps, classes}, DType::float32},
                               {Shape{n}, DType::int32},
                               {Shape{n}, DType::int32}},
                    .attrs = make_attrs(CtcAttrs{mask}),
                    .low = -4,
                    .high = 0,
                    .tolerance = 4e-6,
                    .fill = fill};
  };
  std::vector<OpSample> list = {
      sample("four", 4, 9, 5, 3),      sample("mask at the end", 2, 7, 4, 3, 3),
      sample("one label", 3, 4, 3, 1), sample("too many labels", 2, 3, 4, 5),
      sample("one step", 1, 1, 2, 1),  sample("no samples", 0, 4, 3, 2),
      sample("long", 3, 120, 20, 37)};
  for (size_t i : {3, 6}) list[i].differentiable = false;  // of 1e5 no difference is exact; slow
  return list;
}

std::string fault_text(const Attrs*, int64_t value) {
  return "A label is no class. Expected classes of the output within the target's length. "
         "Received " +
         std::to_string(value) + ".";
}

}  // namespace

const OpDef& ctc_loss_op() {
  static const OpDef op{
      .name = "ctc_loss",
      .num_inputs = 4,
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        check(c);
        return {{c.inputs[2].shape, c.inputs[1].dtype}};
      },
      .vjp = loss_vjp,
      .batch = batch,
      .flops = flops,
      .fault_text = fault_text,
      .samples = samples,
      .doc = "−log of the sum of the probabilities of all ways to spell each target.",
  };
  return op;
}

const OpDef& ctc_loss_gradient_op() {
  static const OpDef op{
      .name = "ctc_loss_gradient",
      .num_inputs = 4,
      .infer = [](const InferContext& c) -> std::vector<TensorSpec> {
        check(c);
        return {c.inputs[1]};
      },
      .vjp = gradient_vjp,
      .batch = batch,
      .flops = flops,
      .fault_text = fault_text,
      .samples = samples,
      .doc =
          "Derivatives of ctc_loss: how probable each class is at each step, given the target; "
          "negative.",
  };
  return op;
}

Array ctc_loss(const Array& target, const Array& output, const Array& target_length,
               const Array& output_length, int64_t mask_index) {
  Array logits = elementwise::as_float(output);
  if (size_of(logits.dtype()) == 2) logits = cast(logits, DType::float32);
  const auto whole = [](const Array& x) {
    return is_integer(x.dtype()) ? cast(x, DType::int32) : x;
  };
  return make_op(ctc_loss_op(),
                 {whole(target), log_softmax(logits), whole(target_length), whole(output_length)},
                 make_attrs(CtcAttrs{mask_index}));
}

}  // namespace danlu
