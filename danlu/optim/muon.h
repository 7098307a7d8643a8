#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "danlu/optim/configured_optimizer.h"

namespace danlu {

struct MuonConfig {
  LearningRate learning_rate = 0.001;
  double adam_beta_1 = 0.9;
  double adam_beta_2 = 0.999;
  std::optional<double> adam_weight_decay = 0.004;
  double epsilon = 1e-7;
  std::optional<double> weight_decay = 0.004;
  std::optional<double> clipnorm;
  std::optional<double> clipvalue;
  std::optional<double> global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::string name;
  std::vector<std::string> exclude_layers;  ///< regular expressions: variables that Adam updates
  bool exclude_embeddings = true;           ///< and those with "embedding" in their name
  double muon_a = 3.4445;
  double muon_b = -4.775;
  double muon_c = 2.0315;
  double adam_lr_ratio = 1;
  double momentum = 0.95;
  int64_t ns_steps = 5;
  bool nesterov = true;
  std::optional<double> rms_rate = 0.2;

  template <class Self, class V>
  static void fields(Self& c, V&& v) {
    optimizer_fields(c, v);
    v("adam_beta_1", c.adam_beta_1), v("adam_beta_2", c.adam_beta_2), v("epsilon", c.epsilon);
    v("exclude_layers", c.exclude_layers), v("muon_a", c.muon_a), v("muon_b", c.muon_b);
    v("muon_c", c.muon_c), v("adam_lr_ratio", c.adam_lr_ratio), v("momentum", c.momentum);
    v("ns_steps", c.ns_steps), v("nesterov", c.nesterov);
    v("exclude_embeddings", c.exclude_embeddings), v("adam_weight_decay", c.adam_weight_decay);
    v("rms_rate", c.rms_rate);
  }
};

/// Momentum of matrices made orthogonal by `ns_steps` Newton-Schulz iterations x → a x + (b A + c
/// A²) x with A = x xᵀ; everything that is no matrix is updated as by Adam. Errors: ValueError for
/// a pattern that is no regular expression. Source: Jordan et al. (2024).
class Muon : public Optimizer {
 public:
  Muon(MuonConfig config = {});
};

}  // namespace danlu
