#include "danlu/nn/layers/recurrent.h"

#include <utility>

#include "danlu/nn/layers/rnn_layer.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

/// A layer over the cell that its own config describes.
template <class Cell, class CellConfig, class Config>
std::shared_ptr<LayerImpl> over_cell(const char* type, const char* cell_name, Config config) {
  const std::string where = config.name.empty() ? type : type + (" '" + config.name + "'");
  check_at_least(where, "units", config.units, 1);
  auto cell_config = shared_fields<CellConfig>(config);
  cell_config.name = cell_name;
  return std::make_shared<RNNLayer<Config>>(type, std::move(config), Cell(std::move(cell_config)),
                                            3, "(batch, time, features)");
}

}  // namespace

SimpleRNN::SimpleRNN(SimpleRNNConfig config)
    : RNN(over_cell<SimpleRNNCell, SimpleRNNCellConfig>("SimpleRNN", "simple_rnn_cell",
                                                        std::move(config))) {}
LSTM::LSTM(LSTMConfig config)
    : RNN(over_cell<LSTMCell, LSTMCellConfig>("LSTM", "lstm_cell", std::move(config))) {}
GRU::GRU(GRUConfig config)
    : RNN(over_cell<GRUCell, GRUCellConfig>("GRU", "gru_cell", std::move(config))) {}

}  // namespace danlu
