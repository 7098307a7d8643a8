#include <gtest/gtest.h>

#include "danlu/ops/nn.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

/// One number stands for both axes.
std::array<int64_t, 2> pair(const Call& c, std::string_view name, int64_t otherwise) {
  const std::vector<int64_t> given = c.integers(name);
  if (given.empty()) return {otherwise, otherwise};
  return {given.front(), given.back()};
}

PatchOptions options(const Call& c) {
  return {pair(c, "dilation", 1), pair(c, "padding", 0), pair(c, "stride", 1)};
}

const std::vector<Entry> kTable = {
    {"fold",
     [](const Call& c) -> Result {
       return fold(c[0], pair(c, "output_size", 1), pair(c, "kernel_size", 1), options(c));
     }},
    {"unfold",
     [](const Call& c) -> Result { return unfold(c[0], pair(c, "kernel_size", 1), options(c)); }},
};

TEST(Names, NnPatches) { prove("nn_patches", kTable); }

}  // namespace
}  // namespace danlu::names
