#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

IsCloseOptions closeness(const Call& c) {
  return {c.number("rtol", 1e-5), c.number("atol", 1e-8), c.flag("equal_nan")};
}

std::optional<double> maybe_number(const Call& c, std::string_view name) {
  if (!c.has(name)) return {};
  return c.number(name, 0);
}

const std::vector<Entry> kTable = {
    unary("abs", abs),
    unary("absolute", abs),
    unary("angle", angle),
    unary("arccos", arccos),
    unary("arccosh", arccosh),
    unary("arcsin", arcsin),
    unary("arcsinh", arcsinh),
    unary("arctan", arctan),
    unary("arctanh", arctanh),
    unary("bitwise_invert", bitwise_not),
    unary("bitwise_not", bitwise_not),
    unary("cbrt", cbrt),
    unary("ceil", ceil),
    unary("conj", conj),
    unary("conjugate", conj),
    unary("copy", copy),
    unary("cos", cos),
    unary("cosh", cosh),
    unary("deg2rad", deg2rad),
    unary("exp", exp),
    unary("exp2", exp2),
    unary("expm1", expm1),
    unary("fabs", fabs),
    unary("floor", floor),
    unary("i0", i0),
    unary("imag", imag),
    unary("isfinite", isfinite),
    unary("isinf", isinf),
    unary("isnan", isnan),
    unary("isneginf", isneginf),
    unary("isposinf", isposinf),
    unary("isreal", isreal),
    unary("log", log),
    unary("log10", log10),
    unary("log1p", log1p),
    unary("log2", log2),
    unary("logical_not", logical_not),
    unary("negative", negative),
    unary("rad2deg", rad2deg),
    unary("real", real),
    unary("reciprocal", reciprocal),
    unary("sign", sign),
    unary("signbit", signbit),
    unary("sin", sin),
    unary("sinc", sinc),
    unary("sinh", sinh),
    unary("sqrt", sqrt),
    unary("square", square),
    unary("tan", tan),
    unary("tanh", tanh),
    unary("trunc", trunc),
    binary("add", add),
    binary("arctan2", arctan2),
    binary("bitwise_and", bitwise_and),
    binary("bitwise_left_shift", left_shift),
    binary("bitwise_or", bitwise_or),
    binary("bitwise_right_shift", right_shift),
    binary("bitwise_xor", bitwise_xor),
    binary("divide", divide),
    binary("divide_no_nan", divide_no_nan),
    binary("equal", equal),
    binary("floor_divide", floor_divide),
    binary("fmax", fmax),
    binary("fmin", fmin),
    binary("fmod", fmod),
    binary("gcd", gcd),
    binary("greater", greater),
    binary("greater_equal", greater_equal),
    binary("heaviside", heaviside),
    binary("hypot", hypot),
    binary("lcm", lcm),
    binary("ldexp", ldexp),
    binary("left_shift", left_shift),
    binary("less", less),
    binary("less_equal", less_equal),
    binary("logaddexp", logaddexp),
    binary("logaddexp2", logaddexp2),
    binary("logical_and", logical_and),
    binary("logical_or", logical_or),
    binary("logical_xor", logical_xor),
    binary("maximum", maximum),
    binary("minimum", minimum),
    binary("mod", mod),
    binary("multiply", multiply),
    binary("nextafter", nextafter),
    binary("not_equal", not_equal),
    binary("power", power),
    binary("right_shift", right_shift),
    binary("subtract", subtract),
    binary("true_divide", divide),
    {"allclose", [](const Call& c) -> Result { return allclose(c[0], c[1], closeness(c)); }},
    {"clip", [](const Call& c) -> Result { return clip(c[0], c[1], c[2]); }},
    {"isclose", [](const Call& c) -> Result { return isclose(c[0], c[1], closeness(c)); }},
    {"nan_to_num",
     [](const Call& c) -> Result {
       return nan_to_num(
           c[0], {c.number("nan", 0), maybe_number(c, "posinf"), maybe_number(c, "neginf")});
     }},
    {"round", [](const Call& c) -> Result { return round(c[0], c.integer("decimals", 0)); }},
    {"view", [](const Call& c) -> Result { return view(c[0], c.dtype("dtype", c[0].dtype())); }},
    {"where", [](const Call& c) -> Result { return where(c[0], c[1], c[2]); }},
};

TEST(Names, NumpyElementwise) { prove("numpy_elementwise", kTable); }

}  // namespace
}  // namespace danlu::names
