#include "danlu/nn/summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

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

/// Words put into lines of at most `width` characters; longer words are cut.
std::vector<std::string> wrap(const std::string& text, int64_t width) {
  std::vector<std::string> lines;
  std::string line;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty() && text_width(line) + 1 + text_width(word) <= width) {
      line += " " + word;
      continue;
    }
    if (!line.empty()) lines.push_back(std::exchange(line, ""));
    while (text_width(word) > width) {
      lines.push_back(prefix(word, width));
      word.erase(0, lines.back().size());
    }
    line = word;
  }
  lines.push_back(line);
  return lines;
}

/// Widths of the columns, spaces at both sides included. The shares are those of Keras; what the
/// borders and spaces take is spread as its table library spreads it.
std::vector<int64_t> column_widths(bool show_trainable, int columns) {
  std::vector<double> ends = {0.45, 0.80, 1.0};
  if (show_trainable) {
    for (double& end : ends) end *= 0.90;
    ends.push_back(1.0);
  }
  const int64_t line = std::max(40, std::min(show_trainable ? 99 : 88, columns - 4));
  std::vector<int64_t> widths;
  int64_t used = 0, total = 0;
  for (const double end : ends) {
    const int64_t width = static_cast<int64_t>(end * static_cast<double>(line)) - used;
    used += width;
    widths.push_back(width + 2);
    total += width + 2;
  }
  const auto count = static_cast<int64_t>(widths.size());
  int64_t excess = total - (line - count - 1);
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

std::string cut(const std::string& text, int64_t width) {
  return text_width(text) <= width ? text : prefix(text, width - 1) + "…";
}

std::string trainable_mark(const Layer& layer) {
  if (layer->count_params() == 0) return "-";
  return layer->trainable() ? "Y" : "N";
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
    text.insert(static_cast<size_t>(i), ",");
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

std::string summary_text(const Network& network, const SummaryOptions& options) {
  const auto widths = column_widths(options.show_trainable, options.columns);
  std::vector<std::string> header = {"Layer (type)", "Output Shape", "Param #"};
  if (options.show_trainable) header.push_back("Trainable");
  for (size_t i = 0; i < header.size(); ++i) header[i] = cut(header[i], widths[i] - 2);
  Table table(widths, {Align::left, Align::left, Align::right, Align::center});
  table.rule("┏", "━", "┳", "┓");
  table.row(header, "┃");
  table.rule("┡", "━", "╇", "┩");
  const auto& layers = network.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    std::vector<std::string> cells = {
        layer.name() + " (" + layer->type() + ")",
        network.built() ? network.layer_output_shapes(i)[0].to_string() : "?",
        layer->built() ? with_thousands(layer->count_params()) : "0 (unbuilt)"};
    if (options.show_trainable) cells.push_back(trainable_mark(layer));
    table.row(cells, "│");
    if (i + 1 < layers.size()) table.rule("├", "─", "┼", "┤");
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
