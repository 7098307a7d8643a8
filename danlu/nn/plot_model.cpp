#include "danlu/nn/plot_model.h"

#include <algorithm>
#include <map>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/plot_graph.h"

namespace danlu {
namespace internal {
namespace {

std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : ", ") + shape.to_string();
  return text;
}

class Builder {
 public:
  explicit Builder(const PlotOptions& options) : options_(options) {}

  /// The nodes that a network's inputs lead to, and those that its outputs come from.
  struct Ports {
    std::vector<int> inputs, outputs;
  };

  Ports add(const Network& network, int frame) {
    std::map<const LayerImpl*, Ports> ports;
    for (size_t i = 0; i < network.operations().size(); ++i) {
      const Layer& layer = network.operations()[i];
      ports[layer.impl().get()] = add_layer(network, i, frame);
    }
    if (const auto* functional = dynamic_cast<const FunctionalNetwork*>(&network)) {
      return connect(*functional, ports);
    }
    for (size_t i = 1; i < network.operations().size(); ++i) {
      connect(ports.at(network.operations()[i - 1].impl().get()).outputs,
              ports.at(network.operations()[i].impl().get()).inputs);
    }
    if (network.operations().empty()) return {};
    return {ports.at(network.operations().front().impl().get()).inputs,
            ports.at(network.operations().back().impl().get()).outputs};
  }

  PlotGraph graph;

 private:
  Ports add_layer(const Network& network, size_t index, int frame) {
    const Layer& layer = network.operations()[index];
    const auto* inside = dynamic_cast<const Network*>(layer.impl().get());
    if (options_.expand_nested && inside != nullptr && !inside->operations().empty()) {
      graph.frames.push_back({layer.name(), frame});
      return add(*inside, static_cast<int>(graph.frames.size()) - 1);
    }
    PlotGraph::Node node{.lines = {}, .frame = frame};
    node.lines.push_back(options_.show_layer_names ? layer.name() + " (" + layer->type() + ")"
                                                   : layer->type());
    if (options_.show_layer_activations) {
      const Json config = layer->get_config();
      const Json* activation = config.find("activation");
      if (activation != nullptr && activation->is_string()) {
        node.lines.push_back("Activation: " + activation->as_string());
      }
    }
    if (options_.show_shapes && network.built()) {
      if (layer->type() != "InputLayer") {
        node.lines.push_back("Input shape: " + shapes_text(layer->build_shapes()));
      }
      node.lines.push_back("Output shape: " + shapes_text(network.layer_output_shapes(index)));
    }
    if (options_.show_dtype) {
      node.lines.push_back("Output dtype: " + std::string(name(layer->compute_dtype())));
    }
    if (options_.show_trainable && !layer.weights().empty()) {
      node.lines.emplace_back(layer->trainable() ? "Trainable" : "Non-trainable");
    }
    graph.nodes.push_back(std::move(node));
    const int number = static_cast<int>(graph.nodes.size()) - 1;
    return {{number}, {number}};
  }

  Ports connect(const FunctionalNetwork& network, const std::map<const LayerImpl*, Ports>& ports) {
    const auto of = [&](const LayerCall& call) -> const Ports& {
      return ports.at(call.layer.impl().get());
    };
    const auto at = [](const std::vector<int>& nodes, size_t i) {
      return nodes.at(std::min(i, nodes.size() - 1));
    };
    for (const auto& call : network.calls()) {
      const std::vector<KerasTensor> parents = call->parents();
      for (size_t i = 0; i < parents.size(); ++i) {
        connect({at(of(parents[i].call()).outputs, parents[i].index())}, {at(of(*call).inputs, i)});
      }
    }
    Ports own;
    for (const KerasTensor& x : network.inputs()) own.inputs.push_back(at(of(x.call()).inputs, 0));
    for (const KerasTensor& y : network.outputs()) {
      own.outputs.push_back(at(of(y.call()).outputs, y.index()));
    }
    return own;
  }

  void connect(const std::vector<int>& from, const std::vector<int>& to) {
    const std::pair<int, int> edge(from.at(0), to.at(0));
    if (std::find(graph.edges.begin(), graph.edges.end(), edge) == graph.edges.end()) {
      graph.edges.push_back(edge);
    }
  }

  const PlotOptions& options_;
};

void check(const PlotOptions& options) {
  if (options.rankdir == "TB" || options.rankdir == "LR") return;
  throw ValueError({.where = "plot_model",
                    .what = "The direction is unknown",
                    .expected = "rankdir \"TB\" or \"LR\"",
                    .received = "\"" + options.rankdir + "\""});
}

std::string quoted(const std::vector<std::string>& lines) {
  std::string text = "\"";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\\n";
    for (const char c : lines[i])
      text += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  }
  return text + "\"";
}

void write_frame(const PlotGraph& graph, int frame, const std::string& indent, std::string& text) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].frame != frame) continue;
    text += indent + "n" + std::to_string(i) + " [label=" + quoted(graph.nodes[i].lines) + "];\n";
  }
  for (size_t f = 0; f < graph.frames.size(); ++f) {
    if (graph.frames[f].outer != frame) continue;
    text += indent + "subgraph cluster_" + std::to_string(f) + " {\n";
    text += indent + "  label=" + quoted({graph.frames[f].name}) + ";\n";
    text += indent + "  labeljust=l;\n" + indent + "  style=dashed;\n";
    write_frame(graph, static_cast<int>(f), indent + "  ", text);
    text += indent + "}\n";
  }
}

}  // namespace

PlotGraph plot_graph(const Network& network, const PlotOptions& options) {
  check(options);
  Builder builder(options);
  builder.add(network, -1);
  return std::move(builder.graph);
}

}  // namespace internal

std::string model_to_dot(const Network& network, const PlotOptions& options) {
  const internal::PlotGraph graph = internal::plot_graph(network, options);
  std::string text = "digraph " + internal::quoted({network.name()}) + " {\n";
  text += "  rankdir=" + options.rankdir + ";\n";
  text += "  node [shape=box, fontname=\"Helvetica\"];\n";
  internal::write_frame(graph, -1, "  ", text);
  for (const auto& [from, to] : graph.edges) {
    text += "  n" + std::to_string(from) + " -> n" + std::to_string(to) + ";\n";
  }
  return text + "}\n";
}

std::string model_to_svg(const Network& network, const PlotOptions& options) {
  return internal::draw_svg(internal::plot_graph(network, options), options.rankdir == "LR");
}

void plot_model(const Network& network, const std::string& to_file, const PlotOptions& options) {
  const auto ends_with = [&](const char* ending) { return to_file.ends_with(ending); };
  if (!ends_with(".svg") && !ends_with(".dot")) {
    throw ValueError({.where = "plot_model",
                      .what = "The format of the drawing is unknown",
                      .expected = "a file name that ends in .svg or .dot",
                      .received = "\"" + to_file + "\""});
  }
  write_file(to_file,
             ends_with(".svg") ? model_to_svg(network, options) : model_to_dot(network, options));
}

}  // namespace danlu
