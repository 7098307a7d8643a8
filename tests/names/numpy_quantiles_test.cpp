#include <gtest/gtest.h>

#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Entry middle(std::string name, Array (*function)(const Array&, const Axes&, bool)) {
  return {std::move(name), [function](const Call& c) -> Result {
            return function(c[0], c.integers("axis"), c.flag("keepdims"));
          }};
}

Entry part(std::string name,
           Array (*function)(const Array&, const Array&, const QuantileOptions&)) {
  return {std::move(name), [function](const Call& c) -> Result {
            return function(c[0], c[1],
                            {.axis = c.integers("axis"),
                             .method = c.text("method", "linear"),
                             .keepdims = c.flag("keepdims")});
          }};
}

const std::vector<Entry> kTable = {
    {"isin",
     [](const Call& c) -> Result {
       return isin(c[0], c[1], {c.flag("assume_unique"), c.flag("invert")});
     }},
    middle("median", median),
    middle("nanmedian", nanmedian),
    part("quantile", quantile),
    part("nanquantile", nanquantile),
    part("percentile", percentile),
    part("nanpercentile", nanpercentile),
};

TEST(Names, NumpyQuantiles) { prove("numpy_quantiles", kTable); }

}  // namespace
}  // namespace danlu::names
