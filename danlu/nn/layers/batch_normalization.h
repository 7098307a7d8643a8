#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "danlu/io/config.h"
#include "danlu/nn/config_types.h"
#include "danlu/nn/constraints.h"
#include "danlu/nn/initializers.h"
#include "danlu/nn/layer.h"
#include "danlu/nn/regularizers.h"

namespace danlu {

/// How far batch renormalization may correct: rmin ≤ r ≤ rmax, |d| ≤ dmax; none: without a limit.
struct RenormClipping {
  std::optional<double> rmax, rmin, dmax;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("rmax", c.rmax), v("rmin", c.rmin), v("dmax", c.dmax);
  }
};
Json to_json(const RenormClipping& x);
void from_json(const Json& json, RenormClipping& x);

struct BatchNormalizationConfig {
  int64_t axis = -1;       ///< of the features, which are normalized each by itself
  double momentum = 0.99;  ///< how much of the moving statistics a step keeps
  double epsilon = 1e-3;
  bool center = true;  ///< whether beta is added
  bool scale = true;   ///< whether gamma multiplies
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer;
  Regularizer gamma_regularizer;
  Constraint beta_constraint;
  Constraint gamma_constraint;
  bool synchronized = false;  ///< true is refused: there is one device
  bool renorm = false;
  std::optional<RenormClipping> renorm_clipping;
  double renorm_momentum = 0.99;
  std::string name;
  std::string dtype;
  bool trainable = true;
  OptionalShape input_shape;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    v("axis", c.axis), v("momentum", c.momentum), v("epsilon", c.epsilon);
    v("center", c.center), v("scale", c.scale);
    v("beta_initializer", c.beta_initializer), v("gamma_initializer", c.gamma_initializer);
    v("moving_mean_initializer", c.moving_mean_initializer);
    v("moving_variance_initializer", c.moving_variance_initializer);
    v("beta_regularizer", c.beta_regularizer), v("gamma_regularizer", c.gamma_regularizer);
    v("beta_constraint", c.beta_constraint), v("gamma_constraint", c.gamma_constraint);
    v("synchronized", c.synchronized), v("renorm", c.renorm);
    v("renorm_clipping", c.renorm_clipping), v("renorm_momentum", c.renorm_momentum);
    layer_fields(c, v);
  }
};

/// Each feature with mean 0 and variance 1, times gamma, plus beta. While training, mean and
/// variance are those of the batch, and the moving statistics follow them: moving = moving ·
/// momentum + batch · (1 − momentum); otherwise the moving statistics are used, also while training
/// when the layer is not `trainable`. The variance is that of the population, also the moving one.
/// A mask leaves elements out of the batch's statistics; as in Keras it stands for all axes but the
/// last, whatever `axis` is, and the output is normalized at masked places too.
/// With `renorm` training uses the moving statistics as well: the batch's are corrected by
/// r = σ_batch / σ and d = (μ_batch − μ) / σ, which count as constants.
/// Shapes: any of rank ≥ 1 → the same; weights (length of `axis`,).
/// Errors: ValueError for `synchronized` or limits of renorm_clipping that contradict each other;
/// ShapeError when there is no such axis.
/// Sources: Ioffe and Szegedy (2015); Ioffe (2017).
class BatchNormalization : public Layer {
 public:
  BatchNormalization(BatchNormalizationConfig config = {});
};

}  // namespace danlu
