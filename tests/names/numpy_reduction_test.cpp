#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/products.h"
#include "danlu/ops/reduction.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Entry over_axes(std::string name, Array (*function)(const Array&, const Axes&, bool)) {
  return {std::move(name), [function](const Call& c) -> Result {
            return function(c[0], c.integers("axis"), c.flag("keepdims"));
          }};
}

Entry along_axis(std::string name, Array (*function)(const Array&, std::optional<int64_t>, bool)) {
  return {std::move(name), [function](const Call& c) -> Result {
            return function(c[0], c.maybe_integer("axis"), c.flag("keepdims"));
          }};
}

Entry running(std::string name, Array (*function)(const Array&, std::optional<int64_t>)) {
  return {std::move(name),
          [function](const Call& c) -> Result { return function(c[0], c.maybe_integer("axis")); }};
}

Entry extremum(std::string name, Array (*function)(const Array&, const Axes&, bool),
               Array (*from)(const Array&, const Axes&, bool, const Array&)) {
  return {std::move(name), [function, from](const Call& c) -> Result {
            const Axes axes = c.integers("axis");
            if (!c.has("initial")) return function(c[0], axes, c.flag("keepdims"));
            return from(c[0], axes, c.flag("keepdims"), c.array("initial"));
          }};
}

Result tensordot_of(const Call& c) {
  if (!c.has("axes")) return tensordot(c[0], c[1]);
  const Json& axes = c.json("axes");
  if (axes.is_int()) return tensordot(c[0], c[1], axes.as_int());
  std::vector<int64_t> left, right;
  for (const Json& axis : axes[0].items()) left.push_back(axis.as_int());
  for (const Json& axis : axes[1].items()) right.push_back(axis.as_int());
  return tensordot(c[0], c[1], left, right);
}

Result cross_of(const Call& c) {
  return cross(c[0], c[1],
               {c.integer("axisa", -1), c.integer("axisb", -1), c.integer("axisc", -1),
                c.maybe_integer("axis")});
}

const std::vector<Entry> kTable = {
    extremum("max", max, max),
    extremum("min", min, min),
    over_axes("amax", amax),
    over_axes("amin", amin),
    over_axes("ptp", ptp),
    over_axes("prod", prod),
    over_axes("sum", sum),
    over_axes("mean", mean),
    over_axes("var", var),
    over_axes("std", std),
    over_axes("all", all),
    over_axes("any", any),
    over_axes("nansum", nansum),
    over_axes("nanprod", nanprod),
    over_axes("nanmax", nanmax),
    over_axes("nanmin", nanmin),
    over_axes("nanmean", nanmean),
    over_axes("nanvar", nanvar),
    over_axes("nanstd", nanstd),
    along_axis("argmax", argmax),
    along_axis("argmin", argmin),
    along_axis("nanargmax", nanargmax),
    along_axis("nanargmin", nanargmin),
    running("cumsum", cumsum),
    running("cumprod", cumprod),
    running("nancumsum", nancumsum),
    running("nancumprod", nancumprod),
    binary("dot", dot),
    binary("inner", inner),
    binary("outer", outer),
    binary("vdot", vdot),
    binary("kron", kron),
    {"average",
     [](const Call& c) -> Result {
       return average(c[0], c.integers("axis"), c.maybe_array("weights"));
     }},
    {"corrcoef", [](const Call& c) -> Result { return corrcoef(c[0]); }},
    {"correlate",
     [](const Call& c) -> Result { return correlate(c[0], c[1], c.text("mode", "valid")); }},
    {"count_nonzero",
     [](const Call& c) -> Result { return count_nonzero(c[0], c.integers("axis")); }},
    {"cross", cross_of},
    {"diff",
     [](const Call& c) -> Result { return diff(c[0], c.integer("n", 1), c.integer("axis", -1)); }},
    {"einsum",
     [](const Call& c) -> Result { return einsum(c.text("subscripts"), c.arrays("operands")); }},
    {"matmul", [](const Call& c) -> Result { return matmul(c[0], c[1]); }},
    {"tensordot", tensordot_of},
    {"trapezoid",
     [](const Call& c) -> Result {
       return trapezoid(c[0], c.maybe_array("x"), c.number("dx", 1), c.integer("axis", -1));
     }},
};

TEST(Names, NumpyReduction) { prove("numpy_reduction", kTable); }

}  // namespace
}  // namespace danlu::names
