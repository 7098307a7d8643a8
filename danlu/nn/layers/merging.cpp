#include "danlu/nn/layers/merging.h"

#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {

Json to_json(const DotAxes& x) {
  if (x.is_one_number()) return Json(x.first());
  return Json(std::vector<int64_t>{x.first(), x.second()});
}

void from_json(const Json& json, DotAxes& x) {
  x = json.is_int() ? DotAxes(json.as_int()) : DotAxes(json[0].as_int(), json[1].as_int());
}

namespace {

using Arrays = std::vector<Array>;

std::string list_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : ", ") + shape.to_string();
  return text.empty() ? "no input" : text;
}

void check_count(const std::vector<Shape>& inputs, size_t least, size_t most) {
  if (inputs.size() >= least && inputs.size() <= most) return;
  throw ValueError({.what = "The layer merges another number of inputs",
                    .expected = least == most ? "exactly " + std::to_string(least)
                                              : "a list of at least 1 input",
                    .received = std::to_string(inputs.size()) + ": " + list_text(inputs)});
}

[[noreturn]] void refuse_shapes(const std::vector<Shape>& inputs, const std::string& expected) {
  throw ShapeError({.what = "The shapes of the inputs do not fit each other",
                    .expected = expected,
                    .received = list_text(inputs)});
}

/// The common batch size. Errors: ShapeError for several.
int64_t batch_of(const std::vector<Shape>& inputs) {
  int64_t batch = Shape::kUnknown;
  for (const Shape& shape : inputs) {
    if (shape.rank() == 0 || shape[0] == Shape::kUnknown) continue;
    if (batch != Shape::kUnknown && batch != shape[0]) {
      refuse_shapes(inputs, "one batch size, axis 0, for all");
    }
    batch = shape[0];
  }
  return batch;
}

Shape broadcast_shape(const std::vector<Shape>& inputs) {
  int rank = 1;
  for (const Shape& shape : inputs) rank = std::max(rank, shape.rank());
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  for (const Shape& shape : inputs) {
    for (int axis = 1; axis < shape.rank(); ++axis) {
      int64_t& dim = dims[static_cast<size_t>(rank - shape.rank() + axis)];
      const int64_t other = shape[axis];
      if (other == 1 || dim == other) continue;
      if (dim == Shape::kUnknown || (other == Shape::kUnknown && dim != 1)) {
        dim = Shape::kUnknown;
      } else if (dim == 1) {
        dim = other;
      } else {
        refuse_shapes(inputs, "axes behind the batch axis that are equal or 1, from the last on");
      }
    }
  }
  dims[0] = batch_of(inputs);
  return Shape(dims);
}

/// A mask for each element of `x`; undefined where there is no mask.
Array of_elements(const Array& mask, const Array& x) {
  return mask.defined() ? broadcast_to(expand_dims(mask, -1), x.shape()) : Array();
}

Array add_all(const Arrays& xs, const Arrays&) {
  Array sum = xs[0];
  for (size_t i = 1; i < xs.size(); ++i) sum = sum + xs[i];
  return sum;
}
Array average_all(const Arrays& xs, const Arrays& masks) {
  return add_all(xs, masks) / static_cast<double>(xs.size());
}
Array subtract_both(const Arrays& xs, const Arrays&) { return xs[0] - xs[1]; }

Array multiply_all(const Arrays& xs, const Arrays& masks) {
  Array product, any;
  for (size_t i = 0; i < xs.size(); ++i) {
    const Array counts = of_elements(masks[i], xs[i]);
    const Array x = counts.defined() ? where(counts, xs[i], 1) : xs[i];
    product = product.defined() ? product * x : x;
    any = any.defined() && counts.defined() ? logical_or(any, counts) : counts;
  }
  const bool all_masked =
      std::all_of(masks.begin(), masks.end(), [](const Array& mask) { return mask.defined(); });
  return all_masked ? where(any, product, 0) : product;
}

/// As Keras: an element outside one mask is replaced by what the others have, step by step.
template <Array (*extreme)(const Array&, const Array&)>
Array extreme_of_all(const Arrays& xs, const Arrays& masks) {
  Array result = xs[0], result_mask = of_elements(masks[0], xs[0]);
  for (size_t i = 1; i < xs.size(); ++i) {
    const Array mask = of_elements(masks[i], xs[i]);
    const Array x = mask.defined() ? where(mask, xs[i], result) : xs[i];
    if (result_mask.defined()) result = where(result_mask, result, x);
    result_mask = mask.defined() && result_mask.defined() ? logical_or(result_mask, mask) : Array();
    result = extreme(result, x);
  }
  return result;
}
Array larger_of(const Array& a, const Array& b) { return maximum(a, b); }
Array smaller_of(const Array& a, const Array& b) { return minimum(a, b); }

class MergeImpl final : public ConfiguredLayer<MergeConfig> {
 public:
  using Function = Array (*)(const Arrays& xs, const Arrays& masks);
  MergeImpl(std::string_view type, MergeConfig c, Function merge, bool exactly_two = false)
      : ConfiguredLayer(type, std::move(c)), merge_(merge), exactly_two_(exactly_two) {}

  bool supports_masking() const override { return true; }
  Arrays compute_mask(const Arrays& inputs, const Arrays& masks) const override {
    Array any;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (i >= masks.size() || !masks[i].defined()) return {};
      any = any.defined() ? logical_or(any, masks[i]) : masks[i];
    }
    return {any};
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_count(inputs, exactly_two_ ? 2 : 1, exactly_two_ ? 2 : SIZE_MAX);
    return {broadcast_shape(inputs)};
  }
  void build_inputs(const std::vector<Shape>&) override {}

  Arrays call_inputs(const Arrays& inputs, const CallContext& context) override {
    int rank = 0;
    for (const Array& x : inputs) rank = std::max(rank, x.rank());
    bool reshaped = false;
    Arrays xs = inputs;
    for (Array& x : xs) {
      for (; x.rank() < rank; reshaped = true) x = expand_dims(x, x.rank() == 0 ? 0 : 1);
    }
    Arrays masks;
    for (size_t i = 0; i < xs.size(); ++i) {
      masks.push_back(reshaped ? Array() : context.mask(i));
    }
    return {merge_(xs, masks)};
  }

  Function merge_;
  bool exactly_two_;
};

class ConcatenateImpl final : public ConfiguredLayer<ConcatenateConfig> {
 public:
  explicit ConcatenateImpl(ConcatenateConfig c) : ConfiguredLayer("Concatenate", std::move(c)) {}

  bool supports_masking() const override { return true; }
  Arrays compute_mask(const Arrays& inputs, const Arrays& masks) const override {
    Arrays elements;
    bool masked = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Array mask = i < masks.size() ? masks[i] : Array();
      masked |= mask.defined();
      if (!mask.defined()) {
        elements.push_back(ones(inputs[i].shape(), DType::bool_));
      } else if (mask.rank() < inputs[i].rank()) {
        elements.push_back(
            logical_or(expand_dims(mask, -1), zeros(inputs[i].shape(), DType::bool_)));
      } else {
        elements.push_back(mask);
      }
    }
    if (!masked) return {};
    return {any(concatenate(elements, config().axis), {-1})};
  }

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_count(inputs, 1, SIZE_MAX);
    Shape shape = inputs[0];
    const int rank = shape.rank();
    const int64_t axis = config().axis < 0 ? config().axis + rank : config().axis;
    if (axis < 0 || axis >= rank) {
      throw ShapeError(
          {.what = "The inputs have no such axis to be concatenated along",
           .expected = "more than " + std::to_string(std::abs(config().axis)) + " axes",
           .received = list_text(inputs)});
    }
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].rank() != rank) refuse_shapes(inputs, "as many axes in all");
      for (int j = 0; j < rank; ++j) {
        const int64_t a = shape[j], b = inputs[i][j];
        const bool unknown = a == Shape::kUnknown || b == Shape::kUnknown;
        if (j == axis) {
          shape = shape.with_dim(j, unknown ? Shape::kUnknown : a + b);
        } else if (a == Shape::kUnknown) {
          shape = shape.with_dim(j, b);
        } else if (!unknown && a != b) {
          refuse_shapes(inputs, "equal lengths of all axes but the one to concatenate along");
        }
      }
    }
    return {shape};
  }
  void build_inputs(const std::vector<Shape>&) override {}
  Arrays call_inputs(const Arrays& inputs, const CallContext&) override {
    return {concatenate(inputs, config().axis)};
  }
};

class DotImpl final : public ConfiguredLayer<DotConfig> {
 public:
  explicit DotImpl(DotConfig c) : ConfiguredLayer("Dot", std::move(c)) {
    if (config().axes.first() == 0 || config().axes.second() == 0) {
      throw ValueError({.where = where(),
                        .what = "The batch axis cannot be summed over",
                        .expected = "`axes` other than 0",
                        .received = to_json(config().axes).dump()});
    }
  }

  bool supports_masking() const override { return true; }
  Arrays compute_mask(const Arrays&, const Arrays&) const override { return {}; }

 private:
  /// The axes of tensors of these ranks, from the front. Errors: ShapeError.
  std::pair<int, int> axes(const Shape& x, const Shape& y) const {
    const auto from_front = [&](int64_t axis, const Shape& shape) {
      const int64_t positive = axis < 0 ? axis + shape.rank() : axis;
      if (positive < 1 || positive >= shape.rank()) {
        refuse_shapes({x, y}, "an axis behind the batch axis for each of `axes`");
      }
      return static_cast<int>(positive);
    };
    return {from_front(config().axes.first(), x), from_front(config().axes.second(), y)};
  }

  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override {
    check_count(inputs, 2, 2);
    const auto [a, b] = axes(inputs[0], inputs[1]);
    const int64_t m = inputs[0][a], n = inputs[1][b];
    if (m != n && m != Shape::kUnknown && n != Shape::kUnknown) {
      refuse_shapes(inputs, "equal lengths of the axes that are summed over, " + std::to_string(m) +
                                " along axis " + std::to_string(a) + " and " + std::to_string(n) +
                                " along axis " + std::to_string(b));
    }
    std::vector<int64_t> dims = inputs[0].without_axis(a).to_vector();
    const std::vector<int64_t> others = inputs[1].without_axis(b).to_vector();
    dims.insert(dims.end(), others.begin() + 1, others.end());
    dims[0] = batch_of(inputs);
    if (dims.size() == 1) dims.push_back(1);
    return {Shape(dims)};
  }
  void build_inputs(const std::vector<Shape>&) override {}

  Arrays call_inputs(const Arrays& inputs, const CallContext&) override {
    Array x = inputs[0], y = inputs[1];
    const auto [a, b] = axes(x.shape(), y.shape());
    const Shape shape = output_shapes({x.shape(), y.shape()})[0];
    if (config().normalize) {
      x = normalize(x, {a});
      y = normalize(y, {b});
    }
    const int64_t batch = x.shape()[0], n = x.shape()[a];
    const auto rows = [&](const Array& t) {
      return n == 0 || batch == 0 ? 0 : t.size() / n / batch;
    };
    x = reshape(moveaxis(x, {a}, {-1}), {batch, rows(x), n});
    y = reshape(moveaxis(y, {b}, {1}), {batch, n, rows(y)});
    return {reshape(matmul(x, y), shape)};
  }
};

Layer merging(const char* type, MergeConfig config, MergeImpl::Function merge,
              bool exactly_two = false) {
  return Layer(std::make_shared<MergeImpl>(type, std::move(config), merge, exactly_two));
}

}  // namespace

Add::Add(MergeConfig c) : Layer(merging("Add", std::move(c), add_all)) {}
Subtract::Subtract(MergeConfig c) : Layer(merging("Subtract", std::move(c), subtract_both, true)) {}
Multiply::Multiply(MergeConfig c) : Layer(merging("Multiply", std::move(c), multiply_all)) {}
Average::Average(MergeConfig c) : Layer(merging("Average", std::move(c), average_all)) {}
Maximum::Maximum(MergeConfig c)
    : Layer(merging("Maximum", std::move(c), extreme_of_all<larger_of>)) {}
Minimum::Minimum(MergeConfig c)
    : Layer(merging("Minimum", std::move(c), extreme_of_all<smaller_of>)) {}
Concatenate::Concatenate(ConcatenateConfig c)
    : Layer(std::make_shared<ConcatenateImpl>(std::move(c))) {}
Dot::Dot(DotConfig c) : Layer(std::make_shared<DotImpl>(std::move(c))) {}

}  // namespace danlu
