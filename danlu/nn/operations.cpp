#include "danlu/base/error.h"
#include "danlu/nn/operation.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/products.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"

/// The operations of Keras that functional graphs may hold, by their class.
/// Source: keras.src.ops of Keras 3.15.
namespace danlu {
namespace {

using Args = OperationArguments;
using Arrays = std::vector<Array>;

template <Array (*F)(const Array&)>
Arrays unary(const Args& a) {
  return {F(a.array(0))};
}

template <Array (*F)(const Array&, const Array&)>
Arrays binary(const Args& a) {
  return {F(a.array(0), a.array(1))};
}

template <Array (*F)(const Array&, const Axes&, bool)>
Arrays reduction(const Args& a) {
  return {F(a.array(0), a.integers("axis"), a.flag("keepdims"))};
}

template <Array (*F)(const Array&, std::optional<int64_t>, bool)>
Arrays arg_reduction(const Args& a) {
  return {F(a.array(0), a.maybe("axis"), a.flag("keepdims"))};
}

/// Sums and products that may have a dtype of their own.
template <Array (*F)(const Array&, std::optional<int64_t>)>
Arrays cumulative(const Args& a) {
  const Array y = F(a.array(0), a.maybe("axis"));
  const std::optional<DType> dtype = a.dtype("dtype");
  return {dtype ? cast(y, *dtype) : y};
}

template <Array (*F)(const std::vector<Array>&)>
Arrays joined(const Args& a) {
  return {F(a.arrays(0))};
}

/// The greatest or the smallest, together with `initial`.
template <Array (*F)(const Array&, const Axes&, bool),
          Array (*WithInitial)(const Array&, const Axes&, bool, const Array&)>
Arrays extremum(const Args& a) {
  if (a.setting("initial").is_null()) return reduction<F>(a);
  return {WithInitial(a.array(0), a.integers("axis"), a.flag("keepdims"),
                      a.array_of(a.setting("initial")))};
}

/// Softmax and the like, over one axis or several.
template <Array (*F)(const Array&, int64_t), Array (*Several)(const Array&, const Axes&)>
Arrays over_axes(const Args& a) {
  const Json& axis = a.setting("axis");
  if (axis.is_array()) return {Several(a.array(0), a.integers("axis"))};
  return {F(a.array(0), a.integer("axis", -1))};
}

template <Arrays (*Sections)(const Array&, int64_t, int64_t),
          Arrays (*At)(const Array&, const std::vector<int64_t>&, int64_t)>
Arrays parts(const Args& a) {
  const Json& where = a.setting("indices_or_sections");
  if (where.is_int()) return Sections(a.array(0), where.as_int(), a.integer("axis", 0));
  return At(a.array(0), a.integers("indices_or_sections"), a.integer("axis", 0));
}

std::optional<int64_t> slice_end(const Json& config, const char* name) {
  const Json* value = config.find(name);
  return value == nullptr || value->is_null() ? std::nullopt : std::optional(value->as_int());
}

Index index_of(const Args& a, const Json& item) {
  if (item.is_null()) return newaxis;
  if (item.is_int()) return item.as_int();
  const Json* name = item.find("class_name");
  if (name != nullptr && *name == Json("__ellipsis__")) return ellipsis;
  if (name != nullptr && *name == Json("__slice__")) {
    const Json& config = item.at("config");
    return Slice{slice_end(config, "start"), slice_end(config, "stop"), slice_end(config, "step")};
  }
  return a.array_of(item);
}

Arrays get_item(const Args& a) {
  std::vector<Index> key;
  if (a.form(1).is_array()) {
    for (const Json& item : a.form(1).items()) key.push_back(index_of(a, item));
  } else {
    key.push_back(index_of(a, a.form(1)));
  }
  return {danlu::get_item(a.array(0), key)};
}

Arrays reshape(const Args& a) {
  return {danlu::reshape(a.array(0), Shape(a.integers("newshape")))};
}
Arrays transpose(const Args& a) { return {danlu::transpose(a.array(0), a.integers("axes"))}; }
Arrays concatenate(const Args& a) {
  return {danlu::concatenate(a.arrays(0), a.integer("axis", 0))};
}
Arrays stack(const Args& a) { return {danlu::stack(a.arrays(0), a.integer("axis", 0))}; }
Arrays expand_dims(const Args& a) { return {danlu::expand_dims(a.array(0), a.integers("axis"))}; }
Arrays squeeze(const Args& a) {
  if (a.setting("axis").is_null()) return {danlu::squeeze(a.array(0))};
  return {danlu::squeeze(a.array(0), a.integers("axis"))};
}
Arrays swapaxes(const Args& a) {
  return {danlu::swapaxes(a.array(0), a.integer("axis1", 0), a.integer("axis2", 0))};
}
Arrays moveaxis(const Args& a) {
  return {danlu::moveaxis(a.array(0), a.integers("source"), a.integers("destination"))};
}
Arrays flip(const Args& a) { return {danlu::flip(a.array(0), a.integers("axis"))}; }
Arrays roll(const Args& a) {
  return {danlu::roll(a.array(0), a.integers("shift"), a.integers("axis"))};
}
Arrays repeat(const Args& a) {
  if (a.setting("repeats").is_int()) {
    return {danlu::repeat(a.array(0), a.integer("repeats", 1), a.maybe("axis"))};
  }
  return {danlu::repeat(a.array(0), a.integers("repeats"), a.maybe("axis"))};
}
Arrays tile(const Args& a) { return {danlu::tile(a.array(0), a.integers("repeats"))}; }
Arrays broadcast_to(const Args& a) {
  return {danlu::broadcast_to(a.array(0), Shape(a.integers("shape")))};
}
Arrays unstack(const Args& a) {
  return danlu::unstack(a.array(0), a.maybe("num"), a.integer("axis", 0));
}

/// One pair of widths counts for all axes.
Arrays pad(const Args& a) {
  const Array x = a.array(0);
  const Json& given = a.setting("pad_width");
  std::vector<std::array<int64_t, 2>> widths;
  for (const Json& pair : given.items()) {
    widths.push_back({pair[0].as_int(), pair[pair.size() - 1].as_int()});
  }
  if (widths.size() == 1) widths.resize(static_cast<size_t>(x.rank()), widths[0]);
  const double value = a.has(1) && a.form(1).is_number() ? a.form(1).as_double() : 0;
  return {danlu::pad(x, widths, a.text("mode", "constant"), value)};
}

Arrays take(const Args& a) { return {danlu::take(a.array(0), a.array(1), a.maybe("axis"))}; }
Arrays take_along_axis(const Args& a) {
  if (a.setting("axis").is_null()) return {danlu::take_along_axis(a.array(0), a.array(1))};
  return {danlu::take_along_axis(a.array(0), a.array(1), a.integer("axis", 0))};
}
Arrays where(const Args& a) { return {danlu::where(a.array(0), a.array(1), a.array(2))}; }
Arrays clip(const Args& a) {
  return {danlu::clip(a.array(0), a.array_of(a.setting("x_min")), a.array_of(a.setting("x_max")))};
}
Arrays cast_to(const Args& a) { return {cast(a.array(0), a.dtype("dtype").value())}; }
Arrays ones_like(const Args& a) { return {danlu::ones_like(a.array(0), a.dtype("dtype"))}; }
Arrays zeros_like(const Args& a) { return {danlu::zeros_like(a.array(0), a.dtype("dtype"))}; }
Arrays matmul(const Args& a) { return {danlu::matmul(a.array(0), a.array(1))}; }
Arrays einsum(const Args& a) { return {danlu::einsum(a.text("subscripts", ""), a.arrays_from(0))}; }
Arrays tensordot(const Args& a) {
  const Json& axes = a.setting("axes");
  if (!axes.is_array()) return {danlu::tensordot(a.array(0), a.array(1), a.integer("axes", 2))};
  const auto list = [](const Json& json) {
    std::vector<int64_t> all;
    from_json(json, all);
    return all;
  };
  return {danlu::tensordot(a.array(0), a.array(1), list(axes[0]), list(axes[1]))};
}
Arrays average(const Args& a) {
  return {danlu::average(a.array(0), a.integers("axis"),
                         a.has(1) ? std::optional(a.array(1)) : std::nullopt)};
}
Arrays round(const Args& a) { return {danlu::round(a.array(0), a.integer("decimals", 0))}; }
Arrays tril(const Args& a) { return {danlu::tril(a.array(0), a.integer("k", 0))}; }
Arrays triu(const Args& a) { return {danlu::triu(a.array(0), a.integer("k", 0))}; }
Arrays diff(const Args& a) {
  return {danlu::diff(a.array(0), a.integer("n", 1), a.integer("axis", -1))};
}
Arrays sort(const Args& a) { return {danlu::sort(a.array(0), a.integer("axis", -1))}; }
Arrays argsort(const Args& a) { return {danlu::argsort(a.array(0), a.integer("axis", -1))}; }
Arrays top_k(const Args& a) {
  const auto [values, indices] = danlu::top_k(a.array(0), a.integer("k", 1));
  return {values, indices};
}
Arrays norm(const Args& a) {
  const Json& ord = a.setting("ord");
  return {danlu::norm(a.array(0), {.ord = ord.is_null()     ? ""
                                          : ord.is_string() ? ord.as_string()
                                                            : ord.dump(),
                                   .axis = a.integers("axis"),
                                   .keepdims = a.flag("keepdims")})};
}
Arrays moments(const Args& a) {
  const auto [mean, variance] = danlu::moments(a.array(0), a.integers("axes"), a.flag("keepdims"));
  return {mean, variance};
}

Arrays leaky_relu(const Args& a) {
  return {danlu::leaky_relu(a.array(0), a.number("negative_slope", 0.2))};
}
Arrays elu(const Args& a) { return {danlu::elu(a.array(0), a.number("alpha", 1))}; }
Arrays celu(const Args& a) { return {danlu::celu(a.array(0), a.number("alpha", 1))}; }
Arrays gelu(const Args& a) { return {danlu::gelu(a.array(0), a.flag("approximate", true))}; }
Arrays glu(const Args& a) { return {danlu::glu(a.array(0), a.integer("axis", -1))}; }
Arrays soft_shrink(const Args& a) {
  return {danlu::soft_shrink(a.array(0), a.number("threshold", 0.5))};
}
Arrays hard_shrink(const Args& a) {
  return {danlu::hard_shrink(a.array(0), a.number("threshold", 0.5))};
}
Arrays one_hot(const Args& a) {
  return {danlu::one_hot(a.array(0), a.integer("num_classes", 0), a.integer("axis", -1),
                         a.dtype("dtype").value_or(DType::float32))};
}
Arrays normalize(const Args& a) {
  return {danlu::normalize(a.array(0), {a.integer("axis", -1)}, a.integer("order", 2),
                           a.number("epsilon", 1e-7))};
}
Arrays layer_norm(const Args& a) {
  if (a.flag("rms_scaling")) {
    throw UnsupportedError({.what = "`rms_scaling` of layer_normalization is not supported",
                            .hint = "use rms_normalization"});
  }
  const auto given = [&](size_t i) { return a.has(i) ? std::optional(a.array(i)) : std::nullopt; };
  const std::vector<int64_t> axis = a.integers("axis");
  return {danlu::layer_normalization(a.array(0), {.gamma = given(1),
                                                  .beta = given(2),
                                                  .axis = axis.empty() ? Axes{-1} : axis,
                                                  .epsilon = a.number("epsilon", 1e-7)})};
}
Arrays rms_norm(const Args& a) {
  const std::vector<int64_t> axis = a.integers("axis");
  return {danlu::rms_normalization(a.array(0),
                                   {.scale = a.has(1) ? std::optional(a.array(1)) : std::nullopt,
                                    .axis = axis.empty() ? Axes{-1} : axis,
                                    .epsilon = a.number("epsilon", 1e-7)})};
}

const std::vector<const char*> kAxis = {"axis"}, kReduction = {"axis", "keepdims"},
                               kExtremum = {"axis", "keepdims", "initial"},
                               kCumulative = {"axis", "dtype"}, kDType = {"dtype"},
                               kParts = {"indices_or_sections", "axis"};

std::vector<Operation> elementwise() {
  std::vector<Operation> all;
  const auto add = [&](const char* name, auto compute, const char* module = "numpy") {
    all.push_back({name, module, compute});
  };
  add("Negative", unary<negative>), add("Absolute", unary<danlu::abs>);
  add("Abs", unary<danlu::abs>), add("Fabs", unary<danlu::fabs>), add("Sign", unary<sign>);
  add("Exp", unary<danlu::exp>), add("Exp2", unary<danlu::exp2>);
  add("Expm1", unary<danlu::expm1>), add("Log", unary<danlu::log>);
  add("Log2", unary<danlu::log2>), add("Log10", unary<danlu::log10>);
  add("Log1p", unary<danlu::log1p>), add("Sqrt", unary<danlu::sqrt>);
  add("Cbrt", unary<danlu::cbrt>), add("Square", unary<square>);
  add("Reciprocal", unary<reciprocal>), add("Sin", unary<danlu::sin>);
  add("Cos", unary<danlu::cos>), add("Tan", unary<danlu::tan>), add("Arcsin", unary<arcsin>);
  add("Arccos", unary<arccos>), add("Arctan", unary<arctan>), add("Sinh", unary<danlu::sinh>);
  add("Cosh", unary<danlu::cosh>), add("Tanh", unary<danlu::tanh>);
  add("Arcsinh", unary<arcsinh>), add("Arccosh", unary<arccosh>);
  add("Arctanh", unary<arctanh>), add("Floor", unary<danlu::floor>);
  add("Ceil", unary<danlu::ceil>), add("Trunc", unary<danlu::trunc>);
  add("Isnan", unary<danlu::isnan>), add("Isfinite", unary<danlu::isfinite>);
  add("Isinf", unary<danlu::isinf>), add("LogicalNot", unary<logical_not>);
  add("Ravel", unary<ravel>), add("Copy", unary<danlu::copy>);
  add("Deg2rad", unary<deg2rad>), add("Rad2deg", unary<rad2deg>), add("Sinc", unary<sinc>);
  add("Rsqrt", unary<rsqrt>, "math"), add("Erf", unary<danlu::erf>, "math");
  add("Erfc", unary<danlu::erfc>, "math"), add("Erfinv", unary<erfinv>, "math");
  add("StopGradient", unary<stop_gradient>, "core");
  add("Relu", unary<relu>, "nn"), add("Relu6", unary<relu6>, "nn");
  add("Sigmoid", unary<sigmoid>, "nn"), add("Softplus", unary<softplus>, "nn");
  add("Softsign", unary<softsign>, "nn"), add("Silu", unary<silu>, "nn");
  add("LogSigmoid", unary<log_sigmoid>, "nn"), add("HardSigmoid", unary<hard_sigmoid>, "nn");
  add("HardSilu", unary<hard_silu>, "nn"), add("Selu", unary<selu>, "nn");
  add("TanhShrink", unary<tanh_shrink>, "nn"), add("HardTanh", unary<hard_tanh>, "nn");
  add("SparsePlus", unary<sparse_plus>, "nn");
  add("SparseSigmoid", unary<sparse_sigmoid>, "nn");

  add("Add", binary<danlu::add>), add("Subtract", binary<subtract>);
  add("Multiply", binary<multiply>), add("Divide", binary<divide>);
  add("TrueDivide", binary<divide>), add("DivideNoNan", binary<divide_no_nan>);
  add("Power", binary<power>), add("FloorDivide", binary<floor_divide>);
  add("Mod", binary<mod>), add("Maximum", binary<maximum>), add("Minimum", binary<minimum>);
  add("Arctan2", binary<arctan2>), add("Hypot", binary<danlu::hypot>);
  add("Logaddexp", binary<logaddexp>), add("Equal", binary<equal>);
  add("NotEqual", binary<not_equal>), add("Less", binary<less>);
  add("LessEqual", binary<less_equal>), add("Greater", binary<greater>);
  add("GreaterEqual", binary<greater_equal>), add("LogicalAnd", binary<logical_and>);
  add("LogicalOr", binary<logical_or>), add("LogicalXor", binary<logical_xor>);
  add("Dot", binary<dot>), add("Inner", binary<inner>), add("Outer", binary<outer>);
  add("Vdot", binary<vdot>), add("Matmul", matmul), add("Where", where);
  return all;
}

std::vector<Operation> with_settings() {
  return {
      {"Sum", "numpy", reduction<sum>, kReduction},
      {"Mean", "numpy", reduction<mean>, kReduction},
      {"Max", "numpy", extremum<max, max>, kExtremum},
      {"Min", "numpy", extremum<min, min>, kExtremum},
      {"Amax", "numpy", reduction<amax>, kReduction},
      {"Amin", "numpy", reduction<amin>, kReduction},
      {"Prod", "numpy", reduction<prod>, {"axis", "keepdims", "dtype"}},
      {"Var", "numpy", reduction<var>, kReduction},
      {"Std", "numpy", reduction<danlu::std>, kReduction},
      {"Ptp", "numpy", reduction<ptp>, kReduction},
      {"All", "numpy", reduction<all>, kReduction},
      {"Any", "numpy", reduction<any>, kReduction},
      {"Median", "numpy", reduction<median>, kReduction},
      {"Logsumexp", "math", reduction<logsumexp>, kReduction},
      {"Argmax", "numpy", arg_reduction<argmax>, kReduction},
      {"Argmin", "numpy", arg_reduction<argmin>, kReduction},
      {"Cumsum", "numpy", cumulative<cumsum>, kCumulative},
      {"Cumprod", "numpy", cumulative<cumprod>, kCumulative},
      {"Average", "numpy", average, kAxis, {"x", "weights"}},
      {"GetItem", "numpy", get_item},
      {"Reshape", "numpy", reshape, {"newshape"}},
      {"Transpose", "numpy", transpose, {"axes"}},
      {"Concatenate", "numpy", concatenate, kAxis},
      {"Stack", "numpy", stack, kAxis},
      {"Hstack", "numpy", joined<hstack>},
      {"Vstack", "numpy", joined<vstack>},
      {"ExpandDims", "numpy", expand_dims, kAxis},
      {"Squeeze", "numpy", squeeze, kAxis},
      {"Swapaxes", "numpy", swapaxes, {"axis1", "axis2"}},
      {"Moveaxis", "numpy", moveaxis, {"source", "destination"}},
      {"Flip", "numpy", flip, kAxis},
      {"Roll", "numpy", roll, {"shift", "axis"}},
      {"Repeat", "numpy", repeat, {"repeats", "axis"}},
      {"Tile", "numpy", tile, {"repeats"}},
      {"Pad", "numpy", pad, {"pad_width", "mode"}, {"x", "constant_values"}},
      {"BroadcastTo", "numpy", broadcast_to, {"shape"}},
      {"Split", "numpy", parts<split, split>, kParts},
      {"Unstack", "core", unstack, {"num", "axis"}},
      {"Take", "numpy", take, kAxis},
      {"TakeAlongAxis", "numpy", take_along_axis, kAxis},
      {"Clip", "numpy", clip, {"x_min", "x_max"}},
      {"Cast", "core", cast_to, kDType},
      {"OnesLike", "numpy", ones_like, kDType},
      {"ZerosLike", "numpy", zeros_like, kDType},
      {"Einsum", "numpy", einsum, {"subscripts"}},
      {"Tensordot", "numpy", tensordot, {"axes"}},
      {"Round", "numpy", round, {"decimals"}},
      {"Tril", "numpy", tril, {"k"}},
      {"Triu", "numpy", triu, {"k"}},
      {"Diff", "numpy", diff, {"n", "axis"}},
      {"Sort", "numpy", sort, kAxis},
      {"Argsort", "numpy", argsort, kAxis},
      {"TopK", "math", top_k, {"k", "sorted"}},
      {"Norm", "linalg", norm, {"ord", "axis", "keepdims"}},
      {"LeakyRelu", "nn", leaky_relu, {"negative_slope"}},
      {"Elu", "nn", elu, {"alpha"}},
      {"Celu", "nn", celu, {"alpha"}},
      {"Gelu", "nn", gelu, {"approximate"}},
      {"Glu", "nn", glu, kAxis},
      {"SoftShrink", "nn", soft_shrink, {"threshold"}},
      {"HardShrink", "nn", hard_shrink, {"threshold"}},
      {"Softmax", "nn", over_axes<softmax, softmax>, kAxis},
      {"LogSoftmax", "nn", over_axes<log_softmax, log_softmax>, kAxis},
      {"OneHot", "nn", one_hot, {"num_classes", "axis", "dtype", "sparse"}},
      {"Normalize", "nn", normalize, {"axis", "order", "epsilon"}},
      {"LayerNorm", "nn", layer_norm, {"axis", "epsilon", "rms_scaling"}, {"x", "gamma", "beta"}},
      {"RMSNorm", "nn", rms_norm, {"axis", "epsilon"}, {"x", "scale"}},
      {"Moments", "nn", moments, {"axes", "keepdims", "synchronized"}},
  };
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> both = elementwise();
    for (Operation& operation : with_settings()) both.push_back(std::move(operation));
    return both;
  }();
  return all;
}

}  // namespace danlu
