#include "cli/picture_grid.h"

#include <algorithm>
#include <array>

#include "cli/bitmap_font.h"

namespace danlu::cli {
namespace {

using Color = std::array<uint8_t, 3>;
constexpr Color kPaper = {250, 250, 247};
constexpr Color kRight = {46, 139, 87};
constexpr Color kWrong = {200, 50, 47};
constexpr Color kInk = {70, 70, 70};
constexpr int kFrame = 4;
constexpr int kGap = 10;
constexpr int kFontScale = 2;
constexpr int kLine = kFontScale * (kGlyphHeight + 2);

class Canvas {
 public:
  Canvas(int64_t height, int64_t width)
      : image_(HostTensor::empty({height, width, 3}, DType::uint8)), width_(width) {
    fill(0, 0, height, width, kPaper);
  }
  void fill(int64_t top, int64_t left, int64_t height, int64_t width, Color color) {
    const auto pixels = image_.values<uint8_t>();
    for (int64_t y = top; y < top + height; ++y) {
      for (int64_t x = left; x < left + width; ++x) {
        std::ranges::copy(color, pixels.begin() + (y * width_ + x) * 3);
      }
    }
  }
  /// Cuts the text where `width` ends.
  void write(int64_t top, int64_t left, int64_t width, const std::string& text, Color color) {
    const auto most = static_cast<size_t>(width / (kGlyphAdvance * kFontScale));
    for (char character : text.substr(0, most)) {
      const auto rows = glyph(character);
      for (int64_t y = 0; y < kGlyphHeight; ++y) {
        for (int64_t x = 0; x < kGlyphWidth; ++x) {
          if (((rows[static_cast<size_t>(y)] >> (kGlyphWidth - 1 - x)) & 1) == 0) continue;
          fill(top + y * kFontScale, left + x * kFontScale, kFontScale, kFontScale, color);
        }
      }
      left += kGlyphAdvance * kFontScale;
    }
  }
  const HostTensor& image() const { return image_; }

 private:
  HostTensor image_;
  int64_t width_;
};

}  // namespace

HostTensor draw_picture_grid(const PictureGrid& grid, const HostTensor& images,
                             std::span<const int32_t> labels, std::span<const int32_t> predicted,
                             const std::vector<std::string>& names) {
  const int64_t height = images.shape()[1], width = images.shape()[2];
  const int64_t framed_height = height * grid.scale + 2 * kFrame;
  const int64_t framed_width = width * grid.scale + 2 * kFrame;
  const int64_t cell_height = framed_height + 2 * kLine + kGap;
  const int64_t cell_width = framed_width + kGap;
  const int64_t count = std::min<int64_t>(grid.columns * grid.rows, images.shape()[0]);
  const int64_t rows = (count + grid.columns - 1) / grid.columns;

  Canvas canvas(rows * cell_height + kGap, grid.columns * cell_width + kGap);
  const auto pixels = images.values<uint8_t>();
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t top = kGap + i / grid.columns * cell_height;
    const int64_t left = kGap + i % grid.columns * cell_width;
    const bool right = labels[at] == predicted[at];
    canvas.fill(top, left, framed_height, framed_width, right ? kRight : kWrong);
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const uint8_t gray = pixels[static_cast<size_t>((i * height + y) * width + x)];
        canvas.fill(top + kFrame + y * grid.scale, left + kFrame + x * grid.scale, grid.scale,
                    grid.scale, {gray, gray, gray});
      }
    }
    const int64_t text = top + framed_height + kFontScale * 2;
    canvas.write(text, left, framed_width, names[static_cast<size_t>(predicted[at])],
                 right ? kRight : kWrong);
    if (!right) {
      canvas.write(text + kLine, left, framed_width, names[static_cast<size_t>(labels[at])], kInk);
    }
  }
  return canvas.image();
}

}  // namespace danlu::cli
