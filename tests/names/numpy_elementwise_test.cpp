#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

const std::vector<Entry> kTable = {
    unary("abs", abs),
    unary("absolute", abs),
    unary("ceil", ceil),
    unary("cos", cos),
    unary("exp", exp),
    unary("expm1", expm1),
    unary("floor", floor),
    unary("log", log),
    unary("log1p", log1p),
    unary("negative", negative),
    unary("reciprocal", reciprocal),
    unary("sign", sign),
    unary("sin", sin),
    unary("sqrt", sqrt),
    unary("square", square),
    unary("tanh", tanh),
    binary("add", add),
    binary("divide", divide),
    binary("maximum", maximum),
    binary("minimum", minimum),
    binary("multiply", multiply),
    binary("power", power),
    binary("subtract", subtract),
    binary("true_divide", divide),
};

TEST(Names, NumpyElementwise) { prove("numpy_elementwise", kTable); }

}  // namespace
}  // namespace danlu::names
