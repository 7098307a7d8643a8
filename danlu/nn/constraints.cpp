#include "danlu/nn/constraints.h"

#include <array>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace constraints {
namespace {

constexpr double kEpsilon = 1e-7;

Array norms(const Array& w, const std::vector<int64_t>& axis) {
  return sqrt(sum(square(w), axis, true));
}

}  // namespace

MaxNorm::MaxNorm(MaxNormConfig c)
    : Constraint(
          [c](const Array& w) {
            const Array norm = norms(w, c.axis);
            return w * (clip(norm, 0.0, c.max_value) / (kEpsilon + norm));
          },
          "MaxNorm", config_to_json(c)) {}

MinMaxNorm::MinMaxNorm(MinMaxNormConfig c)
    : Constraint(
          [c](const Array& w) {
            const Array norm = norms(w, c.axis);
            const Array wanted =
                c.rate * clip(norm, c.min_value, c.max_value) + (1 - c.rate) * norm;
            return w * (wanted / (kEpsilon + norm));
          },
          "MinMaxNorm", config_to_json(c)) {}

NonNeg::NonNeg()
    : Constraint([](const Array& w) { return maximum(w, 0.0); }, "NonNeg", Json::object()) {}

UnitNorm::UnitNorm(UnitNormConfig c)
    : Constraint([c](const Array& w) { return w / (kEpsilon + norms(w, c.axis)); }, "UnitNorm",
                 config_to_json(c)) {}

}  // namespace constraints

namespace {

struct Entry {
  const char* class_name;
  const char* name;
  Constraint (*make)(const Json&);
};

template <class C, class Config>
Constraint make(const Json& config) {
  return C(config_from_json<Config>(config));
}

constexpr std::array kConstraints = {
    Entry{"MaxNorm", "max_norm", make<constraints::MaxNorm, constraints::MaxNormConfig>},
    Entry{"MinMaxNorm", "min_max_norm",
          make<constraints::MinMaxNorm, constraints::MinMaxNormConfig>},
    Entry{"NonNeg", "non_neg", [](const Json&) -> Constraint { return constraints::NonNeg(); }},
    Entry{"UnitNorm", "unit_norm", make<constraints::UnitNorm, constraints::UnitNormConfig>},
};

Constraint made(const std::string& name, const Json& config) {
  std::string names;
  for (const Entry& entry : kConstraints) {
    if (name == entry.name || name == entry.class_name) return entry.make(config);
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw ValueError({.where = "constraint",
                    .what = "There is no constraint of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

}  // namespace

Constraint::Constraint(const std::string& name) : Constraint(made(name, Json::object())) {}

Json to_json(const Constraint& x) {
  return x.defined() ? object_json(x.class_name(), x.get_config()) : Json();
}

void from_json(const Json& json, Constraint& x) {
  if (json.is_null()) {
    x = Constraint();
  } else if (json.is_string()) {
    x = Constraint(json.as_string());
  } else {
    x = made(json.at("class_name").as_string(), json.at("config"));
  }
}

}  // namespace danlu
