#include <gtest/gtest.h>

#include "danlu/ops/attention.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Result attention(const Call& c) {
  DotProductAttentionOptions options{.bias = c.maybe_array("bias"),
                                     .mask = c.maybe_array("mask"),
                                     .is_causal = c.flag("is_causal")};
  if (c.has("scale")) options.scale = c.number("scale", 1);
  if (c.has("flash_attention")) options.flash_attention = c.flag("flash_attention");
  return dot_product_attention(c.array("query"), c.array("key"), c.array("value"), options);
}

const std::vector<Entry> kTable = {{"dot_product_attention", attention}};

TEST(Names, NnAttention) { prove("nn_attention", kTable); }

}  // namespace
}  // namespace danlu::names
