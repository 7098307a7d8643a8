#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "danlu/core/array.h"

namespace danlu {

/// How the first values of a weight come about. Known names: zeros, ones, constant, random_normal,
/// random_uniform, truncated_normal, glorot_uniform, glorot_normal, he_uniform, he_normal,
/// lecun_uniform, lecun_normal, variance_scaling, orthogonal, identity, stft.
///
/// Without a seed each call draws from a stream of its own, taken from `set_random_seed`'s
/// sequence; with one, every call gives the same numbers. Values are drawn in the dtype asked for.
/// Sources: Glorot and Bengio (2010); He et al. (2015); LeCun et al. (1998); Saxe et al. (2014).
class Initializer {
 public:
  enum class Kind : uint8_t {
    constant,
    normal,
    uniform,
    truncated_normal,
    scaled,
    orthogonal,
    identity,
    stft,
    custom
  };
  enum class Mode : uint8_t { fan_in, fan_out, fan_avg };
  enum class Distribution : uint8_t { uniform, truncated_normal, untruncated_normal };

  /// The parameters behind every initializer; the ones a kind does not use stay as they are.
  struct Spec {
    std::string name = "zeros";
    Kind kind = Kind::constant;
    double a = 0;  ///< the constant, the mean, the lower end, or the gain
    double b = 0;  ///< the standard deviation, the upper end, or the scale of the variance
    Mode mode = Mode::fan_avg;
    Distribution distribution = Distribution::uniform;  ///< of `scaled`
    std::optional<int64_t> seed;
    /// Of `scaled`: axes that count the inputs and outputs of a unit; none: as `compute_fans`.
    std::optional<std::vector<int64_t>> input_axes, output_axes;
    std::string side = "real";                       ///< of `stft`
    std::optional<std::string> window = "hann";      ///< of `stft`
    std::optional<std::string> scaling = "density";  ///< of `stft`
    bool periodic = false;                           ///< of `stft`
    friend bool operator==(const Spec&, const Spec&) = default;
  };
  using Function = std::function<Array(const Shape&, DType)>;

  Initializer() = default;
  /// Errors: ValueError, which lists the names, when there is none of this name.
  Initializer(const std::string& name);
  Initializer(const char* name) : Initializer(std::string(name)) {}
  /// Errors: ValueError for numbers and names out of range.
  explicit Initializer(Spec spec);
  /// A function of one's own.
  Initializer(Function function);

  const Spec& spec() const { return spec_; }
  const std::string& name() const { return spec_.name; }
  /// The values, lazily. Errors: ShapeError for a shape that the initializer cannot fill, also from
  /// a custom function.
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
/// The same by the axes of `spec`, where it has them.
Fans compute_fans(const Shape& shape, const Initializer::Spec& spec);

namespace internal {
/// Between the names of Keras and those of the enumerations. Errors: ValueError for unknown ones.
void set_names(Initializer::Spec& spec, const std::string& mode, const std::string& distribution);
const char* mode_name(Initializer::Mode mode);
const char* distribution_name(Initializer::Distribution distribution);
/// Errors: ValueError for numbers and names out of range.
void check_spec(const Initializer::Spec& spec);
}  // namespace internal

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
struct VarianceScalingConfig {
  double scale = 1;                               ///< > 0
  std::string mode = "fan_in";                    ///< or "fan_out", "fan_avg"
  std::string distribution = "truncated_normal";  ///< or "untruncated_normal", "uniform"
  std::optional<int64_t> seed;
  std::optional<std::vector<int64_t>> input_axes, output_axes;  ///< both or none
};
struct OrthogonalConfig {
  double gain = 1;
  std::optional<int64_t> seed;
};
struct IdentityConfig {
  double gain = 1;
};
struct STFTConfig {
  std::string side = "real";                       ///< or "imag"
  std::optional<std::string> window = "hann";      ///< or "hamming", "boxcar", none
  std::optional<std::string> scaling = "density";  ///< or "spectrum", none
  bool periodic = false;                           ///< kept as Keras keeps it: see `STFT`
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

/// Of variance scale / fan. Errors: ValueError for numbers and names out of range.
class VarianceScaling : public Initializer {
 public:
  VarianceScaling(VarianceScalingConfig config = {});
};
/// Orthogonal columns, or rows where there are fewer, times gain; of more than two axes all but the
/// last count as one. Errors when drawn: ShapeError for less than two axes.
class Orthogonal : public Initializer {
 public:
  Orthogonal(OrthogonalConfig config = {});
};
/// gain on the diagonal. Errors when drawn: ShapeError unless there are two axes.
class Identity : public Initializer {
 public:
  Identity(IdentityConfig config = {});
};
/// The windowed cosines or sines of a short-time Fourier transform. As in Keras, `periodic` is what
/// SciPy calls `fftbins`: true gives the periodic window, false the symmetric one.
/// Shapes: (frame length, 1, frequencies). Errors: ValueError for unknown names; ShapeError.
class STFT : public Initializer {
 public:
  STFT(STFTConfig config = {});
};

}  // namespace initializers
}  // namespace danlu
