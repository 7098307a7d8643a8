#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace danlu::cli {

inline constexpr int kGlyphWidth = 5;
inline constexpr int kGlyphHeight = 7;
inline constexpr int kGlyphAdvance = 6;

/// Rows of a character, the leftmost pixel in bit 4. Letters are capitals; a character that the
/// font lacks is blank.
std::array<uint8_t, kGlyphHeight> glyph(char character);

}  // namespace danlu::cli
