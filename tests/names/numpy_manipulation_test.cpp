#include <gtest/gtest.h>

#include "danlu/ops/creation.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

using Arrays = std::vector<Array>;
using Integers = std::vector<int64_t>;

std::optional<DType> maybe_dtype(const Call& c) {
  if (!c.has("dtype")) return {};
  return c.dtype("dtype", DType::float32);
}

Shape shape_of(const Call& c, std::string_view name = "shape") { return Shape(c.integers(name)); }

Result arange_of(const Call& c) {
  const bool single = !c.has("stop");
  const bool whole = c.json("start").is_int() && (single || c.json("stop").is_int()) &&
                     (!c.has("step") || c.json("step").is_int());
  if (whole) {
    const int64_t first = c.integer("start", 0);
    if (single && !c.has("dtype")) return arange(first);
    return arange(single ? 0 : first, single ? first : c.integer("stop", 0), c.integer("step", 1),
                  maybe_dtype(c));
  }
  return arange(c.number("start", 0), c.number("stop", 0), c.number("step", 1), maybe_dtype(c));
}

Entry splitting(std::string name, Arrays (*into)(const Array&, int64_t),
                Arrays (*at)(const Array&, const Integers&)) {
  return {std::move(name), [into, at](const Call& c) -> Result {
            const Json& wanted = c.json("indices_or_sections");
            if (wanted.is_int()) return into(c[0], wanted.as_int());
            return at(c[0], c.integers("indices_or_sections"));
          }};
}

Result split_of(const Call& c) {
  const int64_t axis = c.integer("axis", 0);
  const Json& wanted = c.json("indices_or_sections");
  if (wanted.is_int()) return split(c[0], wanted.as_int(), axis);
  return split(c[0], c.integers("indices_or_sections"), axis);
}

SpaceOptions space(const Call& c) {
  return {c.integer("num", 50), c.flag("endpoint", true), maybe_dtype(c), c.integer("axis", 0)};
}

Result linspace_of(const Call& c) {
  if (c.flag("retstep")) return linspace_with_step(c[0], c[1], space(c));
  return linspace(c[0], c[1], space(c));
}

Result repeat_of(const Call& c) {
  if (c.json("repeats").is_int()) {
    return repeat(c[0], c.integer("repeats", 1), c.maybe_integer("axis"));
  }
  return repeat(c[0], c.array("repeats").to_vector<int64_t>(), c.maybe_integer("axis"));
}

Number fill(const Call& c) {
  if (c.json("fill_value").is_int()) return c.integer("fill_value", 0);
  return c.number("fill_value", 0);
}

Result pad_of(const Call& c) {
  std::vector<std::array<int64_t, 2>> widths;
  for (const Json& pair : c.json("pad_width").items()) {
    widths.push_back({pair[0].as_int(), pair[1].as_int()});
  }
  return pad(c[0], widths, c.text("mode", "constant"), c.number("constant_values", 0));
}

Result expand_dims_of(const Call& c) {
  if (c.json("axis").is_int()) return expand_dims(c[0], c.integer("axis", 0));
  return expand_dims(c[0], c.integers("axis"));
}

Result squeeze_of(const Call& c) {
  if (!c.has("axis") || c.json("axis").is_int()) return squeeze(c[0], c.maybe_integer("axis"));
  return squeeze(c[0], c.integers("axis"));
}

Result rot90_of(const Call& c) {
  const Integers axes = c.has("axes") ? c.integers("axes") : Integers{0, 1};
  return rot90(c[0], c.integer("k", 1), {axes[0], axes[1]});
}

const std::vector<Entry> kTable = {
    {"append", [](const Call& c) -> Result { return append(c[0], c[1], c.maybe_integer("axis")); }},
    {"arange", arange_of},
    {"array", [](const Call& c) -> Result { return convert_to_tensor(c[0], maybe_dtype(c)); }},
    {"array_split",
     [](const Call& c) -> Result {
       return array_split(c[0], c.integer("indices_or_sections", 1), c.integer("axis", 0));
     }},
    {"bartlett", [](const Call& c) -> Result { return bartlett(c.integer("x", 0)); }},
    {"blackman", [](const Call& c) -> Result { return blackman(c.integer("x", 0)); }},
    {"broadcast_to", [](const Call& c) -> Result { return broadcast_to(c[0], shape_of(c)); }},
    {"concatenate",
     [](const Call& c) -> Result { return concatenate(c.arrays("xs"), c.integer("axis", 0)); }},
    {"diag", [](const Call& c) -> Result { return diag(c[0], c.integer("k", 0)); }},
    {"diagflat", [](const Call& c) -> Result { return diagflat(c[0], c.integer("k", 0)); }},
    {"diagonal",
     [](const Call& c) -> Result {
       return diagonal(c[0], c.integer("offset", 0), c.integer("axis1", 0), c.integer("axis2", 1));
     }},
    splitting("dsplit", dsplit, dsplit),
    {"dstack", [](const Call& c) -> Result { return dstack(c.arrays("xs")); }},
    {"empty",
     [](const Call& c) -> Result { return empty(shape_of(c), c.dtype("dtype", DType::float32)); }},
    {"empty_like", [](const Call& c) -> Result { return empty_like(c[0], maybe_dtype(c)); }},
    {"expand_dims", expand_dims_of},
    {"eye",
     [](const Call& c) -> Result {
       return eye(c.integer("N", 0), c.maybe_integer("M"), c.integer("k", 0),
                  c.dtype("dtype", DType::float32));
     }},
    {"flip", [](const Call& c) -> Result { return flip(c[0], c.integers("axis")); }},
    unary("fliplr", fliplr),
    unary("flipud", flipud),
    {"full", [](const Call& c) -> Result { return full(shape_of(c), fill(c), maybe_dtype(c)); }},
    {"full_like", [](const Call& c) -> Result { return full_like(c[0], fill(c), maybe_dtype(c)); }},
    {"geomspace", [](const Call& c) -> Result { return geomspace(c[0], c[1], space(c)); }},
    {"hamming", [](const Call& c) -> Result { return hamming(c.integer("x", 0)); }},
    {"hanning", [](const Call& c) -> Result { return hanning(c.integer("x", 0)); }},
    splitting("hsplit", hsplit, hsplit),
    {"hstack", [](const Call& c) -> Result { return hstack(c.arrays("xs")); }},
    {"identity",
     [](const Call& c) -> Result {
       return identity(c.integer("n", 0), c.dtype("dtype", DType::float32));
     }},
    {"kaiser",
     [](const Call& c) -> Result { return kaiser(c.integer("x", 0), c.number("beta", 0)); }},
    {"linspace", linspace_of},
    {"logspace",
     [](const Call& c) -> Result { return logspace(c[0], c[1], c.number("base", 10), space(c)); }},
    {"meshgrid",
     [](const Call& c) -> Result { return meshgrid(c.arrays("x"), c.text("indexing", "xy")); }},
    {"moveaxis",
     [](const Call& c) -> Result {
       return moveaxis(c[0], c.integers("source"), c.integers("destination"));
     }},
    {"ndim", [](const Call& c) -> Result { return Json(c[0].rank()); }},
    {"ones",
     [](const Call& c) -> Result { return ones(shape_of(c), c.dtype("dtype", DType::float32)); }},
    {"ones_like", [](const Call& c) -> Result { return ones_like(c[0], maybe_dtype(c)); }},
    {"pad", pad_of},
    unary("ravel", ravel),
    {"repeat", repeat_of},
    {"reshape", [](const Call& c) -> Result { return reshape(c[0], shape_of(c, "newshape")); }},
    {"roll",
     [](const Call& c) -> Result { return roll(c[0], c.integers("shift"), c.integers("axis")); }},
    {"rot90", rot90_of},
    {"select",
     [](const Call& c) -> Result {
       return select(c.arrays("condlist"), c.arrays("choicelist"),
                     c.has("default") ? c.array("default") : Array(0));
     }},
    {"size", [](const Call& c) -> Result { return Json(c[0].size()); }},
    {"split", split_of},
    {"squeeze", squeeze_of},
    {"stack", [](const Call& c) -> Result { return stack(c.arrays("x"), c.integer("axis", 0)); }},
    {"swapaxes",
     [](const Call& c) -> Result {
       return swapaxes(c[0], c.integer("axis1", 0), c.integer("axis2", 0));
     }},
    {"tile", [](const Call& c) -> Result { return tile(c[0], c.integers("repeats")); }},
    {"trace",
     [](const Call& c) -> Result {
       return trace(c[0], c.integer("offset", 0), c.integer("axis1", 0), c.integer("axis2", 1));
     }},
    {"transpose", [](const Call& c) -> Result { return transpose(c[0], c.integers("axes")); }},
    {"tri",
     [](const Call& c) -> Result {
       return tri(c.integer("N", 0), c.maybe_integer("M"), c.integer("k", 0),
                  c.dtype("dtype", DType::float32));
     }},
    {"tril", [](const Call& c) -> Result { return tril(c[0], c.integer("k", 0)); }},
    {"triu", [](const Call& c) -> Result { return triu(c[0], c.integer("k", 0)); }},
    {"vander",
     [](const Call& c) -> Result {
       return vander(c[0], c.maybe_integer("N"), c.flag("increasing"));
     }},
    splitting("vsplit", vsplit, vsplit),
    {"vstack", [](const Call& c) -> Result { return vstack(c.arrays("xs")); }},
    {"zeros",
     [](const Call& c) -> Result { return zeros(shape_of(c), c.dtype("dtype", DType::float32)); }},
    {"zeros_like", [](const Call& c) -> Result { return zeros_like(c[0], maybe_dtype(c)); }},
};

TEST(Names, NumpyManipulation) { prove("numpy_manipulation", kTable); }

}  // namespace
}  // namespace danlu::names
