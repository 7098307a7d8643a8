#include "danlu/nn/initializers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"

namespace danlu {
namespace {

using Kind = Initializer::Kind;
using Mode = Initializer::Mode;
using Spec = Initializer::Spec;

/// Standard deviation of a standard normal cut off at ±2.
constexpr double kTruncatedStddev = 0.87962566103423978;

const std::array<Spec, 12>& known() {
  static const std::array<Spec, 12> specs = {{
      {.name = "zeros"},
      {.name = "ones", .a = 1},
      {.name = "constant"},
      {.name = "random_normal", .kind = Kind::normal, .b = 0.05},
      {.name = "random_uniform", .kind = Kind::uniform, .a = -0.05, .b = 0.05},
      {.name = "truncated_normal", .kind = Kind::truncated_normal, .b = 0.05},
      {.name = "glorot_uniform", .kind = Kind::scaled, .b = 1},
      {.name = "glorot_normal", .kind = Kind::scaled, .b = 1, .uniform = false},
      {.name = "he_uniform", .kind = Kind::scaled, .b = 2, .mode = Mode::fan_in},
      {.name = "he_normal", .kind = Kind::scaled, .b = 2, .mode = Mode::fan_in, .uniform = false},
      {.name = "lecun_uniform", .kind = Kind::scaled, .b = 1, .mode = Mode::fan_in},
      {.name = "lecun_normal",
       .kind = Kind::scaled,
       .b = 1,
       .mode = Mode::fan_in,
       .uniform = false},
  }};
  return specs;
}

const Spec& find_known(const std::string& name) {
  std::string names;
  for (const Spec& spec : known()) {
    if (spec.name == name) return spec;
    names += (names.empty() ? "" : ", ") + spec.name;
  }
  throw ValueError({.where = "initializer",
                    .what = "There is no initializer of this name",
                    .expected = "one of " + names,
                    .received = "\"" + name + "\""});
}

Spec seeded(const char* name, std::optional<int64_t> seed) {
  Spec spec = find_known(name);
  spec.seed = seed;
  return spec;
}

Spec with_range(const char* name, double a, double b, std::optional<int64_t> seed) {
  Spec spec = seeded(name, seed);
  spec.a = a;
  spec.b = b;
  return spec;
}

Array stream_state(const Spec& spec) {
  const int64_t seed = spec.seed ? *spec.seed : next_random_seed();
  return Array(std::vector<int64_t>{seed, 0});
}

Array draw_scaled(const Spec& spec, const Shape& shape, DType dtype) {
  const Fans fans = compute_fans(shape);
  const double fan = spec.mode == Mode::fan_in    ? fans.in
                     : spec.mode == Mode::fan_out ? fans.out
                                                  : (fans.in + fans.out) / 2;
  const double variance = spec.b / std::max(1.0, fan);
  if (spec.uniform) {
    const double limit = std::sqrt(3 * variance);
    return random::uniform(stream_state(spec), shape, -limit, limit, dtype);
  }
  const double stddev = std::sqrt(variance) / kTruncatedStddev;
  return random::truncated_normal(stream_state(spec), shape, 0, stddev, dtype);
}

}  // namespace

Initializer::Initializer(const std::string& name) : spec_(find_known(name)) {}

Initializer::Initializer(Function function)
    : spec_{.name = "custom", .kind = Kind::custom}, function_(std::move(function)) {}

Array Initializer::operator()(const Shape& shape, DType dtype) const {
  switch (spec_.kind) {
    case Kind::constant:
      return full(shape, spec_.a, dtype);
    case Kind::normal:
      return random::normal(stream_state(spec_), shape, spec_.a, spec_.b, dtype);
    case Kind::uniform:
      return random::uniform(stream_state(spec_), shape, spec_.a, spec_.b, dtype);
    case Kind::truncated_normal:
      return random::truncated_normal(stream_state(spec_), shape, spec_.a, spec_.b, dtype);
    case Kind::scaled:
      return draw_scaled(spec_, shape, dtype);
    case Kind::custom:
      break;
  }
  Array values = function_(shape, dtype);
  if (values.shape() != shape) {
    throw ShapeError({.where = "initializer",
                      .what = "The function returned values of another shape",
                      .expected = shape.to_string(),
                      .received = values.shape().to_string()});
  }
  return values;
}

Fans compute_fans(const Shape& shape) {
  if (shape.rank() == 0) return {};
  if (shape.rank() == 1) return {double(shape[0]), double(shape[0])};
  double receptive = 1;
  for (int axis = 0; axis < shape.rank() - 2; ++axis) receptive *= double(shape[axis]);
  return {double(shape[-2]) * receptive, double(shape[-1]) * receptive};
}

namespace initializers {

Zeros::Zeros() : Initializer("zeros") {}
Ones::Ones() : Initializer("ones") {}
Constant::Constant(ConstantConfig c) : Initializer(with_range("constant", c.value, 0, {})) {}
RandomNormal::RandomNormal(NormalConfig c)
    : Initializer(with_range("random_normal", c.mean, c.stddev, c.seed)) {}
RandomUniform::RandomUniform(UniformConfig c)
    : Initializer(with_range("random_uniform", c.minval, c.maxval, c.seed)) {}
TruncatedNormal::TruncatedNormal(NormalConfig c)
    : Initializer(with_range("truncated_normal", c.mean, c.stddev, c.seed)) {}
GlorotUniform::GlorotUniform(SeedConfig c) : Initializer(seeded("glorot_uniform", c.seed)) {}
GlorotNormal::GlorotNormal(SeedConfig c) : Initializer(seeded("glorot_normal", c.seed)) {}
HeUniform::HeUniform(SeedConfig c) : Initializer(seeded("he_uniform", c.seed)) {}
HeNormal::HeNormal(SeedConfig c) : Initializer(seeded("he_normal", c.seed)) {}
LecunUniform::LecunUniform(SeedConfig c) : Initializer(seeded("lecun_uniform", c.seed)) {}
LecunNormal::LecunNormal(SeedConfig c) : Initializer(seeded("lecun_normal", c.seed)) {}

}  // namespace initializers
}  // namespace danlu
