#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// How the first values of a weight come about. Known names: zeros, ones, constant, random_normal,
/// random_uniform, truncated_normal, glorot_uniform, glorot_normal, he_uniform, he_normal,
/// lecun_uniform, lecun_normal.
///
/// Without a seed each call draws from a stream of its own, taken from `set_random_seed`'s
/// sequence; with one, every call gives the same numbers. Values are drawn in the dtype asked for.
/// Sources: Glorot and Bengio (2010); He et al. (2015); LeCun et al. (1998).
class Initializer {
 public:
  enum class Kind : uint8_t { constant, normal, uniform, truncated_normal, scaled, custom };
  enum class Mode : uint8_t { fan_in, fan_out, fan_avg };

  /// The parameters behind every initializer; the ones a kind does not use stay as they are.
  struct Spec {
    std::string name = "zeros";
    Kind kind = Kind::constant;
    double a = 0;  ///< the constant, the mean, or the lower end
    double b = 0;  ///< the standard deviation, the upper end, or the scale of the variance
    Mode mode = Mode::fan_avg;
    bool uniform = true;  ///< of `scaled`: uniform or truncated normal
    std::optional<int64_t> seed;
    friend bool operator==(const Spec&, const Spec&) = default;
  };
  using Function = std::function<Array(const Shape&, DType)>;

  Initializer() = default;
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Initializer(const std::string& name);
  Initializer(const char* name) : Initializer(std::string(name)) {}
  explicit Initializer(Spec spec) : spec_(std::move(spec)) {}
  /// A function of one's own.
  Initializer(Function function);

  const Spec& spec() const { return spec_; }
  const std::string& name() const { return spec_.name; }
  /// The values, lazily. Errors: ShapeError from a custom function of the wrong shape.
  Array operator()(const Shape& shape, DType dtype = DType::float32) const;

 private:
  Spec spec_;
  Function function_;
};

/// Inputs and outputs that one unit of a weight of `shape` sees, as Keras counts them:
/// (in, out) for matrices, times the receptive field for kernels (h, w, in, out).
struct Fans {
  double in = 1, out = 1;
};
Fans compute_fans(const Shape& shape);

namespace initializers {

struct SeedConfig {
  std::optional<int64_t> seed;
};
struct NormalConfig {
  double mean = 0;
  double stddev = 0.05;
  std::optional<int64_t> seed;
};
struct UniformConfig {
  double minval = -0.05;
  double maxval = 0.05;
  std::optional<int64_t> seed;
};
struct ConstantConfig {
  double value = 0;
};

class Zeros : public Initializer {
 public:
  Zeros();
};
class Ones : public Initializer {
 public:
  Ones();
};
class Constant : public Initializer {
 public:
  Constant(ConstantConfig config);
  Constant(double value) : Constant(ConstantConfig{value}) {}
};
class RandomNormal : public Initializer {
 public:
  RandomNormal(NormalConfig config = {});
};
class RandomUniform : public Initializer {
 public:
  RandomUniform(UniformConfig config = {});
};
/// Normal, redrawn beyond two standard deviations.
class TruncatedNormal : public Initializer {
 public:
  TruncatedNormal(NormalConfig config = {});
};
/// Uniform in ±sqrt(6 / (fan_in + fan_out)).
class GlorotUniform : public Initializer {
 public:
  GlorotUniform(SeedConfig config = {});
};
/// Truncated normal of variance 2 / (fan_in + fan_out).
class GlorotNormal : public Initializer {
 public:
  GlorotNormal(SeedConfig config = {});
};
/// Uniform in ±sqrt(6 / fan_in).
class HeUniform : public Initializer {
 public:
  HeUniform(SeedConfig config = {});
};
/// Truncated normal of variance 2 / fan_in.
class HeNormal : public Initializer {
 public:
  HeNormal(SeedConfig config = {});
};
/// Uniform in ±sqrt(3 / fan_in).
class LecunUniform : public Initializer {
 public:
  LecunUniform(SeedConfig config = {});
};
/// Truncated normal of variance 1 / fan_in.
class LecunNormal : public Initializer {
 public:
  LecunNormal(SeedConfig config = {});
};

}  // namespace initializers
}  // namespace danlu
