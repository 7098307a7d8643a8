#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

std::optional<DType> maybe_dtype(const Call& c) {
  if (!c.has("dtype")) return {};
  return c.dtype("dtype", DType::float32);
}

const std::vector<Entry> kTable = {
    {"cast", [](const Call& c) -> Result { return cast(c[0], c.dtype("dtype", c[0].dtype())); }},
    binary("cdist", cdist),
    {"convert_to_tensor",
     [](const Call& c) -> Result { return convert_to_tensor(c[0], maybe_dtype(c)); }},
    {"dtype", [](const Call& c) -> Result { return Json(name(c[0].dtype())); }},
    unary("erf", erf),
    unary("erfc", erfc),
    unary("erfinv", erfinv),
    {"extract_sequences",
     [](const Call& c) -> Result {
       return extract_sequences(c[0], c.integer("sequence_length", 0),
                                c.integer("sequence_stride", 0));
     }},
    {"in_top_k", [](const Call& c) -> Result { return in_top_k(c[0], c[1], c.integer("k", 1)); }},
    {"logsumexp",
     [](const Call& c) -> Result {
       return logsumexp(c[0], c.integers("axis"), c.flag("keepdims"));
     }},
    unary("rsqrt", rsqrt),
    {"saturate_cast",
     [](const Call& c) -> Result { return saturate_cast(c[0], c.dtype("dtype", c[0].dtype())); }},
    {"segment_sum",
     [](const Call& c) -> Result {
       return segment_sum(c[0], c[1], c.maybe_integer("num_segments"));
     }},
    {"shape", [](const Call& c) -> Result { return Json(c[0].shape().to_vector()); }},
    unary("stop_gradient", stop_gradient),
    {"unstack",
     [](const Call& c) -> Result {
       return unstack(c[0], c.maybe_integer("num"), c.integer("axis", 0));
     }},
};

TEST(Names, CoreMath) { prove("core_math", kTable); }

}  // namespace
}  // namespace danlu::names
