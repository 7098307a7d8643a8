#include "danlu/nn/keras_ops.h"

#include "danlu/nn/config_json.h"

namespace danlu {
namespace {

KerasTensor one(const char* class_name, const std::vector<Operand>& operands,
                Json settings = Json::object()) {
  return call_operation(class_name, operands, std::move(settings))[0];
}

/// Keras's None for none, a number for one, else a list.
Json axes_json(const std::vector<int64_t>& axes) {
  if (axes.empty()) return {};
  return axes.size() == 1 ? Json(axes[0]) : Json(axes);
}

KerasTensor reduction(const char* class_name, const KerasTensor& x, const Axes& axis,
                      bool keepdims) {
  return one(class_name, {x}, Json::object({{"axis", axes_json(axis)}, {"keepdims", keepdims}}));
}

Json setting(const char* name, Json value) { return Json::object({{name, std::move(value)}}); }

Json end_json(const std::optional<int64_t>& end) { return end ? Json(*end) : Json(); }

Json index_json(const Index& index) {
  struct Visitor {
    Json operator()(int64_t at) const { return at; }
    Json operator()(const Slice& s) const {
      return object_json("__slice__", Json::object({{"start", end_json(s.start)},
                                                    {"stop", end_json(s.stop)},
                                                    {"step", end_json(s.step)}}));
    }
    Json operator()(Ellipsis) const { return object_json("__ellipsis__", Json::object()); }
    Json operator()(NewAxis) const { return {}; }
    Json operator()(const Array& indices) const { return std::get<Json>(Operand(indices).value()); }
  };
  return std::visit(Visitor{}, index.value());
}

}  // namespace

KerasTensor KerasTensor::operator[](const IndexList& key) const {
  Json items = Json::array();
  for (const Index& index : key.list()) items.push_back(index_json(index));
  return one("GetItem", {*this, Operand(std::move(items))});
}

KerasTensor negative(const KerasTensor& x) { return one("Negative", {x}); }
KerasTensor abs(const KerasTensor& x) { return one("Absolute", {x}); }
KerasTensor sign(const KerasTensor& x) { return one("Sign", {x}); }
KerasTensor exp(const KerasTensor& x) { return one("Exp", {x}); }
KerasTensor exp2(const KerasTensor& x) { return one("Exp2", {x}); }
KerasTensor expm1(const KerasTensor& x) { return one("Expm1", {x}); }
KerasTensor log(const KerasTensor& x) { return one("Log", {x}); }
KerasTensor log2(const KerasTensor& x) { return one("Log2", {x}); }
KerasTensor log10(const KerasTensor& x) { return one("Log10", {x}); }
KerasTensor log1p(const KerasTensor& x) { return one("Log1p", {x}); }
KerasTensor sqrt(const KerasTensor& x) { return one("Sqrt", {x}); }
KerasTensor square(const KerasTensor& x) { return one("Square", {x}); }
KerasTensor reciprocal(const KerasTensor& x) { return one("Reciprocal", {x}); }
KerasTensor sin(const KerasTensor& x) { return one("Sin", {x}); }
KerasTensor cos(const KerasTensor& x) { return one("Cos", {x}); }
KerasTensor tan(const KerasTensor& x) { return one("Tan", {x}); }
KerasTensor arcsin(const KerasTensor& x) { return one("Arcsin", {x}); }
KerasTensor arccos(const KerasTensor& x) { return one("Arccos", {x}); }
KerasTensor arctan(const KerasTensor& x) { return one("Arctan", {x}); }
KerasTensor sinh(const KerasTensor& x) { return one("Sinh", {x}); }
KerasTensor cosh(const KerasTensor& x) { return one("Cosh", {x}); }
KerasTensor tanh(const KerasTensor& x) { return one("Tanh", {x}); }
KerasTensor arcsinh(const KerasTensor& x) { return one("Arcsinh", {x}); }
KerasTensor arccosh(const KerasTensor& x) { return one("Arccosh", {x}); }
KerasTensor arctanh(const KerasTensor& x) { return one("Arctanh", {x}); }
KerasTensor floor(const KerasTensor& x) { return one("Floor", {x}); }
KerasTensor ceil(const KerasTensor& x) { return one("Ceil", {x}); }
KerasTensor trunc(const KerasTensor& x) { return one("Trunc", {x}); }
KerasTensor isnan(const KerasTensor& x) { return one("Isnan", {x}); }
KerasTensor isfinite(const KerasTensor& x) { return one("Isfinite", {x}); }
KerasTensor isinf(const KerasTensor& x) { return one("Isinf", {x}); }
KerasTensor logical_not(const KerasTensor& x) { return one("LogicalNot", {x}); }
KerasTensor ravel(const KerasTensor& x) { return one("Ravel", {x}); }
KerasTensor rsqrt(const KerasTensor& x) { return one("Rsqrt", {x}); }
KerasTensor erf(const KerasTensor& x) { return one("Erf", {x}); }
KerasTensor stop_gradient(const KerasTensor& x) { return one("StopGradient", {x}); }
KerasTensor relu(const KerasTensor& x) { return one("Relu", {x}); }
KerasTensor relu6(const KerasTensor& x) { return one("Relu6", {x}); }
KerasTensor sigmoid(const KerasTensor& x) { return one("Sigmoid", {x}); }
KerasTensor softplus(const KerasTensor& x) { return one("Softplus", {x}); }
KerasTensor softsign(const KerasTensor& x) { return one("Softsign", {x}); }
KerasTensor silu(const KerasTensor& x) { return one("Silu", {x}); }
KerasTensor log_sigmoid(const KerasTensor& x) { return one("LogSigmoid", {x}); }
KerasTensor hard_sigmoid(const KerasTensor& x) { return one("HardSigmoid", {x}); }
KerasTensor hard_silu(const KerasTensor& x) { return one("HardSilu", {x}); }
KerasTensor selu(const KerasTensor& x) { return one("Selu", {x}); }
KerasTensor hard_tanh(const KerasTensor& x) { return one("HardTanh", {x}); }
KerasTensor tanh_shrink(const KerasTensor& x) { return one("TanhShrink", {x}); }

KerasTensor leaky_relu(const KerasTensor& x, double negative_slope) {
  return one("LeakyRelu", {x}, setting("negative_slope", negative_slope));
}
KerasTensor elu(const KerasTensor& x, double alpha) {
  return one("Elu", {x}, setting("alpha", alpha));
}
KerasTensor gelu(const KerasTensor& x, bool approximate) {
  return one("Gelu", {x}, setting("approximate", approximate));
}
KerasTensor softmax(const KerasTensor& x, int64_t axis) {
  return one("Softmax", {x}, setting("axis", axis));
}
KerasTensor log_softmax(const KerasTensor& x, int64_t axis) {
  return one("LogSoftmax", {x}, setting("axis", axis));
}
KerasTensor one_hot(const KerasTensor& x, int64_t num_classes, int64_t axis) {
  return one("OneHot", {x}, Json::object({{"num_classes", num_classes}, {"axis", axis}}));
}
KerasTensor cast(const KerasTensor& x, DType dtype) {
  return one("Cast", {x}, setting("dtype", std::string(name(dtype))));
}
KerasTensor round(const KerasTensor& x, int64_t decimals) {
  return one("Round", {x}, setting("decimals", decimals));
}

KerasTensor sum(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Sum", x, axis, keepdims);
}
KerasTensor mean(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Mean", x, axis, keepdims);
}
KerasTensor max(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Max", x, axis, keepdims);
}
KerasTensor min(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Min", x, axis, keepdims);
}
KerasTensor prod(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Prod", x, axis, keepdims);
}
KerasTensor var(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Var", x, axis, keepdims);
}
KerasTensor std(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Std", x, axis, keepdims);
}
KerasTensor all(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("All", x, axis, keepdims);
}
KerasTensor any(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Any", x, axis, keepdims);
}
KerasTensor logsumexp(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Logsumexp", x, axis, keepdims);
}
KerasTensor argmax(const KerasTensor& x, std::optional<int64_t> axis, bool keepdims) {
  return one("Argmax", {x}, Json::object({{"axis", to_json(axis)}, {"keepdims", keepdims}}));
}
KerasTensor argmin(const KerasTensor& x, std::optional<int64_t> axis, bool keepdims) {
  return one("Argmin", {x}, Json::object({{"axis", to_json(axis)}, {"keepdims", keepdims}}));
}
KerasTensor cumsum(const KerasTensor& x, std::optional<int64_t> axis) {
  return one("Cumsum", {x}, setting("axis", to_json(axis)));
}
KerasTensor cumprod(const KerasTensor& x, std::optional<int64_t> axis) {
  return one("Cumprod", {x}, setting("axis", to_json(axis)));
}
KerasTensor norm(const KerasTensor& x, const Axes& axis, bool keepdims) {
  return reduction("Norm", x, axis, keepdims);
}

KerasTensor reshape(const KerasTensor& x, const Shape& shape) {
  return one("Reshape", {x}, setting("newshape", shape.to_vector()));
}
KerasTensor transpose(const KerasTensor& x, const std::vector<int64_t>& axes) {
  return one("Transpose", {x}, setting("axes", axes.empty() ? Json() : Json(axes)));
}
KerasTensor expand_dims(const KerasTensor& x, int64_t axis) {
  return one("ExpandDims", {x}, setting("axis", axis));
}
KerasTensor squeeze(const KerasTensor& x, std::optional<int64_t> axis) {
  return one("Squeeze", {x}, setting("axis", to_json(axis)));
}
KerasTensor swapaxes(const KerasTensor& x, int64_t axis1, int64_t axis2) {
  return one("Swapaxes", {x}, Json::object({{"axis1", axis1}, {"axis2", axis2}}));
}
KerasTensor moveaxis(const KerasTensor& x, const std::vector<int64_t>& source,
                     const std::vector<int64_t>& destination) {
  return one("Moveaxis", {x}, Json::object({{"source", source}, {"destination", destination}}));
}
KerasTensor flip(const KerasTensor& x, const std::vector<int64_t>& axis) {
  return one("Flip", {x}, setting("axis", axes_json(axis)));
}
KerasTensor roll(const KerasTensor& x, const std::vector<int64_t>& shift,
                 const std::vector<int64_t>& axis) {
  return one("Roll", {x}, Json::object({{"shift", axes_json(shift)}, {"axis", axes_json(axis)}}));
}
KerasTensor repeat(const KerasTensor& x, int64_t repeats, std::optional<int64_t> axis) {
  return one("Repeat", {x}, Json::object({{"repeats", repeats}, {"axis", to_json(axis)}}));
}
KerasTensor tile(const KerasTensor& x, const std::vector<int64_t>& repeats) {
  return one("Tile", {x}, setting("repeats", repeats));
}
KerasTensor pad(const KerasTensor& x, const std::vector<std::array<int64_t, 2>>& pad_width,
                double value) {
  Json widths = Json::array();
  for (const auto& [before, after] : pad_width) widths.push_back(Json::array({before, after}));
  std::vector<Operand> operands = {x};
  if (value != 0) operands.emplace_back(value);
  return one("Pad", operands, setting("pad_width", std::move(widths)));
}
KerasTensor concatenate(const std::vector<KerasTensor>& xs, int64_t axis) {
  return one("Concatenate", {xs}, setting("axis", axis));
}
KerasTensor stack(const std::vector<KerasTensor>& xs, int64_t axis) {
  return one("Stack", {xs}, setting("axis", axis));
}
std::vector<KerasTensor> split(const KerasTensor& x, int64_t sections, int64_t axis) {
  return call_operation("Split", {x},
                        Json::object({{"indices_or_sections", sections}, {"axis", axis}}));
}
std::vector<KerasTensor> split(const KerasTensor& x, const std::vector<int64_t>& indices,
                               int64_t axis) {
  return call_operation("Split", {x},
                        Json::object({{"indices_or_sections", indices}, {"axis", axis}}));
}
KerasTensor einsum(const std::string& subscripts, const std::vector<KerasTensor>& operands) {
  return one("Einsum", std::vector<Operand>(operands.begin(), operands.end()),
             setting("subscripts", subscripts));
}
KerasTensor tensordot(const KerasTensor& a, const KerasTensor& b, int64_t axes) {
  return one("Tensordot", {a, b}, setting("axes", axes));
}
std::pair<KerasTensor, KerasTensor> top_k(const KerasTensor& x, int64_t k) {
  const std::vector<KerasTensor> both = call_operation("TopK", {x}, setting("k", k));
  return {both[0], both[1]};
}

}  // namespace danlu
