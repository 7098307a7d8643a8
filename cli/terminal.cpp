#include "cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace danlu::cli {
namespace {

/// Of the 256-colour palette, from blue over white to orange.
constexpr std::array kGradient = {25, 32, 74, 110, 152, 254, 223, 216, 209, 202, 166};
constexpr std::array kShades = {" ", "░", "▒", "▓", "█"};

template <class Steps>
auto step(const Steps& steps, double p) {
  const double last = static_cast<double>(steps.size()) - 1;
  return steps[static_cast<size_t>(std::lround(std::clamp(p, 0.0, 1.0) * last))];
}

}  // namespace

bool stdout_has_colors() {
  return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

std::string FieldPicture::draw(const std::function<double(int, int)>& value,
                               const std::vector<Mark>& marks) const {
  std::string text;
  for (int row = 0; row + 1 < rows; row += 2) {
    text += margin;
    for (int column = 0; column < columns; ++column) {
      const double upper = value(column, row), lower = value(column, row + 1);
      const auto mark = std::ranges::find_if(marks, [&](const Mark& m) {
        return column_of(m.x) == column && row_of(m.y) / 2 == row / 2;
      });
      if (colors) {
        const std::string background = "\x1b[48;5;" + std::to_string(step(kGradient, lower)) + "m";
        if (mark != marks.end()) {
          text += background + "\x1b[1;38;5;16m" + mark->symbol + "\x1b[0m";
        } else {
          text += background + "\x1b[38;5;" + std::to_string(step(kGradient, upper)) + "m▀\x1b[0m";
        }
      } else if (mark != marks.end()) {
        text += mark->symbol;
      } else {
        text += step(kShades, (upper + lower) / 2);
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace danlu::cli
