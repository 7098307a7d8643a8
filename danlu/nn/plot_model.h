#pragma once

#include <string>

#include "danlu/nn/network.h"

namespace danlu {

/// What a drawing of a model shows.
struct PlotOptions {
  bool show_shapes = false;
  bool show_dtype = false;
  bool show_layer_names = true;  ///< false: classes only
  std::string rankdir = "TB";    ///< "TB": from top to bottom; "LR": from left to right
  bool expand_nested = false;    ///< draws the layers of networks inside, in a frame
  bool show_layer_activations = false;
  bool show_trainable = false;
};

/// The network as a graph of its layers in Graphviz's DOT language.
/// Errors: ValueError for another rankdir.
std::string model_to_dot(const Network& network, const PlotOptions& options = {});

/// The same as a drawing, laid out here: layers on lines by their distance from the inputs, in the
/// order with the fewest crossings that the barycentre heuristic finds (Sugiyama, Tagawa and Toda
/// 1981).
std::string model_to_svg(const Network& network, const PlotOptions& options = {});

/// Writes one of them, by the name: "model.svg" or "model.dot".
/// Errors: ValueError for another ending; IoError.
void plot_model(const Network& network, const std::string& to_file,
                const PlotOptions& options = {});

}  // namespace danlu
