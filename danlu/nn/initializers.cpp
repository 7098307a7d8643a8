#include "danlu/nn/initializers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/nn/global_state.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/random.h"

namespace danlu {
namespace {

using Distribution = Initializer::Distribution;
using Kind = Initializer::Kind;
using Mode = Initializer::Mode;
using Spec = Initializer::Spec;

/// Standard deviation of a standard normal cut off at ±2.
constexpr double kTruncatedStddev = 0.87962566103423978;
constexpr Distribution kTruncated = Distribution::truncated_normal;

const std::array<Spec, 16>& known() {
  static const std::array<Spec, 16> specs = {{
      {.name = "zeros"},
      {.name = "ones", .a = 1},
      {.name = "constant"},
      {.name = "random_normal", .kind = Kind::normal, .b = 0.05},
      {.name = "random_uniform", .kind = Kind::uniform, .a = -0.05, .b = 0.05},
      {.name = "truncated_normal", .kind = Kind::truncated_normal, .b = 0.05},
      {.name = "glorot_uniform", .kind = Kind::scaled, .b = 1},
      {.name = "glorot_normal", .kind = Kind::scaled, .b = 1, .distribution = kTruncated},
      {.name = "he_uniform", .kind = Kind::scaled, .b = 2, .mode = Mode::fan_in},
      {.name = "he_normal",
       .kind = Kind::scaled,
       .b = 2,
       .mode = Mode::fan_in,
       .distribution = kTruncated},
      {.name = "lecun_uniform", .kind = Kind::scaled, .b = 1, .mode = Mode::fan_in},
      {.name = "lecun_normal",
       .kind = Kind::scaled,
       .b = 1,
       .mode = Mode::fan_in,
       .distribution = kTruncated},
      {.name = "variance_scaling",
       .kind = Kind::scaled,
       .b = 1,
       .mode = Mode::fan_in,
       .distribution = kTruncated},
      {.name = "orthogonal", .kind = Kind::orthogonal, .a = 1},
      {.name = "identity", .kind = Kind::identity, .a = 1},
      {.name = "stft", .kind = Kind::stft},
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
  const Fans fans = compute_fans(shape, spec);
  const double fan = spec.mode == Mode::fan_in    ? fans.in
                     : spec.mode == Mode::fan_out ? fans.out
                                                  : (fans.in + fans.out) / 2;
  const double variance = spec.b / std::max(1.0, fan);
  switch (spec.distribution) {
    case Distribution::uniform: {
      const double limit = std::sqrt(3 * variance);
      return random::uniform(stream_state(spec), shape, -limit, limit, dtype);
    }
    case Distribution::untruncated_normal:
      return random::normal(stream_state(spec), shape, 0, std::sqrt(variance), dtype);
    case Distribution::truncated_normal:
      break;
  }
  const double stddev = std::sqrt(variance) / kTruncatedStddev;
  return random::truncated_normal(stream_state(spec), shape, 0, stddev, dtype);
}

void require_shape(bool fits, const char* where, const char* expected, const Shape& shape) {
  if (fits) return;
  throw ShapeError({.where = where,
                    .what = "The initializer cannot fill a weight of this shape",
                    .expected = expected,
                    .received = shape.to_string()});
}

Array draw_orthogonal(const Spec& spec, const Shape& shape, DType dtype) {
  require_shape(shape.rank() >= 2, "Orthogonal", "at least two axes", shape);
  const int64_t columns = shape[-1], rows = columns == 0 ? 0 : shape.num_elements() / columns;
  const Shape flat{std::max(rows, columns), std::min(rows, columns)};
  const DType exact = promote(dtype, DType::float32);  // 16 bits are not decomposed
  const auto [q, r] = qr(random::normal(stream_state(spec), flat, 0, 1, exact));
  const Array even = q * sign(diag(r));  // of all signs the distribution has none of its own
  return cast(spec.a * reshape(rows < columns ? transpose(even) : even, shape), dtype);
}

/// The window of `length` points that SciPy gives; `periodic` as its fftbins.
std::vector<double> window_of(const std::string& name, int64_t length, bool periodic) {
  const double mean = name == "hann" ? 0.5 : name == "hamming" ? 0.54 : 1;
  const double period = static_cast<double>(periodic || length == 1 ? length : length - 1);
  std::vector<double> window;
  for (int64_t i = 0; i < length; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / period;
    window.push_back(length == 1 ? 1 : mean - (1 - mean) * std::cos(angle));
  }
  return window;
}

Array stft_kernel(const Spec& spec, const Shape& shape, DType dtype) {
  require_shape(shape.rank() == 3 && shape[1] == 1 && shape[2] > 1, "STFT",
                "(frame length, 1, frequencies), with more than one frequency", shape);
  const int64_t frame = shape[0], frequencies = shape[2];
  std::vector<double> window(static_cast<size_t>(frame), 1.0);
  double scale = 1;
  if (spec.window) {
    window = window_of(*spec.window, frame, spec.periodic);
    double squares = 0, sizes = 0;
    for (const double w : window) squares += w * w, sizes += std::abs(w);
    if (spec.scaling) scale = *spec.scaling == "density" ? std::sqrt(squares) : sizes;
  }
  std::vector<double> kernel;
  for (int64_t t = 0; t < frame; ++t) {
    for (int64_t f = 0; f < frequencies; ++f) {
      const double angle = -std::numbers::pi * static_cast<double>(t) * static_cast<double>(f) /
                           static_cast<double>(frequencies - 1);
      const double wave = spec.side == "real" ? std::cos(angle) : std::sin(angle);
      kernel.push_back(wave * window[static_cast<size_t>(t)] / scale);
    }
  }
  return cast(Array(kernel, shape), dtype);
}

/// `value` as the place of its name in `names`. Errors: ValueError, which lists them.
size_t index_of(const char* where, const char* field, const std::string& value,
                const std::vector<std::string>& names) {
  std::string all;
  for (size_t i = 0; i < names.size(); ++i) {
    if (value == names[i]) return i;
    all += (all.empty() ? "\"" : ", \"") + names[i] + "\"";
  }
  throw ValueError({.where = where,
                    .what = std::string("`") + field + "` is unknown",
                    .expected = "one of " + all,
                    .received = "\"" + value + "\""});
}

}  // namespace

Initializer::Initializer(const std::string& name) : spec_(find_known(name)) {}

Initializer::Initializer(Spec spec) : spec_(std::move(spec)) { internal::check_spec(spec_); }

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
    case Kind::orthogonal:
      return draw_orthogonal(spec_, shape, dtype);
    case Kind::identity:
      require_shape(shape.rank() == 2, "Identity", "two axes", shape);
      return spec_.a * eye(shape[0], shape[1], 0, dtype);
    case Kind::stft:
      return stft_kernel(spec_, shape, dtype);
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

Fans compute_fans(const Shape& shape, const Spec& spec) {
  if (!spec.input_axes || !spec.output_axes) return compute_fans(shape);
  const auto count = [&](const std::vector<int64_t>& axes) {
    double product = 1;
    for (const int64_t axis : axes) {
      product *= static_cast<double>(shape[normalize_axis(axis, shape.rank(), "axes")]);
    }
    return product;
  };
  return {count(*spec.input_axes), count(*spec.output_axes)};
}

namespace internal {

void set_names(Spec& spec, const std::string& mode, const std::string& distribution) {
  const char* where = "VarianceScaling";
  spec.mode = static_cast<Mode>(index_of(where, "mode", mode, {"fan_in", "fan_out", "fan_avg"}));
  const std::string known = distribution == "normal" ? "truncated_normal" : distribution;
  spec.distribution = static_cast<Distribution>(index_of(
      where, "distribution", known, {"uniform", "truncated_normal", "untruncated_normal"}));
}

const char* mode_name(Mode mode) {
  return std::array{"fan_in", "fan_out", "fan_avg"}[static_cast<size_t>(mode)];
}

const char* distribution_name(Distribution distribution) {
  return std::array{"uniform", "truncated_normal",
                    "untruncated_normal"}[static_cast<size_t>(distribution)];
}

void check_spec(const Spec& spec) {
  if (spec.kind == Kind::scaled && !(spec.b > 0)) {
    throw ValueError({.where = "VarianceScaling",
                      .what = "`scale` must be positive",
                      .received = "scale=" + number_text(spec.b)});
  }
  if (spec.input_axes.has_value() != spec.output_axes.has_value()) {
    throw ValueError({.where = "initializer",
                      .what = "There are axes of inputs or of outputs only",
                      .expected = "both of input_axes and output_axes, or none"});
  }
  if (spec.kind != Kind::stft) return;
  index_of("STFT", "side", spec.side, {"real", "imag"});
  if (spec.window) index_of("STFT", "window", *spec.window, {"hann", "hamming", "boxcar"});
  if (spec.scaling) index_of("STFT", "scaling", *spec.scaling, {"density", "spectrum"});
}

}  // namespace internal

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

VarianceScaling::VarianceScaling(VarianceScalingConfig c)
    : Initializer([&] {
        Spec spec = seeded("variance_scaling", c.seed);
        spec.b = c.scale;
        spec.input_axes = c.input_axes, spec.output_axes = c.output_axes;
        danlu::internal::set_names(spec, c.mode, c.distribution);
        return spec;
      }()) {}
Orthogonal::Orthogonal(OrthogonalConfig c)
    : Initializer(with_range("orthogonal", c.gain, 0, c.seed)) {}
Identity::Identity(IdentityConfig c) : Initializer(with_range("identity", c.gain, 0, {})) {}
STFT::STFT(STFTConfig c)
    : Initializer([&] {
        Spec spec = find_known("stft");
        spec.side = c.side, spec.window = c.window, spec.scaling = c.scaling;
        spec.periodic = c.periodic;
        return spec;
      }()) {}

}  // namespace initializers
}  // namespace danlu
