#include "danlu/base/text.h"

#include <array>
#include <cctype>
#include <charconv>

namespace danlu {

std::string number_text(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string to_snake_case(std::string_view text) {
  const auto upper = [&](size_t i) { return std::isupper(static_cast<unsigned char>(text[i])); };
  const auto lower = [&](size_t i) { return std::islower(static_cast<unsigned char>(text[i])); };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_word = i > 0 && upper(i) && i + 1 < text.size() && lower(i + 1);
    if (begins_word || (i > 0 && lower(i - 1) && upper(i))) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace danlu
