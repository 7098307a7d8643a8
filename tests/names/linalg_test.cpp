#include "danlu/ops/linalg.h"

#include <gtest/gtest.h>

#include "danlu/ops/matmul.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

std::optional<double> maybe_number(const Call& c, std::string_view name) {
  if (!c.has(name)) return {};
  return c.number(name, 0);
}

std::string order_of(const Call& c) {
  if (!c.has("ord")) return "";
  const Json& value = c.json("ord");
  if (value.is_string()) return value.as_string();
  if (value.is_int()) return std::to_string(value.as_int());
  // Infinities stand in an object, as JSON lacks them.
  if (const Json* number = value.is_object() ? value.find("number") : nullptr) {
    return number->as_string();
  }
  return std::to_string(value.as_double());
}

Result svd_of(const Call& c) {
  if (c.variant() == "reduced" || c.variant() == "full") {
    const SvdResult found = svd(c[0], c.variant() == "full");
    return std::vector<Array>{found.u, found.s, found.vh};
  }
  if (c.variant() == "product") {
    const SvdResult found = svd(c[0]);
    return std::vector<Array>{matmul(found.u, found.u, {.transpose_a = true}), found.s,
                              matmul(found.vh, found.vh, {.transpose_b = true})};
  }
  return svdvals(c[0]);
}

const std::vector<Entry> kTable = {
    {"cholesky", [](const Call& c) -> Result { return cholesky(c[0], c.flag("upper")); }},
    {"cholesky_inverse",
     [](const Call& c) -> Result { return cholesky_inverse(c[0], c.flag("upper")); }},
    unary("det", det),
    {"slogdet", [](const Call& c) -> Result { return slogdet(c[0]); }},
    unary("logdet", logdet),
    unary("inv", inv),
    binary("solve", solve),
    {"solve_triangular",
     [](const Call& c) -> Result { return solve_triangular(c[0], c[1], c.flag("lower")); }},
    {"lu_factor", [](const Call& c) -> Result { return lu_factor(c[0]); }},
    {"qr", [](const Call& c) -> Result { return qr(c[0], c.text("mode", "reduced")); }},
    {"svd", svd_of},
    {"eigh", [](const Call& c) -> Result { return eigh(c[0]); }},
    {"lstsq", [](const Call& c) -> Result { return lstsq(c[0], c[1], maybe_number(c, "rcond")); }},
    {"pinv", [](const Call& c) -> Result { return pinv(c[0], maybe_number(c, "rcond")); }},
    {"matrix_rank",
     [](const Call& c) -> Result { return matrix_rank(c[0], maybe_number(c, "tol")); }},
    {"norm",
     [](const Call& c) -> Result {
       return norm(
           c[0], {.ord = order_of(c), .axis = c.integers("axis"), .keepdims = c.flag("keepdims")});
     }},
};

TEST(Names, Linalg) { prove("linalg", kTable); }

}  // namespace
}  // namespace danlu::names
