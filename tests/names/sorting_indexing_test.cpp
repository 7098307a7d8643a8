#include <gtest/gtest.h>

#include <map>

#include "danlu/ops/indexing.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/sorting.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Array matrix(const std::vector<int>& values, const Shape& shape) { return Array(values, shape); }

/// The keys of tests/golden/names/cases/sorting_indexing.py.
const std::map<std::string, std::vector<Index>> kKeys = {
    {"number", {1}},
    {"last numbers", {-1, -2}},
    {"slices", {Slice{1, {}}, Slice{{}, {}, -2}}},
    {"ellipsis", {ellipsis, 1}},
    {"new axes", {newaxis, ellipsis, newaxis, Slice{0, 2}}},
    {"integers", {Array({0, -1}), Array({1, 2})}},
    {"integers and slice", {Slice{}, matrix({1, 0, 2, 2}, {2, 2})}},
    {"parted integers", {Array({0, 1, 1}), Slice{0, 2}, Array({1, 2, 3})}},
    {"number and integers", {1, Slice{}, Array({0, 3})}},
    {"neighbours", {Slice{}, matrix({0, 1}, {2, 1}), Array({1, 2, 3})}},
    {"mask", {Array(std::vector<bool>{true, false, true, false, false, true}, {2, 3})}},
    {"mask and number", {Array({true, false}), Slice{}, 2}},
    {"nothing", {Slice{2, 1}}},
};

Result unique_of(const Call& c) {
  const UniqueResult found = unique(c[0], {.axis = c.maybe_integer("axis"),
                                           .size = c.maybe_integer("size"),
                                           .fill_value = c.number("fill_value", 0)});
  std::vector<Array> results = {found.values};
  if (c.flag("return_index")) results.push_back(found.index);
  if (c.flag("return_inverse")) results.push_back(found.inverse);
  if (c.flag("return_counts")) results.push_back(found.counts);
  return results;
}

Result histogram_of(const Call& c) {
  HistogramOptions options{.bins = c.integer("bins", 10)};
  if (c.has("range")) {
    options.range = {c.json("range")[0].as_double(), c.json("range")[1].as_double()};
  }
  return histogram(c[0], options);
}

const std::vector<Entry> kTable = {
    {"sort", [](const Call& c) -> Result { return sort(c[0], c.integer("axis", -1)); }},
    {"argsort", [](const Call& c) -> Result { return argsort(c[0], c.integer("axis", -1)); }},
    {"argpartition",
     [](const Call& c) -> Result {
       return argpartition(c[0], c.integer("kth", 0), c.integer("axis", -1));
     }},
    {"top_k", [](const Call& c) -> Result { return top_k(c[0], c.integer("k", 1)); }},
    {"in_top_k", [](const Call& c) -> Result { return in_top_k(c[0], c[1], c.integer("k", 1)); }},
    {"searchsorted",
     [](const Call& c) -> Result { return searchsorted(c[0], c[1], c.text("side", "left")); }},
    binary("digitize", digitize),
    {"bincount",
     [](const Call& c) -> Result {
       return bincount(c[0], {.weights = c.maybe_array("weights").value_or(Array()),
                              .minlength = c.integer("minlength", 0)});
     }},
    {"histogram", histogram_of},
    {"unique", unique_of},
    {"nonzero", [](const Call& c) -> Result { return nonzero(c[0]); }},
    {"take", [](const Call& c) -> Result { return take(c[0], c[1], c.maybe_integer("axis")); }},
    {"take_along_axis",
     [](const Call& c) -> Result {
       return c.has("axis") ? take_along_axis(c[0], c[1], c.integer("axis", 0))
                            : take_along_axis(c[0], c[1]);
     }},
    {"scatter",
     [](const Call& c) -> Result { return scatter(c[0], c[1], Shape(c.integers("shape"))); }},
    {"scatter_update",
     [](const Call& c) -> Result { return scatter_update(c[0], c[1], c[2], c.text("reduction")); }},
    {"slice",
     [](const Call& c) -> Result { return slice(c[0], c[1], Shape(c.integers("shape"))); }},
    {"slice_update", [](const Call& c) -> Result { return slice_update(c[0], c[1], c[2]); }},
    {"segment_sum",
     [](const Call& c) -> Result {
       return segment_sum(c[0], c[1], c.maybe_integer("num_segments"));
     }},
    {"segment_prod",
     [](const Call& c) -> Result {
       return segment_prod(c[0], c[1], c.maybe_integer("num_segments"));
     }},
    {"segment_max",
     [](const Call& c) -> Result {
       return segment_max(c[0], c[1], c.maybe_integer("num_segments"));
     }},
    {"segment_min",
     [](const Call& c) -> Result {
       return segment_min(c[0], c[1], c.maybe_integer("num_segments"));
     }},
    {"unravel_index",
     [](const Call& c) -> Result { return unravel_index(c[0], Shape(c.integers("shape"))); }},
    {"get_item", [](const Call& c) -> Result { return c[0][kKeys.at(c.variant())]; }},
};

TEST(Names, SortingIndexing) { prove("sorting_indexing", kTable); }

}  // namespace
}  // namespace danlu::names
