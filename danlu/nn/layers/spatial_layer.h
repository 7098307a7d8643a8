#pragma once

#include <string>
#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"

namespace danlu {

/// A layer over sequences (rank 1), images (2) or volumes (3) in either layout.
template <class Config>
class SpatialLayer : public ConfiguredLayer<Config> {
 public:
  /// Its class is `kind` + "2D".
  SpatialLayer(const char* kind, int rank, Config given)
      : ConfiguredLayer<Config>(kind + std::to_string(rank) + "D", std::move(given)), rank_(rank) {
    Config& c = this->mutable_config();
    c.data_format = checked_data_format(this->where(), c.data_format);
  }

 protected:
  int rank() const { return rank_; }
  bool channels_first() const { return this->config().data_format == "channels_first"; }
  int spatial_axis(int i) const { return i + (channels_first() ? 2 : 1); }
  void check_input(const Shape& input) const {
    check_rank(input, rank_ + 2, image_axes(rank_, this->config().data_format));
  }

 private:
  int rank_;
};

}  // namespace danlu
