#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "danlu/autodiff/derivatives.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Result rearrange_of(const Call& c) {
  std::map<std::string, int64_t> lengths;
  for (const char* name : {"h1", "w1", "x", "z"}) {
    if (c.has(name)) lengths[name] = c.integer(name, 0);
  }
  return rearrange(c[0], c.text("pattern"), lengths);
}

Result jvp_of(const Call& c) {
  if (c.variant() == "one argument") {
    return jvp([](const Array& a) { return sin(a) * sum(a); }, c[0], c[1]);
  }
  if (c.variant() == "two arguments") {
    using Pair = std::pair<Array, Array>;
    return jvp([](const Pair& p) { return tanh(matmul(p.first, p.second)); }, Pair{c[0], c[1]},
               Pair{c[2], c[3]});
  }
  // What a function returns beside its value is a leaf more, whose tangent may be left.
  const auto [values, tangents] = jvp(
      [](const Array& a) {
        return std::pair{exp(a), a * 2};
      },
      c[0], c[1]);
  return std::vector{values.first, tangents.first, values.second};
}

const std::vector<Entry> kTable = {
    {"view_as_complex",
     [](const Call& c) -> Result {
       return c.variant() == "abs" ? abs(view_as_complex(c[0])) : view_as_complex(c[0]);
     }},
    {"view_as_real",
     [](const Call& c) -> Result {
       if (c.variant() == "of squares") return view_as_real(square(view_as_complex(c[0])));
       return view_as_real(c[0]);
     }},
    {"polar",
     [](const Call& c) -> Result {
       return c.variant() == "parts" ? view_as_real(polar(c[0], c[1])) : polar(c[0], c[1]);
     }},
    {"rearrange", rearrange_of},
    {"sparsemax",
     [](const Call& c) -> Result {
       return sparsemax(c[0], c.variant() == "axis 1" ? 1 : c.integer("axis", -1));
     }},
    {"jvp", jvp_of},
};

TEST(Names, CoreViews) { prove("core_views", kTable); }

}  // namespace
}  // namespace danlu::names
