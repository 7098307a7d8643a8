#pragma once

#include <functional>
#include <string>
#include <vector>

namespace danlu::cli {

/// Whether stdout is a terminal that wants colours (NO_COLOR is honoured).
bool stdout_has_colors();

/// Draws p(x, y) in [0, 1] over a rectangle, two rows of values to a line of text: half blocks in
/// colours from blue (0) to orange (1), or shades where there are no colours.
struct FieldPicture {
  double left = 0, right = 1, bottom = 0, top = 1;
  int columns = 40;
  int rows = 20;  ///< of values: even
  bool colors = false;
  std::string margin;

  struct Mark {
    double x, y;
    char symbol;
  };
  /// Where column and row of values lie; row 0 is at the top.
  double x(int column) const { return left + (column + 0.5) * (right - left) / columns; }
  double y(int row) const { return top - (row + 0.5) * (top - bottom) / rows; }
  int column_of(double x) const { return static_cast<int>((x - left) / (right - left) * columns); }
  int row_of(double y) const { return static_cast<int>((top - y) / (top - bottom) * rows); }
  /// `value(column, row)`, with `marks` over it.
  std::string draw(const std::function<double(int column, int row)>& value,
                   const std::vector<Mark>& marks) const;
};

}  // namespace danlu::cli
