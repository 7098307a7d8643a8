#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/nn/ctc_attrs.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/registry.h"
#include "danlu/ops/sorting.h"
#include "danlu/ops/transform/batch_rules.h"

namespace danlu {
namespace {

/// (batch, steps, classes) and (batch,). Errors: ShapeError, DTypeError.
void check(const std::string& where, const TensorSpec& inputs, const TensorSpec& lengths) {
  const Shape &x = inputs.shape, &n = lengths.shape;
  if (x.rank() != 3 || x[1] < 1 || x[2] < 1 || n != Shape{x[0]}) {
    throw ShapeError({.where = where,
                      .what = "The shapes do not fit",
                      .expected = "inputs (batch, steps, classes) with one step and class or more, "
                                  "sequence_lengths (batch,)",
                      .received = inputs.to_string() + " and " + lengths.to_string()});
  }
  if (!is_floating(inputs.dtype) || !is_integer(lengths.dtype)) {
    throw DTypeError({.where = where,
                      .what = "The dtypes do not fit",
                      .expected = "floating inputs and integer lengths",
                      .received = inputs.to_string() + " and " + lengths.to_string()});
  }
}

void check_mask(const std::string& where, int64_t mask, int64_t classes) {
  if (mask >= 0 && mask < classes) return;
  throw ValueError({.where = where,
                    .what = "mask_index is no class",
                    .expected = "a class from 0 to " + std::to_string(classes - 1),
                    .received = std::to_string(mask)});
}

std::vector<TensorSpec> infer(const InferContext& c) {
  check(c.where(), c.inputs[0], c.inputs[1]);
  const auto& attrs = c.attrs_as<CtcBeamSearchAttrs>();
  const Shape& shape = c.inputs[0].shape;
  check_mask(c.where(), attrs.mask_index, shape[2]);
  if (c.inputs[1].dtype != DType::int32) {
    throw DTypeError({.where = c.where(),
                      .what = "The lengths have another dtype",
                      .expected = "int32",
                      .received = c.inputs[1].to_string()});
  }
  constexpr int64_t kMost = 1 << 30;
  if (attrs.top_paths < 1 || attrs.top_paths > attrs.beam_width ||
      attrs.beam_width > kMost / std::max(shape[1], shape[2])) {
    throw ValueError({.where = c.where(),
                      .what = "The beam has no usable width",
                      .expected = "1 ≤ top_paths ≤ beam_width, and at most 2³⁰ steps or classes in "
                                  "all of the beam",
                      .received = "top_paths " + std::to_string(attrs.top_paths) + ", beam_width " +
                                  std::to_string(attrs.beam_width) + ", inputs " +
                                  shape.to_string()});
  }
  return {{Shape{attrs.top_paths, shape[0], shape[1]}, DType::int32},
          {Shape{shape[0], attrs.top_paths}, c.inputs[0].dtype}};
}

std::vector<Array> batch(const BatchContext& c) {
  const auto merged = batching::call(*c.op,
                                     {batching::merge_front(batching::batched_input(c, 0)),
                                      batching::merge_front(batching::batched_input(c, 1))},
                                     c.attrs_as<CtcBeamSearchAttrs>());
  return {batching::split_from_axis(merged[0], 1, c.size),
          batching::split_front(merged[1], c.size)};
}

std::vector<OpSample> samples() {
  const auto sample = [](std::string label, Shape shape, CtcBeamSearchAttrs attrs) {
    const int64_t steps = shape[1];
    return OpSample{.label = std::move(label),
                    .inputs = {{shape, DType::float32}, {Shape{shape[0]}, DType::int32}},
                    .attrs = make_attrs(attrs),
                    .low = -4,
                    .high = 0,
                    .differentiable = false,
                    .fill = [steps](int index, std::span<double> values) {
                      if (index == 0) return;
                      for (size_t i = 0; i < values.size(); ++i) {
                        values[i] = static_cast<double>(steps - static_cast<int64_t>(i) % 3);
                      }
                    }};
  };
  return {sample("narrow", {3, 7, 5}, {0, 3, 2}), sample("wide", {2, 4, 3}, {2, 50, 5}),
          sample("one", {1, 1, 1}, {0, 1, 1}), sample("no samples", {0, 3, 4}, {1, 2, 2}),
          sample("long", {2, 40, 12}, {0, 10, 1})};
}

std::pair<Array, Array> greedy(const Array& logits, const Array& lengths,
                               const CtcDecodeOptions& options) {
  const int64_t batch = logits.shape()[0], steps = logits.shape()[1];
  const Array mask = Array::scalar(options.mask_index, DType::int32);
  const Array running = expand_dims(arange(0, steps), 0) < expand_dims(lengths, 1);
  Array best = where(running, argmax(logits, -1), mask);  // (batch, steps)
  const Array score = -sum(where(running, max(logits, {-1}), 0), {1}, true);
  if (options.merge_repeated) {
    const Array repeated =
        slice(best, {0, 1}, {batch, steps}) == slice(best, {0, 0}, {batch, steps - 1});
    best = where(pad(repeated, {{{0, 0}, {1, 0}}}), mask, best);
  }
  const Array none = best == mask;
  // Labels move in front of those that are none.
  const Array order = argsort(cast(none, DType::int32), -1);
  const Array labels = where(none, Array::scalar(-1, DType::int32), best);
  return {expand_dims(take_along_axis(labels, order, -1), 0), score};
}

}  // namespace

const OpDef& ctc_beam_search_op() {
  static const OpDef op{
      .name = "ctc_beam_search",
      .num_inputs = 2,
      .infer = infer,
      .vjp = [](const GradContext&) -> std::vector<Array> {
        return {Array(), Array()};
      },
      .batch = batch,
      .flops =
          [](const Attrs* attrs, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
            return 50.0 * static_cast<double>(in[0].shape.num_elements()) *
                   static_cast<double>(attrs_as<CtcBeamSearchAttrs>(attrs).beam_width);
          },
      .samples = samples,
      .doc = "The most probable label sequences, given the logarithms of class probabilities.",
  };
  return op;
}

std::pair<Array, Array> ctc_decode(const Array& inputs, const Array& sequence_lengths,
                                   const CtcDecodeOptions& options) {
  Array logits = elementwise::as_float(inputs);
  if (size_of(logits.dtype()) == 2) logits = cast(logits, DType::float32);
  check("ctc_decode", logits.spec(), sequence_lengths.spec());
  check_mask("ctc_decode", options.mask_index, logits.shape()[2]);
  const Array lengths = cast(sequence_lengths, DType::int32);
  if (options.strategy == "greedy") return greedy(logits, lengths, options);
  if (options.strategy != "beam_search") {
    throw ValueError({.where = "ctc_decode",
                      .what = "There is no such strategy",
                      .expected = "'greedy' or 'beam_search'",
                      .received = "'" + options.strategy + "'"});
  }
  const auto found =
      batching::call(ctc_beam_search_op(), {log_softmax(logits), lengths},
                     CtcBeamSearchAttrs{options.mask_index, options.beam_width, options.top_paths});
  return {found[0], found[1]};
}

}  // namespace danlu
