#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/reduction.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

const std::vector<Entry> kTable = {
    unary("real", real),
    unary("imag", imag),
    unary("conj", conj),
    unary("conjugate", conj),
    unary("angle", angle),
    unary("abs", abs),
    unary("negative", negative),
    unary("square", square),
    unary("exp", exp),
    unary("reciprocal", reciprocal),
    binary("add", add),
    binary("subtract", subtract),
    binary("multiply", multiply),
    binary("divide", divide),
    binary("equal", equal),
    binary("not_equal", not_equal),
    {"sum", [](const Call& c) -> Result { return sum(c[0]); }},
    {"mean", [](const Call& c) -> Result { return mean(c[0]); }},
    {"transpose", [](const Call& c) -> Result { return transpose(c[0]); }},
    {"matmul", [](const Call& c) -> Result { return matmul(c[0], c[1]); }},
    {"where", [](const Call& c) -> Result { return where(c[0], c[1], c[2]); }},
};

TEST(Names, NumpyComplex) { prove("numpy_complex", kTable); }

}  // namespace
}  // namespace danlu::names
