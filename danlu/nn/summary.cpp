#include "danlu/nn/summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/costs.h"

namespace danlu {
namespace {

enum class Align : uint8_t { left, right, center };

/// Characters, not bytes.
int64_t text_width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

/// The first `count` characters.
std::string prefix(const std::string& text, int64_t count) {
  size_t end = 0;
  while (end < text.size()) {
    const bool begins = (text[end] & 0xc0) != 0x80;
    if (begins && count-- == 0) break;
    ++end;
  }
  return text.substr(0, end);
}

std::string repeat(const char* text, int64_t times) {
  std::string out;
  for (int64_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string cut(const std::string& text, int64_t width) {
  return text_width(text) <= width ? text : prefix(text, width - 1) + "…";
}

/// Lines of at most `width` characters as Keras's table library makes them: broken before words,
/// which keep the spaces around them; longer words are cut.
std::vector<std::string> wrap(const std::string& text, int64_t width) {
  std::vector<std::string> lines = {""};
  int64_t used = 0;
  size_t begin = 0;
  const auto find = [&](bool space, size_t from) {
    return std::min(space ? text.find(' ', from) : text.find_first_not_of(' ', from), text.size());
  };
  while (begin < text.size()) {
    const size_t end_of_word = find(true, find(false, begin));
    const size_t end = find(false, end_of_word);
    const std::string word = text.substr(begin, end - begin);
    if (text_width(text.substr(begin, end_of_word - begin)) <= width - used) {
      used += text_width(word);
    } else {
      if (begin > 0) lines.emplace_back();
      used = text_width(word);
    }
    lines.back() += word;
    begin = end;
  }
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    line = cut(line, width);
  }
  return lines;
}

struct Column {
  std::string header;
  Align align;
};

/// What a table shows, and where its columns end as shares of the line.
struct Layout {
  std::vector<Column> columns = {
      {"Layer (type)", Align::left}, {"Output Shape", Align::left}, {"Param #", Align::right}};
  std::vector<double> ends = {0.45, 0.80, 1.0};
  int line = 88;

  Layout(bool connections, const SummaryOptions& options) {
    if (connections) {
      columns.push_back({"Connected to", Align::left});
      ends = {0.3, 0.56, 0.74, 1.0};
      line = 108;
    }
    if (options.show_trainable) add({"Trainable", Align::center}, 0.90);
    if (options.show_costs) {
      add({"FLOPs", Align::right}, 0.90);
      add({"Weights", Align::right}, 0.88);
      add({"Outputs", Align::right}, 0.88);
    }
    const int columns = options.columns > 0 ? options.columns : 80;
    line =
        options.line_length > 0 ? options.line_length : std::max(40, std::min(line, columns - 4));
  }

 private:
  void add(Column column, double share_of_others) {
    for (double& end : ends) end *= share_of_others;
    ends.push_back(1.0);
    columns.push_back(std::move(column));
    line += 12;
  }
};

/// Widths of the columns, spaces at both sides included. The shares are those of Keras; what the
/// borders and spaces take is spread as its table library spreads it.
std::vector<int64_t> column_widths(const Layout& layout) {
  std::vector<int64_t> widths;
  int64_t used = 0, total = 0;
  for (const double end : layout.ends) {
    const int64_t width = static_cast<int64_t>(end * static_cast<double>(layout.line)) - used;
    used += width;
    widths.push_back(width + 2);
    total += width + 2;
  }
  const auto count = static_cast<int64_t>(widths.size());
  int64_t excess = total - (layout.line - count - 1);
  for (int64_t i = 0; i < count; ++i) {
    const auto cut = static_cast<int64_t>(
        std::nearbyint(static_cast<double>(excess) / static_cast<double>(count - i)));
    widths[static_cast<size_t>(i)] -= cut;
    excess -= cut;
  }
  return widths;
}

class Table {
 public:
  Table(std::vector<int64_t> widths, std::vector<Align> aligns)
      : widths_(std::move(widths)), aligns_(std::move(aligns)) {}

  void rule(const char* left, const char* line, const char* cross, const char* right) {
    text_ += left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      text_ += (i == 0 ? "" : cross) + repeat(line, widths_[i]);
    }
    text_ += right + std::string("\n");
  }

  void row(const std::vector<std::string>& cells, const char* border) {
    std::vector<std::vector<std::string>> lines;
    size_t height = 1;
    for (size_t i = 0; i < cells.size(); ++i) {
      lines.push_back(wrap(cells[i], widths_[i] - 2));
      height = std::max(height, lines.back().size());
    }
    for (size_t y = 0; y < height; ++y) {
      for (size_t i = 0; i < cells.size(); ++i) {
        text_ += border + std::string(" ");
        text_ += aligned(y < lines[i].size() ? lines[i][y] : "", widths_[i] - 2, aligns_[i]);
        text_ += " ";
      }
      text_ += border + std::string("\n");
    }
  }

  const std::string& text() const { return text_; }

 private:
  static std::string aligned(const std::string& text, int64_t width, Align align) {
    const int64_t space = width - text_width(text);
    const int64_t before = align == Align::left ? 0 : align == Align::right ? space : space / 2;
    return std::string(static_cast<size_t>(before), ' ') + text +
           std::string(static_cast<size_t>(space - before), ' ');
  }

  std::vector<int64_t> widths_;
  std::vector<Align> aligns_;
  std::string text_;
};

std::string trainable_mark(const Layer& layer) {
  if (layer->count_params() == 0) return "-";
  return layer->trainable() ? "Y" : "N";
}

/// "(None, 3)"; of several "[(None, 3), (None, 4)]".
std::string shapes_text(const std::vector<Shape>& shapes) {
  std::string text;
  for (const Shape& shape : shapes) {
    text += text.empty() ? "(" : ", (";
    for (int axis = 0; axis < shape.rank(); ++axis) {
      text += axis > 0 ? ", " : "";
      text += shape[axis] == kNone ? "None" : std::to_string(shape[axis]);
    }
    text += ")";
  }
  return shapes.size() == 1 ? text : "[" + text + "]";
}

/// Whether layers do more than follow one another: what "Connected to" is for.
bool has_connections(const Network& network) {
  std::set<std::string> parents;
  size_t layers_with_one = 0;
  for (size_t i = 0; i < network.operations().size(); ++i) {
    const std::vector<std::string> connected = network.connected_to(i);
    if (connected.size() > 1) return true;
    if (connected.empty()) continue;
    ++layers_with_one;
    if (!parents.insert(connected[0]).second) return true;
  }
  return layers_with_one > 0 && layers_with_one + 1 < network.operations().size();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? "-" : all;
}

class Rows {
 public:
  Rows(const SummaryOptions& options, bool connections)
      : options_(options), connections_(connections) {}

  void add(const Network& network, size_t first, size_t end, int level) {
    const std::vector<LayerCost> costs =
        options_.show_costs ? layer_costs(network) : std::vector<LayerCost>();
    for (size_t i = first; i < end; ++i) {
      const Layer& layer = network.operations()[i];
      std::string prefix;
      for (int j = 0; j < level; ++j) prefix += "   ";
      std::vector<std::string> cells = {
          (level > 0 ? prefix + "└ " : "") + layer.name() + " (" + layer->type() + ")",
          network.built() ? shapes_text(network.layer_output_shapes(i)) : "?",
          layer->built() || layer->type() == "InputLayer" ? with_thousands(layer->count_params())
                                                          : "0 (unbuilt)"};
      // Keras finds connections of a layer in a network inside nowhere.
      if (connections_) cells.push_back(level > 0 ? "-" : joined(network.connected_to(i)));
      if (options_.show_trainable) cells.push_back(trainable_mark(layer));
      if (options_.show_costs) {
        cells.push_back(costs[i].flops ? readable_flops(*costs[i].flops) : "?");
        cells.push_back(readable_bytes(costs[i].weight_bytes));
        cells.push_back(costs[i].output_bytes ? readable_bytes(*costs[i].output_bytes) : "?");
      }
      rows.push_back(std::move(cells));
      const auto* inside = dynamic_cast<const Network*>(layer.impl().get());
      if (options_.expand_nested && inside != nullptr) {
        add(*inside, 0, inside->operations().size(), level + 1);
      }
    }
  }

  std::vector<std::vector<std::string>> rows;

 private:
  const SummaryOptions& options_;
  bool connections_;
};

/// The layers [first, end) that `range` asks for.
std::pair<size_t, size_t> layers_in_range(
    const Network& network, const std::optional<std::pair<std::string, std::string>>& range) {
  const std::vector<Layer>& layers = network.operations();
  if (!range) return {0, layers.size()};
  size_t first = layers.size(), end = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto matches = [&](const std::string& pattern) {
      return std::regex_search(layers[i].name(), std::regex("^(?:" + pattern + ")"));
    };
    if (first == layers.size() && matches(range->first)) first = i;
    if (matches(range->second)) end = i + 1;
  }
  if (first < end) return {first, end};
  throw ValueError({.where = network.where(),
                    .what = "No layers lie in this `layer_range`",
                    .expected = "names, or regular expressions, of a layer and of a later one",
                    .received = "{\"" + range->first + "\", \"" + range->second + "\"}"});
}

struct Totals {
  int64_t params = 0, bytes = 0;
  void add(const std::vector<Variable>& variables) {
    for (const Variable& variable : variables) {
      params += variable.shape().num_elements();
      bytes += static_cast<int64_t>(variable.spec().bytes());
    }
  }
  std::string line(const char* label) const {
    return std::string(" ") + label + ": " + with_thousands(params) + " (" + readable_bytes(bytes) +
           ")\n";
  }
};

}  // namespace

std::string with_thousands(int64_t value) {
  std::string text = std::to_string(value);
  for (auto i = static_cast<int64_t>(text.size()) - 3; i > (value < 0 ? 1 : 0); i -= 3) {
    text.insert(static_cast<size_t>(i), 1, ',');
  }
  return text;
}

std::string readable_bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB", "PB"};
  auto size = static_cast<double>(bytes);
  int unit = 0;
  while (size >= 1024 && unit < 5) {
    size /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %s", size, kUnits[unit]);
  return text;
}

std::string readable_flops(double flops) {
  static constexpr const char* kUnits[] = {"", "K", "M", "G", "T", "P"};
  int unit = 0;
  while (flops >= 1000 && unit < 5) {
    flops /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.2f %s", flops, kUnits[unit]);
  return text;
}

std::string summary_text(const Network& network, const SummaryOptions& options) {
  const bool connections = has_connections(network);
  const Layout layout(connections, options);
  const auto widths = column_widths(layout);
  std::vector<std::string> header;
  std::vector<Align> aligns;
  for (size_t i = 0; i < widths.size(); ++i) {
    header.push_back(cut(layout.columns[i].header, widths[i] - 2));
    aligns.push_back(layout.columns[i].align);
  }
  Table table(widths, aligns);
  table.rule("┏", "━", "┳", "┓");
  table.row(header, "┃");
  table.rule("┡", "━", "╇", "┩");
  Rows body(options, connections);
  const auto [first, end] = layers_in_range(network, options.layer_range);
  body.add(network, first, end, 0);
  for (size_t i = 0; i < body.rows.size(); ++i) {
    if (i > 0) table.rule("├", "─", "┼", "┤");
    table.row(body.rows[i], "│");
  }
  table.rule("└", "─", "┴", "┘");

  Totals trainable, fixed, all;
  trainable.add(network.trainable_weights());
  fixed.add(network.non_trainable_weights());
  const Totals optimizer{options.optimizer_params, options.optimizer_bytes};
  all.params = trainable.params + fixed.params + optimizer.params;
  all.bytes = trainable.bytes + fixed.bytes + optimizer.bytes;
  std::string text = "Model: \"" + network.name() + "\"\n" + table.text();
  text += all.line("Total params");
  text += trainable.line("Trainable params");
  text += fixed.line("Non-trainable params");
  if (optimizer.params > 0) text += optimizer.line("Optimizer params");
  return text;
}

}  // namespace danlu
