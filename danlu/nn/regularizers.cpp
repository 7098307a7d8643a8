#include "danlu/nn/regularizers.h"

#include <array>
#include <limits>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace regularizers {
namespace {

void check_factor(const char* where, const char* field, double value) {
  if (value >= 0 && value <= std::numeric_limits<double>::max()) return;
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` is out of range",
                    .expected = "a number of at least 0",
                    .received = field + ("=" + number_text(value))});
}

Array penalty(double l1, double l2, const Array& w) {
  Array total = Array::scalar(0.0, w.dtype());
  if (l1 != 0) total = total + l1 * sum(abs(w));
  if (l2 != 0) total = total + l2 * sum(square(w));
  return total;
}

Array overlap(const OrthogonalRegularizerConfig& c, const Array& w) {
  if (w.rank() != 2) {
    throw ShapeError({.where = "OrthogonalRegularizer",
                      .what = "The weight is no matrix",
                      .expected = "2 axes",
                      .received = w.shape().to_string()});
  }
  const bool rows = c.mode == "rows";
  const Array directions = normalize(w, {rows ? 1 : 0});
  const Array cosines = matmul(directions, directions, {.transpose_a = !rows, .transpose_b = rows});
  const int64_t n = w.shape()[rows ? 0 : 1];
  const Array pairs = cosines * (1.0 - eye(n, n, 0, w.dtype()));
  const double count = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  return c.factor * 0.5 * sum(abs(pairs)) / count;
}

}  // namespace

L1::L1(L1Config c)
    : Regularizer([c](const Array& w) { return penalty(c.l1, 0, w); }, "L1", config_to_json(c)) {
  check_factor("L1", "l1", c.l1);
}

L2::L2(L2Config c)
    : Regularizer([c](const Array& w) { return penalty(0, c.l2, w); }, "L2", config_to_json(c)) {
  check_factor("L2", "l2", c.l2);
}

L1L2::L1L2(L1L2Config c)
    : Regularizer([c](const Array& w) { return penalty(c.l1, c.l2, w); }, "L1L2",
                  config_to_json(c)) {
  check_factor("L1L2", "l1", c.l1);
  check_factor("L1L2", "l2", c.l2);
}

OrthogonalRegularizer::OrthogonalRegularizer(OrthogonalRegularizerConfig c)
    : Regularizer([c](const Array& w) { return overlap(c, w); }, "OrthogonalRegularizer",
                  config_to_json(c)) {
  check_factor("OrthogonalRegularizer", "factor", c.factor);
  if (c.mode == "rows" || c.mode == "columns") return;
  throw ValueError({.where = "OrthogonalRegularizer",
                    .what = "`mode` is unknown",
                    .expected = "\"rows\" or \"columns\"",
                    .received = "\"" + c.mode + "\""});
}

}  // namespace regularizers

namespace {

struct Entry {
  const char* class_name;
  const char* name;
  Regularizer (*make)(const Json&);
};

template <class R, class Config>
Regularizer make(const Json& config) {
  return R(config_from_json<Config>(config));
}

constexpr std::array kRegularizers = {
    Entry{"L1", "l1", make<regularizers::L1, regularizers::L1Config>},
    Entry{"L2", "l2", make<regularizers::L2, regularizers::L2Config>},
    Entry{"L1L2", "l1_l2", make<regularizers::L1L2, regularizers::L1L2Config>},
    Entry{"OrthogonalRegularizer", "orthogonal_regularizer",
          make<regularizers::OrthogonalRegularizer, regularizers::OrthogonalRegularizerConfig>},
};

Regularizer made(const std::string& name, const Json& config) {
  std::string names;
  for (const Entry& entry : kRegularizers) {
    if (name == entry.name || name == entry.class_name) return entry.make(config);
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw ValueError({.where = "regularizer",
                    .what = "There is no regularizer of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

}  // namespace

Regularizer::Regularizer(const std::string& name) : Regularizer(made(name, Json::object())) {}

Json to_json(const Regularizer& x) {
  return x.defined() ? object_json(x.class_name(), x.get_config()) : Json();
}

void from_json(const Json& json, Regularizer& x) {
  if (json.is_null()) {
    x = Regularizer();
  } else if (json.is_string()) {
    x = Regularizer(json.as_string());
  } else {
    x = made(json.at("class_name").as_string(), json.at("config"));
  }
}

}  // namespace danlu
