#include <gtest/gtest.h>

#include "danlu/ops/conv.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Entry over_axes(std::string name, Array (*function)(const Array&, const Axes&, bool)) {
  return {std::move(name), [function](const Call& c) -> Result {
            return function(c[0], c.integers("axis"), c.flag("keepdims"));
          }};
}

const std::vector<Entry> kTable = {
    unary("exp", exp),
    unary("sin", sin),
    unary("cos", cos),
    unary("tanh", tanh),
    unary("sigmoid", sigmoid),
    unary("relu", relu),
    {"gelu", [](const Call& c) -> Result { return gelu(c[0]); }},
    unary("softplus", softplus),
    unary("silu", silu),
    unary("erf", erf),
    unary("abs", abs),
    unary("negative", negative),
    unary("square", square),
    unary("floor", floor),
    unary("sign", sign),
    unary("isnan", isnan),
    {"softmax", [](const Call& c) -> Result { return softmax(c[0]); }},
    {"log_softmax", [](const Call& c) -> Result { return log_softmax(c[0]); }},
    unary("log", log),
    unary("sqrt", sqrt),
    unary("rsqrt", rsqrt),
    unary("reciprocal", reciprocal),
    unary("log1p", log1p),
    binary("add", add),
    binary("subtract", subtract),
    binary("multiply", multiply),
    binary("divide", divide),
    binary("maximum", maximum),
    binary("minimum", minimum),
    binary("less", less),
    binary("equal", equal),
    binary("power", power),
    {"matmul", [](const Call& c) -> Result { return matmul(c[0], c[1]); }},
    {"where", [](const Call& c) -> Result { return where(c[0], c[1], c[2]); }},
    {"concatenate",
     [](const Call& c) -> Result { return concatenate(c.arrays("xs"), c.integer("axis", 0)); }},
    {"transpose", [](const Call& c) -> Result { return transpose(c[0]); }},
    {"sort", [](const Call& c) -> Result { return sort(c[0]); }},
    {"argmax", [](const Call& c) -> Result { return argmax(c[0]); }},
    {"cumsum", [](const Call& c) -> Result { return cumsum(c[0]); }},
    {"conv",
     [](const Call& c) -> Result {
       return conv(c[0], c[1],
                   {.strides = c.has("strides") ? c.integers("strides") : std::vector<int64_t>{1},
                    .padding = c.text("padding", "valid")});
     }},
    over_axes("sum", sum),
    over_axes("mean", mean),
    over_axes("max", max),
    over_axes("min", min),
    over_axes("prod", prod),
    over_axes("var", var),
    over_axes("std", std),
    over_axes("logsumexp", logsumexp),
};

TEST(Names, NumpyHalf) { prove("numpy_half", kTable); }

}  // namespace
}  // namespace danlu::names
