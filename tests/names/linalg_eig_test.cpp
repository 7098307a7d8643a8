#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/linalg.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Result eig_of(const Call& c) {
  const auto [w, v] = eig(c[0]);
  if (c.variant() == "parts") return std::vector<Array>{view_as_real(w), view_as_real(v)};
  return std::vector<Array>{w, v};
}

TEST(Names, LinalgEig) { prove("linalg_eig", {{"eig", eig_of}}); }

}  // namespace
}  // namespace danlu::names
